// A first import into empty tables, which no statistics describe yet: what a pet costs must not grow with their number.
import t from 'tap'
import { refreshStatistics } from '../../src/adapters/postgres/statistics.ts'
import { silentLogger } from '../../src/core/logger.ts'
import { petsProjection } from '../../src/projections/pets/fold.ts'
import { createGrowth } from '../../src/projections/runner/growth.ts'
import { checkpoint, pet, setUp, SHARED, TENANT_A } from './runner-rig.ts'
import { admission, append, testRunner, until } from './support.ts'

const PETS = 3_000
const PAGE = 100
// A page that is folded while its statistics are gathered still walks what came before it.
const MOST_ENTRIES_A_PET = 100

t.test(
  'the rows of an import are looked up by their key, not among all of their tenant',
  async (t) => {
    const { database, admin, store } = await setUp(t)
    for (let number = 0; number < PETS; number += 1) await append(store, pet(number), [admission()])
    testRunner(t, {
      ...{ projection: petsProjection, eventStore: store, database, pageSize: PAGE },
      refreshStatistics: refreshStatistics(admin),
    })
    await until('all are folded', async () => (await checkpoint(admin))?.position === PETS)
    const entriesRead = async (): Promise<number> => {
      const [row] = await admin.query<{ entries: number }>(
        `select sum(idx_tup_read)::int as entries from pg_stat_user_indexes where relname = 'pets_v2'`,
      )
      return row?.entries ?? 0
    }
    // A session tells its numbers when it is idle for a second, or ends.
    await until('the numbers are in', async () => {
      const [row] = await admin.query<{ rows: number }>(
        `select n_tup_ins::int as rows from pg_stat_user_tables where relname = 'pets_v2'`,
      )
      return row?.rows === PETS
    })
    const entries = await entriesRead()
    t.ok(entries < MOST_ENTRIES_A_PET * PETS, `${entries} index entries for ${PETS} pets`)
    const [sampled] = await admin.query<{ bounds: number }>(
      `select max(cardinality(histogram_bounds::text::text[])) as bounds from pg_stats
        where tablename = 'pets_v2'`,
    )
    t.ok((sampled?.bounds ?? Infinity) <= 11, 'from a small sample: writes go on meanwhile')
  },
)

t.test('what is shown together lies together, however the log mixes it', async (t) => {
  const { database, admin, store } = await setUp(t)
  for (let number = 0; number < 60; number += 1) {
    const species = number % 2 === 0 ? 'DOG' : 'CAT'
    const tenant = number % 3 === 0 ? TENANT_A : SHARED
    await append(store, pet(number, tenant), [admission({ species })])
  }
  testRunner(t, { projection: petsProjection, eventStore: store, database })
  await until('all are folded', async () => (await checkpoint(admin))?.position === 60)
  const rows = await admin.query<{ place: string; serial: number }>(
    `select tenant_id || ' ' || species as place, serial from read.pets_v2 order by ctid`,
  )
  const runs = rows.filter(({ place }, index) => place !== rows[index - 1]?.place)
  t.equal(rows.length, 60)
  t.equal(runs.length, 4, 'one run a tenant and species')
  for (const { place } of runs) {
    const serials = rows.filter((row) => row.place === place).map(({ serial }) => serial)
    t.strictSame(
      serials,
      [...serials].sort((one, other) => one - other),
      'the log gives the numbers',
    )
  }
})

t.test(
  'statistics that cannot be refreshed hold nothing up, and are asked for again',
  async (t) => {
    const warned: unknown[] = []
    const answers: ((error?: Error) => void)[] = []
    const refresh = () =>
      new Promise<void>((resolve, reject) => {
        answers.push((error) => (error === undefined ? resolve() : reject(error)))
      })
    const grow = createGrowth({
      projection: petsProjection,
      refreshStatistics: refresh,
      logger: { ...silentLogger, warn: (fields) => void warned.push(fields) },
    })
    const turn = () => new Promise((resolve) => setImmediate(resolve))
    grow(249)
    t.equal(answers.length, 0, 'too few')
    grow(1)
    grow(1_000)
    t.equal(answers.length, 1, 'one look at a time')
    answers[0]?.(new Error('locked'))
    await turn()
    t.strictSame(warned, [{ projection: 'pets:v2', reason: 'locked' }])
    grow(1)
    t.equal(answers.length, 2, 'what grew meanwhile counts')
    answers[1]?.()
  },
)
