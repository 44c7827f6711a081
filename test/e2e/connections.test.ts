// Which connection the running program does its work on: a backend is quick with the pages, plans and catalogue entries
// that it has seen before, so what comes again and again has connections of its own.
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import t from 'tap'
import { projections } from '../../src/projections/registry.ts'
import { petTables } from '../../src/projections/pets/source.ts'
import { petsProjection } from '../../src/projections/pets/fold.ts'
import { testDatabase } from '../support/database.ts'
import { checkedFetch } from '../support/processes/checked-fetch.ts'
import { dataFolder, startServer } from '../support/processes/program.ts'

t.setTimeout(180_000)

/** By application name; of each projection one. */
const MOST: Readonly<Record<string, number>> = {
  pawtrail: 12,
  'pawtrail searches': 8,
  'pawtrail scans': 4,
  'pawtrail admin': 2,
  'pawtrail event reader': 4,
  'pawtrail appender': 1,
  'pawtrail notifications': 2,
  'pawtrail jobs': 5,
}

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
  for (const each of ['/v1/pets?q=playful', '/v1/pets?facets=breed', '/pets']) {
    t.equal((await checkedFetch(server.url + each)).status, 200)
    t.ok((await at('pawtrail scans')).length > 0, `${each} looks at each match`)
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

  const asked = ['/v1/pets?limit=5', '/v1/pets?q=playful', '/v1/shelters', '/v1/inventory', '/pets']
  for (let round = 1; round <= 8; round += 1) {
    const urls = Array.from({ length: 40 }, (_, index) => {
      const place = asked[index % asked.length] ?? '/'
      return `${server.url}${place}${place.includes('?') ? '&' : '?'}page=${String(round * 40 + index)}`
    })
    await Promise.all(urls.map(async (each) => (await fetch(each)).arrayBuffer()))
    const counts = new Map<string, number>()
    for (const { name } of await backends()) counts.set(name, (counts.get(name) ?? 0) + 1)
    for (const [name, count] of counts) {
      t.ok(count <= (MOST[name] ?? 1), `${name}: ${String(count)}`)
    }
  }
  const most = Object.values(MOST).reduce((sum, each) => sum + each, projections.length)
  const told = await readFile(path.resolve(import.meta.dirname, '../../docs/operating.md'), 'utf8')
  t.ok(told.includes(`at most ${String(most)} connections`), `${String(most)} in all`)
})
