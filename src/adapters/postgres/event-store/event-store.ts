// The log in PostgreSQL: the appender writes on a connection of its own, queries read through a
// small pool, and one reader follows the end of the log for all subscriptions.
import type { Clock } from '../../../core/clock.ts'
import type { LogIdentity } from '../../../core/cursor.ts'
import type { EventStore } from '../../../core/event-store.ts'
import { Fault } from '../../../core/fault.ts'
import type { Logger } from '../../../core/logger.ts'
import type { Metrics } from '../../../core/metrics.ts'
import type { SqlDatabase } from '../../../core/sql.ts'
import { clientConfig } from '../connection.ts'
import { createDatabase } from '../database.ts'
import { createNotifications } from '../notifications.ts'
import { openAppender, type Appender } from './appender.ts'
import { DEFAULT_LIMITS, type EventStoreLimits } from './limits.ts'
import { startMaintenance } from './maintenance.ts'
import { createReader } from './reader.ts'
import { createTail, type Tail } from './tail.ts'

export type PostgresEventStoreOptions = Readonly<{
  url: string // straight to the server, not through a pooler
  role?: string
  logger: Logger
  metrics: Metrics
  clock: Clock
  limits?: Partial<EventStoreLimits>
}>

/** Throws Fault `event_store_unavailable` when the database cannot be reached. */
export const createPostgresEventStore = async (
  options: PostgresEventStoreOptions,
): Promise<EventStore & Readonly<{ identity: LogIdentity }>> => {
  const { logger, metrics, clock } = options
  const limits = { ...DEFAULT_LIMITS, ...options.limits }
  const target =
    options.role === undefined ? { url: options.url } : { url: options.url, role: options.role }
  const database = createDatabase({
    ...target,
    applicationName: 'pawtrail event reader',
    maxConnections: limits.readConnections,
    statementTimeoutMs: limits.readDeadlineMs,
    logger,
  })
  const reader = createReader(database, limits.scanWindow)
  const notifications = createNotifications({ ...target, logger })
  let isAppending = (): boolean => false // until the appender is there
  const tail = createTail({
    ...{ reader, notifications, limits, logger },
    isAppending: () => isAppending(),
  })
  const opened = await open(database, tail, {
    config: clientConfig({
      ...target,
      applicationName: 'pawtrail appender',
      statementTimeoutMs: limits.batchDeadlineMs,
    }),
    limits,
    clock,
    logger,
    metrics,
    onCommitted: tail.committed,
  })
  const { appender, maintenance, identity } = opened
  isAppending = appender.isSending
  return {
    identity,
    append: appender.append,
    findByKey: reader.findByKey,
    readStream: (stream, read = {}) => reader.readStream(stream, read),
    readAll: async (read) => {
      const { events, upTo } = await reader.readAll(read)
      return { events, upTo }
    },
    subscribe: tail.subscribe,
    head: reader.head,
    close: async () => {
      await appender.close()
      await maintenance.close()
      await tail.close()
      await notifications.close()
      await database.close()
    },
  }
}

type Opened = Readonly<{
  identity: LogIdentity
  appender: Appender
  maintenance: Readonly<{ close(): Promise<void> }>
}>

// What was opened before a failure is closed again.
const open = async (
  database: SqlDatabase & Readonly<{ close(): Promise<void> }>,
  tail: Tail,
  options: Parameters<typeof openAppender>[0],
): Promise<Opened> => {
  try {
    const identity = await readIdentity(database)
    const maintenance = await startMaintenance(database, options)
    try {
      return { identity, maintenance, appender: await openAppender(options) }
    } catch (error) {
      await maintenance.close()
      throw error
    }
  } catch (error) {
    await tail.close()
    await database.close()
    if (!(error instanceof Fault) || error.code !== 'database_unavailable') throw error
    throw new Fault('event_store_unavailable', error.message, { cause: error })
  }
}

const readIdentity = async (database: SqlDatabase): Promise<LogIdentity> => {
  // One row, as its primary key demands.
  const [row] = await database.query<{ epoch: number; cursor_key: Buffer }>(
    'select epoch, cursor_key from pawtrail.log_identity',
  )
  if (row === undefined) throw new Error('pawtrail.log_identity has no row')
  return { epoch: row.epoch, cursorKey: new Uint8Array(row.cursor_key) }
}
