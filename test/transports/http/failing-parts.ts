// What real parts cannot be made to do when a test wants it: answer late, be full, be down, break.
// Each wraps the real one and does as that does until it is told otherwise.
import pg from 'pg'
import type { AppendOutcome, EventStore } from '../../../src/core/event-store.ts'
import type { SqlDatabase } from '../../../src/core/sql.ts'
import { petsProjection } from '../../../src/projections/pets/fold.ts'
import { petTables } from '../../../src/projections/pets/source.ts'

export type DisturbedStore = Readonly<{
  eventStore: EventStore
  /** What every append answers instead of being made. */
  answer: { next: AppendOutcome | Error | undefined }
  /** Awaited before every append. */
  pause: { until: Promise<void> | undefined }
  appends: { underWay: number }
}>

export const disturbedStore = (real: EventStore): DisturbedStore => {
  const answer: DisturbedStore['answer'] = { next: undefined }
  const pause: DisturbedStore['pause'] = { until: undefined }
  const appends = { underWay: 0 }
  const append: EventStore['append'] = async (request) => {
    appends.underWay += 1
    try {
      await pause.until
      if (answer.next instanceof Error) throw answer.next
      return answer.next ?? (await real.append(request))
    } finally {
      appends.underWay -= 1
    }
  }
  return { eventStore: { ...real, append }, answer, pause, appends }
}

export type DisturbedDatabase = Readonly<{
  database: SqlDatabase
  /** Pages of pets that were looked for. */
  searches: { count: number }
  /** Thrown by the next search. */
  failure: { next: Error | undefined }
  /** Awaited by every search, after the database has answered it. */
  pause: { until: Promise<void> | undefined }
}>

export const disturbedDatabase = (real: SqlDatabase): DisturbedDatabase => {
  const searches = { count: 0 }
  const failure: DisturbedDatabase['failure'] = { next: undefined }
  const pause: DisturbedDatabase['pause'] = { until: undefined }
  const query: SqlDatabase['query'] = async (statement, values) => {
    const text = typeof statement === 'string' ? statement : statement.text
    if (!/\bbody\b[^]*\blimit\b/.test(text)) return real.query(statement, values)
    searches.count += 1
    const { next } = failure
    failure.next = undefined
    if (next !== undefined) throw next
    const rows = await real.query<never>(statement, values)
    await pause.until
    return rows
  }
  return { database: { ...real, query }, searches, failure, pause }
}

/** Keeps the read model of pets from following, as a long migration would; answers what lets it go on. */
export const holdReadModel = async (databaseUrl: string): Promise<() => Promise<void>> => {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  await client.query('begin')
  await client.query(`lock table ${petTables(petsProjection).pets} in share mode`)
  return () => client.end()
}
