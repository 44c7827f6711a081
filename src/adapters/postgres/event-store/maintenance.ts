// What the log needs from time to time: a spare partition ahead, and idempotency keys that have
// grown old forgotten.
import type { Logger } from '../../../core/logger.ts'
import type { SqlDatabase } from '../../../core/sql.ts'
import type { EventStoreLimits } from './limits.ts'

export type Maintenance = Readonly<{ close(): Promise<void> }>

/** Runs once before it resolves, then periodically. */
export const startMaintenance = async (
  database: SqlDatabase,
  { limits, logger }: Readonly<{ limits: EventStoreLimits; logger: Logger }>,
): Promise<Maintenance> => {
  await maintain(database, limits)
  let running: Promise<void> = Promise.resolve()
  const timer = setInterval(() => {
    running = running
      .then(() => maintain(database, limits))
      .catch((error: unknown) => {
        logger.warn({ error: String(error) }, 'upkeep of the log failed; it is tried again')
      })
  }, limits.maintenanceIntervalMs)
  timer.unref()
  return {
    close: () => {
      clearInterval(timer)
      return running
    },
  }
}

const maintain = async (database: SqlDatabase, limits: EventStoreLimits): Promise<void> => {
  // Looks at the last partition's bounds and the head only; creates one beside the table, so that
  // nobody waits for it.
  await database.query('select pawtrail.ensure_partitions()')
  for (let batch = 0; batch < limits.forgetBatches; batch += 1) {
    // Bounded by command_log_by_age; each batch is a transaction of its own.
    const [row] = await database.query<{ forgotten: number }>(
      'select pawtrail.forget_commands(make_interval(hours => $1), $2) as forgotten',
      [limits.keyLifetimeHours, limits.forgetBatchKeys],
    )
    if ((row?.forgotten ?? 0) < limits.forgetBatchKeys) return
  }
}
