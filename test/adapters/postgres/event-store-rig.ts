// A PostgreSQL event store over a database of its own, closed before the database is dropped.
import type { Test } from 'tap'
import { APP_ROLE } from '../../../src/adapters/postgres/connection.ts'
import { createPostgresEventStore } from '../../../src/adapters/postgres/event-store/event-store.ts'
import type { EventStoreLimits } from '../../../src/adapters/postgres/event-store/limits.ts'
import type { EventStore } from '../../../src/core/event-store.ts'
import { silentLogger } from '../../../src/core/logger.ts'
import { noMetrics } from '../../../src/core/metrics.ts'
import type { SqlDatabase } from '../../../src/core/sql.ts'
import { testDatabase } from '../../support/database.ts'

export type StoreRig = Readonly<{
  store: EventStore
  url: string
  admin: SqlDatabase // as the owner
  database: SqlDatabase // as the program
  /** One more instance over the same log. */
  openAnother: (limits?: Partial<EventStoreLimits>) => Promise<EventStore>
}>

export const clock = (): number => performance.timeOrigin + performance.now()

export const openTestStore = async (
  t: Test,
  limits: Partial<EventStoreLimits> = {},
): Promise<StoreRig> => {
  const { url, admin, database } = await testDatabase(t)
  const openAnother = async (own: Partial<EventStoreLimits> = {}): Promise<EventStore> => {
    const store = await createPostgresEventStore({
      url,
      role: APP_ROLE,
      logger: silentLogger,
      metrics: noMetrics,
      clock,
      limits: { ...limits, ...own },
    })
    t.teardown(() => store.close())
    return store
  }
  return { store: await openAnother(), url, admin, database, openAnother }
}
