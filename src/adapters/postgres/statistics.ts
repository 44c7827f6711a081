// Statistics of tables that grow fast. A statement that was planned while its table was empty keeps its plan, and of an
// empty table every index looks alike: a look-up of one row may walk all rows of its tenant. PostgreSQL looks again by
// itself, but not sooner than in a minute, and a first import can be over by then.
import type { SqlDatabase } from '../../core/sql.ts'
import type { RefreshStatistics } from '../../core/table-statistics.ts'

const GROWTH = 4
const LEAST_PAGES = 10 // what the planner takes a table for that it knows nothing of
// How large a table has become is what matters here; how its values are spread is learned again by PostgreSQL itself,
// from ten times the rows.
const SAMPLE = 10 // times 300 rows, see default_statistics_target
const LOCK_TIMEOUT_MS = 1_000 // somebody who rebuilds it has a lock, and gathers statistics as well
const TIMEOUT_MS = 10_000 // a program that stops waits for it, too

/** `admin`: the owner of the tables. */
export const refreshStatistics =
  (admin: SqlDatabase): RefreshStatistics =>
  async (tables) => {
    for (const { name } of await admin.query<{ name: string }>(OUTGROWN, [tables])) {
      await admin.transaction(async (tx) => {
        await tx.query(`set local default_statistics_target = ${SAMPLE}`)
        await tx.query(`set local lock_timeout = ${LOCK_TIMEOUT_MS}`)
        await tx.query(`set local statement_timeout = ${TIMEOUT_MS}`)
        await tx.query(`analyze ${name}`) // whoever has planned with the table plans anew
      })
    }
  }

// The catalogue's own spelling of each name, quoted where it must be. relpages is as of the last analyze or vacuum.
const OUTGROWN = {
  name: 'outgrown_tables',
  text: `select c.oid::regclass::text as name
    from unnest($1::text[]) as t(name) join pg_class c on c.oid = to_regclass(t.name)
    where pg_relation_size(c.oid) / current_setting('block_size')::int
      > ${GROWTH} * greatest(c.relpages, ${LEAST_PAGES})`,
} as const
