// Every limit of webhook delivery by name.
import { MAX_IN_FLIGHT } from '../../core/webhooks.ts'

export type WebhookLimits = Readonly<{
  deadlineMs: number // of one call, with all of its answer
  answerBytes: number // what is read of an answer
  inFlight: number // calls to one endpoint at once, in parallel mode, when it asks for more
  /** Sent before what was acknowledged is stored, or ten a call at once: so many may be sent again after a crash. */
  windowEvents: number
  logAttemptsEveryMs: number // while all goes well; a crash loses so much of the log of attempts
  pageEvents: number // of one read of the log
  turnEvents: number // sent before it is looked for what else is due
  blockedStreams: number // with more of them an endpoint gets nothing new
  workMs: number // then another endpoint has its turn
  leaseMs: number // so long an endpoint waits after the end of a process that worked it
  renewMs: number
  busyRetryMs: number
  sweepMs: number // how often is looked for what is overdue
  overdueAfterMs: number
  sweepEndpoints: number
  cachedTenants: number
  replayScanEvents: number // counted for a dry run
}>

export const WEBHOOK_LIMITS: WebhookLimits = {
  deadlineMs: 15_000,
  answerBytes: 4_096,
  inFlight: MAX_IN_FLIGHT,
  windowEvents: 32,
  logAttemptsEveryMs: 1_000,
  pageEvents: 400,
  turnEvents: 10_000,
  blockedStreams: 100,
  workMs: 20_000,
  leaseMs: 12_000,
  renewMs: 3_000,
  busyRetryMs: 2_000,
  sweepMs: 30_000,
  overdueAfterMs: 10_000,
  sweepEndpoints: 1_000,
  cachedTenants: 10_000,
  replayScanEvents: 100_000,
}
