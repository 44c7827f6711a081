// What the runner of a policy needs, how patient it is, and what it knows while it has the lease.
import type { CheckpointLease, Checkpoints, Parked } from '../core/checkpoints.ts'
import type { Clock } from '../core/clock.ts'
import type { EventStore } from '../core/event-store.ts'
import type { Position } from '../core/event.ts'
import type { Logger } from '../core/logger.ts'
import type { Metrics } from '../core/metrics.ts'
import type { Policy, PolicyCommands } from './policy.ts'
import type { Wait } from './wait.ts'

export type PolicyTiming = Readonly<{
  leaseMs: number // a silent owner is replaced after this
  standbyPollMs: number
  signOfLifeMs: number // between two signs of life, also during a long reaction
  skipWriteMs: number // least time between two writes that only move over events of no interest
  reactionMs: number // a reaction that takes longer counts as a try that went wrong
  maxTries: number // then the event's stream is parked
  firstRetryMs: number
  longestRetryMs: number
  parkedRetryMs: number // between two rounds of tries of parked streams
  parkedAtOnce: number // streams tried in one round, those with the fewest attempts first
}>

export const DEFAULT_POLICY_TIMING: PolicyTiming = {
  leaseMs: 10_000,
  standbyPollMs: 1_000,
  signOfLifeMs: 2_500,
  skipWriteMs: 1_000,
  reactionMs: 60_000,
  maxTries: 8,
  firstRetryMs: 100,
  longestRetryMs: 5_000,
  parkedRetryMs: 30_000,
  parkedAtOnce: 20,
}

export type PolicyRunnerOptions = Readonly<{
  policy: Policy
  application: PolicyCommands
  eventStore: EventStore
  checkpoints: Checkpoints
  /** Names this process among those that run policies; unique, at least for as long as a lease. */
  owner: string
  clock: Clock
  logger: Logger
  metrics: Metrics
  timing?: Partial<PolicyTiming>
  pageSize?: number
  wait?: Wait
}>

export type TenureOptions = PolicyRunnerOptions &
  Readonly<{ timing: PolicyTiming; wait: Wait; onProgress?: () => void }>

/** `written` is what the checkpoint says; all up to `seen` is dealt with. Parked streams by their key. */
export type Tenure = Readonly<{
  options: TenureOptions
  lease: CheckpointLease
  parked: Map<string, Parked>
  signal: AbortSignal
}> & {
  written: Position
  seen: Position
  writtenAtMs: number
  signOfLifeAtMs: number
  parkedTriedAtMs: number
  wake: (() => void) | undefined // while the next page is waited for
}
