// Statistics of tables that have outgrown them, on real PostgreSQL.
import t from 'tap'
import { refreshStatistics } from '../../../src/adapters/postgres/statistics.ts'
import { testDatabase } from '../../support/database.ts'

t.test(
  'a table that has outgrown what is known of it is looked at again, and no other',
  async (t) => {
    const { admin } = await testDatabase(t, { migrated: false })
    const tables = ['public.few', 'public."Many ; rows"', 'public.missing']
    await admin.query('create table few (n int)')
    await admin.query('create table "Many ; rows" (n int, filler text)')
    await admin.query('insert into few select generate_series(1, 100)')
    const add = (from: number, to: number) =>
      admin.query(
        `insert into "Many ; rows" select n, repeat('x', 500) from generate_series($1::int, $2::int) n`,
        [from, to],
      )
    const known = async () =>
      Object.fromEntries(
        (
          await admin.query<{ name: string; rows: number }>(
            `select relname as name, reltuples::int as rows from pg_class where relname in ('few', 'Many ; rows')`,
          )
        ).map(({ name, rows }) => [name, rows]),
      )
    const refresh = refreshStatistics(admin)
    await add(1, 1_000)
    await refresh(tables)
    t.strictSame(await known(), { few: -1, 'Many ; rows': 1_000 }, 'few are as the planner guesses')
    await add(1_001, 1_500)
    await refresh(tables)
    t.equal((await known())['Many ; rows'], 1_000, 'half as many again is no reason')
    await add(1_501, 5_000)
    await refresh(tables)
    t.equal((await known())['Many ; rows'], 5_000, 'five times as many are')
  },
)
