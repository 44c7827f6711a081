// Which connection the running program does its work on: a backend is quick with the pages, plans and catalogue entries
// that it has seen before, so what comes again and again has connections of its own.
import t from 'tap'
import { projections } from '../../src/projections/registry.ts'
import { petTables } from '../../src/projections/pets/source.ts'
import { petsProjection } from '../../src/projections/pets/fold.ts'
import { testDatabase } from '../support/database.ts'
import { checkedFetch } from '../support/processes/checked-fetch.ts'
import { dataFolder, startServer } from '../support/processes/program.ts'

t.setTimeout(180_000)

type Backend = Readonly<{ name: string; query: string }>

t.test('searches, and each projection, have connections of their own', async (t) => {
  const { url, admin } = await testDatabase(t)
  const settings = { DATABASE_URL: url, DATA_DIR: await dataFolder(t), SEED_DEMO: 'true' }
  const server = await startServer(t, settings)
  const backends = async (): Promise<readonly Backend[]> =>
    admin.query<Backend>(
      `select application_name as name, query from pg_stat_activity
        where datname = current_database() and application_name like 'pawtrail%'`,
    )
  const at = async (name: string) => (await backends()).filter((backend) => backend.name === name)

  for (let page = 1; page <= 3; page += 1) {
    const answer = await checkedFetch(`${server.url}/v1/pets?limit=5&page=${String(page)}`)
    const { data } = (await answer.json()) as { data: readonly unknown[] }
    t.equal(data.length, 5)
    const searches = await at('pawtrail searches')
    t.equal(searches.length, 1, 'one at a time, they take the same connection')
    t.ok(searches[0]?.query.includes(petTables(petsProjection).pets))
  }
  t.equal((await at('pawtrail scans')).length, 0, 'they look at no more than their page')
  for (const path of ['/v1/pets?q=playful', '/v1/pets?facets=breed', '/pets']) {
    t.equal((await checkedFetch(server.url + path)).status, 200)
    t.ok((await at('pawtrail scans')).length > 0, `${path} looks at each match`)
  }
  for (const { name } of projections) {
    t.equal((await at(`pawtrail projection ${name}`)).length, 1, name)
  }
  const elsewhere = (await backends()).filter(({ name }) => !/searches|scans|projection/.test(name))
  t.same(
    elsewhere.filter(({ query }) => /\bpets_v\d/.test(query)),
    [],
    'and nobody else reads or writes the pets',
  )
})
