// One lease of an endpoint: what is known of it, and what has to be stored before the next step.
import type { Clock } from '../../core/clock.ts'
import type { Position, StoredEvent } from '../../core/event.ts'
import type { EventStore } from '../../core/event-store.ts'
import type { Logger } from '../../core/logger.ts'
import type { Metrics } from '../../core/metrics.ts'
import type { OutboundLines } from '../../core/outbound.ts'
import {
  type Attempt,
  type Blocked,
  type DeadLetter,
  type Health,
  type LeasedEndpoint,
  MAX_ATTEMPTS_KEPT,
  type Replay,
  type WebhookStore,
} from '../../core/webhooks.ts'
import { toTimestamp } from '../../core/clock.ts'
import { type CallResult, detailOf, type Line } from './attempt.ts'
import type { WebhookLimits } from './limits.ts'
import type { Matches, Message, MessageMaker } from './message.ts'
import { afterFailure, afterSuccess, isHeldBack, nextTryAt } from './schedule.ts'

export type Tools = Readonly<{
  store: WebhookStore
  eventStore: EventStore
  messages: MessageMaker
  outbound: OutboundLines
  clock: Clock
  random: () => number
  logger: Logger
  metrics: Metrics
  limits: WebhookLimits
}>

/** `stop`: why nothing more may be sent now. */
export type Session = {
  readonly endpoint: LeasedEndpoint
  readonly matches: Matches
  readonly line: Line
  readonly signal: AbortSignal
  readonly blocked: Map<string, Blocked>
  replays: readonly Replay[]
  position: Position
  health: Health
  stop: 'held_back' | 'gone' | 'stopped' | undefined
  isCurrent: boolean // the endpoint is still what it was when it was leased
  disableBecause: string | undefined
  loggedAtMs: number // when attempts were stored
  unsaved: {
    attempts: Attempt[]
    arrived: Position[]
    bury: DeadLetter[]
    touched: Set<string> // keys of blocked streams
    replay: Replay | undefined
  }
}

export const streamKey = ({ category, streamId }: Pick<Blocked, 'category' | 'streamId'>): string =>
  `${category} ${streamId}`

export const nothingUnsaved = (): Session['unsaved'] => ({
  attempts: [],
  arrived: [],
  bury: [],
  touched: new Set(),
  replay: undefined,
})

export const setBlocked = (session: Session, row: Blocked): void => {
  session.blocked.set(streamKey(row), row)
  session.unsaved.touched.add(streamKey(row))
}

export const unblock = (session: Session, row: Blocked): void => {
  session.blocked.delete(streamKey(row))
  session.unsaved.touched.add(streamKey(row))
}

/**
 * Stores what came of a step. While all goes well and more is on its way, attempts are logged once a while only: of
 * many a second nearly all would be deleted again before anybody could look at them.
 */
export const save = async (
  { store, clock, limits }: Tools,
  session: Session,
  { isPassing = false } = {},
): Promise<void> => {
  const { attempts, arrived, bury, touched, replay } = session.unsaved
  session.unsaved = nothingUnsaved()
  const keys = [...touched]
  const waits =
    isPassing &&
    keys.length + bury.length === 0 &&
    clock() - session.loggedAtMs < limits.logAttemptsEveryMs
  if (waits) session.unsaved.attempts = attempts.slice(-MAX_ATTEMPTS_KEPT)
  else session.loggedAtMs = clock()
  session.isCurrent = await store.commit(session.endpoint, {
    position: session.position,
    health: session.health,
    block: keys.flatMap((key) => session.blocked.get(key) ?? []),
    unblock: keys.filter((key) => !session.blocked.has(key)).map(splitKey),
    bury,
    attempts: waits ? [] : attempts,
    arrived,
    ...(replay === undefined ? {} : { replay }),
  })
}

const splitKey = (key: string): Pick<Blocked, 'category' | 'streamId'> => {
  const space = key.indexOf(' ')
  return { category: key.slice(0, space), streamId: key.slice(space + 1) }
}

export type Sent =
  | Readonly<{ kind: 'done' }> // delivered, or given up for good
  | Readonly<{ kind: 'later'; dueAtMs: number; attempts: number }>
  | Readonly<{ kind: 'unsent' }> // it has to be sent as if this had not been

/** One attempt, the next after so many. What it says of the receiver is noted in the session. */
export const send = async (
  tools: Tools,
  session: Session,
  { message, attemptsBefore }: Readonly<{ message: Message; attemptsBefore: number }>,
): Promise<Sent> => {
  const attempt = attemptsBefore + 1
  const made = tools.messages.body(session.endpoint, message)
  const body = typeof made === 'string' ? made : await made
  const result = await session.line.call({ id: message.id, body, attempt })
  return noteResult(tools, session, { message, attempt, result })
}

type Tried = Readonly<{ message: Message; attempt: number; result: CallResult }>

const noteResult = (
  tools: Tools,
  session: Session,
  { message, attempt, result: { verdict, log } }: Tried,
): Sent => {
  if (verdict.kind === 'stopped') {
    session.stop = 'stopped'
    return UNSENT
  }
  const nowMs = tools.clock()
  const failedRetryMs = verdict.kind === 'failed' ? verdict.retryAfterMs : null
  session.health =
    verdict.kind === 'delivered'
      ? afterSuccess(session.health, nowMs)
      : afterFailure(session.health, failedRetryMs, nowMs)
  const nextAtMs =
    verdict.kind === 'failed'
      ? nextTryAt(attempt, failedRetryMs, { nowMs, random: tools.random })
      : undefined
  const isDead = verdict.kind === 'dead' || (verdict.kind === 'failed' && nextAtMs === undefined)
  const outcome = verdict.kind === 'delivered' ? 'delivered' : isDead ? 'dead' : 'failed'
  tools.metrics.count('pawtrail_webhook_attempts_total', 1, OUTCOMES[outcome])
  const { id: eventId, type, subject, event } = message
  const detail = detailOf(verdict)
  const { position } = event
  const nextAttemptAt = nextAtMs === undefined ? null : toTimestamp(nextAtMs)
  const { at, status, durationMs, times, answer, secretIds } = log
  // Written out: a spread into a literal costs more than the rest of this function.
  session.unsaved.attempts.push({
    eventId,
    type,
    subject,
    position,
    attempt,
    at,
    outcome,
    detail,
    status,
    durationMs,
    times,
    answer,
    secretIds,
    nextAttemptAt,
  })
  if (outcome === 'delivered') session.unsaved.arrived.push(position)
  if (verdict.kind === 'gone' || (verdict.kind === 'delivered' && verdict.disable)) {
    session.stop = 'gone'
    session.disableBecause = detail === '' ? 'the receiver asked for it' : detail
  } else if (isHeldBack(session.health, nowMs)) session.stop ??= 'held_back'
  if (isDead) {
    session.unsaved.bury.push({
      ...{ eventId, type, subject, position, attempts: attempt },
      ...{ cause: detail, diedAt: toTimestamp(nowMs) },
    })
  }
  if (verdict.kind === 'gone') return UNSENT
  return nextAtMs === undefined ? DONE : { kind: 'later', dueAtMs: nextAtMs, attempts: attempt }
}

const DONE: Sent = { kind: 'done' }
const UNSENT: Sent = { kind: 'unsent' }
const OUTCOMES = {
  delivered: { outcome: 'delivered' },
  dead: { outcome: 'dead' },
  failed: { outcome: 'failed' },
} as const

export const rowOf = (
  event: StoredEvent,
  { attempts, dueAtMs }: Pick<Blocked, 'attempts' | 'dueAtMs'>,
): Blocked => {
  const { category, streamId, version, position } = event
  return { category, streamId, version, position, attempts, dueAtMs }
}
