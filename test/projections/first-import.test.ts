// A first import into empty tables, which no statistics describe yet: what a pet costs must not grow with their number.
import t from 'tap'
import { refreshStatistics } from '../../src/adapters/postgres/statistics.ts'
import { petsProjection } from '../../src/projections/pets/fold.ts'
import { checkpoint, pet, setUp } from './runner-rig.ts'
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
  },
)
