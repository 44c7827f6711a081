// When a call is tried again, and when an endpoint is left alone for a while. Pure: time and randomness are arguments.
import type { OutboundOutcome } from '../../core/outbound.ts'
import type { Health } from '../../core/webhooks.ts'

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** After the first attempt, the second and so on: twelve attempts in about 76 hours. */
export const RETRY_GAPS_MS: readonly number[] = [
  ...[5 * SECOND_MS, 30 * SECOND_MS, 2 * MINUTE_MS, 10 * MINUTE_MS, 30 * MINUTE_MS],
  ...[2 * HOUR_MS, 5 * HOUR_MS, 10 * HOUR_MS, 14 * HOUR_MS, 20 * HOUR_MS, 24 * HOUR_MS],
]
const SPREAD = 0.2
const MAX_RETRY_AFTER_MS = DAY_MS

/** An endpoint without any success for so long is disabled. */
export const GIVE_UP_AFTER_MS = 5 * DAY_MS

const BREAKER = {
  windowMs: 5 * MINUTE_MS,
  minAttempts: 10,
  failingShare: 0.7,
  firstOpenMs: 30 * SECOND_MS,
  maxOpenMs: 15 * MINUTE_MS,
} as const

export type Verdict =
  | Readonly<{ kind: 'delivered'; disable: boolean }>
  | Readonly<{ kind: 'failed'; detail: string; retryAfterMs: number | null }>
  | Readonly<{ kind: 'dead'; detail: string }> // the receiver wants this event no more
  | Readonly<{ kind: 'gone'; detail: string }> // the receiver wants nothing any more
  | Readonly<{ kind: 'stopped' }> // by us: it says nothing of the receiver

/** Only the twos are good; a redirect is as bad as anything else. */
export const judge = (outcome: OutboundOutcome, nowMs: number): Verdict => {
  if (outcome.kind === 'refused') {
    return { kind: 'failed', detail: 'the address is not allowed', retryAfterMs: null }
  }
  if (outcome.kind === 'failed') {
    if (outcome.reason === 'stopped') return { kind: 'stopped' }
    return { kind: 'failed', detail: FAILURES[outcome.reason], retryAfterMs: null }
  }
  const { status, headers } = outcome
  const wish = headers['webhook-delivery']?.trim().toLowerCase()
  if (status >= 200 && status < 300) return { kind: 'delivered', disable: wish === 'disable' }
  const detail = `the receiver answered ${status}`
  if (status === 410 || wish === 'disable') return { kind: 'gone', detail }
  if (wish === 'abort-message') return { kind: 'dead', detail: `${detail} and abort-message` }
  const waits = status === 429 || status === 503
  return {
    kind: 'failed',
    detail,
    retryAfterMs: waits ? retryAfterOf(headers['retry-after'], nowMs) : null,
  }
}

const FAILURES = {
  unresolved: 'the name has no address',
  unreachable: 'no connection',
  tls: 'the certificate is not valid',
  deadline: 'no answer in time',
  broken: 'the connection broke off',
} as const

/** Seconds, or a date. At most a day. */
const retryAfterOf = (field: string | undefined, nowMs: number): number | null => {
  if (field === undefined) return null
  const ms = /^\d{1,9}$/.test(field.trim()) ? Number(field) * SECOND_MS : Date.parse(field) - nowMs
  return Number.isNaN(ms) ? null : Math.min(Math.max(ms, 0), MAX_RETRY_AFTER_MS)
}

/** When to try again after so many attempts; undefined: never. */
export const nextTryAt = (
  attempts: number,
  retryAfterMs: number | null,
  { nowMs, random }: Readonly<{ nowMs: number; random: () => number }>,
): number | undefined => {
  const gapMs = RETRY_GAPS_MS[attempts - 1]
  if (gapMs === undefined) return undefined
  const spreadMs = gapMs * (1 - SPREAD + 2 * SPREAD * random())
  return nowMs + Math.round(Math.max(spreadMs, retryAfterMs ?? 0))
}

export const afterSuccess = (health: Health, nowMs: number): Health => {
  const { windowStartedAtMs, attempts, failures } = inWindow(health, nowMs)
  // It was held back and answers again: what went wrong before says nothing any more.
  const wasOpen = health.openUntilMs !== null
  return {
    windowStartedAtMs,
    attempts: wasOpen ? 0 : attempts + 1,
    failures: wasOpen ? 0 : failures,
    openUntilMs: null,
    openForMs: 0,
    failingSinceMs: null,
    lastSuccessAtMs: nowMs,
  }
}

/** A receiver that asks for time gets it for all of its events. */
export const afterFailure = (
  health: Health,
  retryAfterMs: number | null,
  nowMs: number,
): Health => {
  const before = inWindow(health, nowMs)
  const counted = {
    ...before,
    attempts: before.attempts + 1,
    failures: before.failures + 1,
    failingSinceMs: health.failingSinceMs ?? nowMs,
  }
  const share = counted.failures / counted.attempts
  const isBad = counted.attempts >= BREAKER.minAttempts && share >= BREAKER.failingShare
  const wasProbe = health.openForMs > 0 && (health.openUntilMs ?? Infinity) <= nowMs
  const isHeld = health.openUntilMs !== null && health.openUntilMs > nowMs
  const opens = wasProbe || (isBad && !isHeld)
  const openForMs = opens
    ? Math.min(
        health.openForMs === 0 ? BREAKER.firstOpenMs : health.openForMs * 2,
        BREAKER.maxOpenMs,
      )
    : health.openForMs
  const until = [
    ...(isHeld && health.openUntilMs !== null ? [health.openUntilMs] : []),
    ...(opens ? [nowMs + openForMs] : []),
    ...(retryAfterMs === null ? [] : [nowMs + retryAfterMs]),
  ]
  return { ...counted, openForMs, openUntilMs: until.length === 0 ? null : Math.max(...until) }
}

const inWindow = (health: Health, nowMs: number): Health =>
  nowMs - health.windowStartedAtMs < BREAKER.windowMs
    ? health
    : { ...health, windowStartedAtMs: nowMs, attempts: 0, failures: 0 }

export const isHeldBack = ({ openUntilMs }: Health, nowMs: number): boolean =>
  openUntilMs !== null && openUntilMs > nowMs

export const isGivenUp = ({ failingSinceMs }: Health, nowMs: number): boolean =>
  failingSinceMs !== null && nowMs - failingSinceMs >= GIVE_UP_AFTER_MS
