// What a runner needs, and how patient it is.
import type { Clock } from '../../core/clock.ts'
import type { EventStore } from '../../core/event-store.ts'
import type { Logger } from '../../core/logger.ts'
import type { Metrics } from '../../core/metrics.ts'
import type { SqlDatabase } from '../../core/sql.ts'
import type { RefreshStatistics } from '../../core/table-statistics.ts'
import type { Projection } from '../projection.ts'
import type { ReadModelMove } from './checkpoint.ts'
import type { Decode } from './isolate.ts'

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
  /** Asked for every few hundred events, see growth.ts. */
  refreshStatistics: RefreshStatistics
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
