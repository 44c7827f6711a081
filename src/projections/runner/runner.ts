// Runs one projection: takes the lease, pulls pages from the log, folds each and commits it with its checkpoint. Whatever
// goes wrong ends the present tenure, never the process: it waits, takes the lease again and goes on from the checkpoint.
import type { Clock } from '../../core/clock.ts'
import type { EventStore } from '../../core/event-store.ts'
import { Fault } from '../../core/fault.ts'
import type { Logger } from '../../core/logger.ts'
import type { Metrics } from '../../core/metrics.ts'
import type { SqlDatabase } from '../../core/sql.ts'
import { type Projection, subscriptionOf } from '../projection.ts'
import { type ReadModelMove, takeLease } from './checkpoint.ts'
import type { Decode } from './isolate.ts'
import { holdTenure } from './tenure.ts'
import { createBackoff, pause } from './wait.ts'

export type RunnerTiming = Readonly<{
  leaseMs: number // a silent owner is replaced after this
  standbyPollMs: number
  housekeepingMs: number // between two signs of life of an idle owner; also looks for requested retries
  skipWriteMs: number // least time between two writes that only move over events of no interest
  firstRetryMs: number
  longestRetryMs: number
}>

export const DEFAULT_RUNNER_TIMING: RunnerTiming = {
  leaseMs: 5_000,
  standbyPollMs: 1_000,
  housekeepingMs: 1_500,
  skipWriteMs: 250,
  firstRetryMs: 50,
  longestRetryMs: 5_000,
}

export type RunnerOptions = Readonly<{
  projection: Projection
  eventStore: EventStore
  database: SqlDatabase
  decode: Decode
  /** Told after each commit, before the next page is begun. */
  onMove: (move: ReadModelMove) => void
  /** Names this process among those that run projections; unique, at least for as long as a lease. */
  owner: string
  clock: Clock
  logger: Logger
  metrics: Metrics
  timing?: Partial<RunnerTiming>
  pageSize?: number
}>

export type Runner = Readonly<{
  /** Finishes the page in hand, gives the lease back, and resolves. */
  stop(): Promise<void>
}>

export const startRunner = (options: RunnerOptions): Runner => {
  const stopping = new AbortController()
  const done = run(options, { ...DEFAULT_RUNNER_TIMING, ...options.timing }, stopping.signal)
  return {
    stop: () => {
      stopping.abort()
      return done
    },
  }
}

const run = async (
  options: RunnerOptions,
  timing: RunnerTiming,
  signal: AbortSignal,
): Promise<void> => {
  const { database, owner, logger, clock } = options
  const subscription = subscriptionOf(options.projection)
  const backoff = createBackoff({
    firstMs: timing.firstRetryMs,
    longestMs: timing.longestRetryMs,
    seed: `${owner} ${subscription}`,
    clock,
  })
  while (!signal.aborted) {
    try {
      const lease = await takeLease(database, { subscription, owner, leaseMs: timing.leaseMs })
      if (lease === undefined) await pause(timing.standbyPollMs, signal)
      else await holdTenure({ ...options, timing, onProgress: backoff.reset }, lease, signal)
    } catch (error) {
      if (signal.aborted) return
      const delayMs = backoff.next()
      report(logger, error, { projection: subscription, delayMs })
      await pause(delayMs, signal)
    }
  }
}

const report = (
  logger: Logger,
  error: unknown,
  fields: Readonly<{ projection: string; delayMs: number }>,
): void => {
  const reason = error instanceof Error ? error.message : String(error)
  if (error instanceof Fault && error.code === 'fenced') {
    logger.info(fields, 'projection goes on after a change of owner or a rebuild')
  } else {
    logger.warn({ ...fields, reason }, 'projection stopped and will be tried again')
  }
}
