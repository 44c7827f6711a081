// Group commit: one dedicated connection, one batch on its way while the next one fills. Alone, a
// command is sent at once; under load the batches grow by themselves, and each costs the log one
// lock and one flush to disk.
import pg from 'pg'
import { checkAppend } from '../../../core/append-check.ts'
import type { Clock } from '../../../core/clock.ts'
import type { AppendOutcome, AppendRequest } from '../../../core/event-store.ts'
import { Fault } from '../../../core/fault.ts'
import type { Logger } from '../../../core/logger.ts'
import type { Metrics } from '../../../core/metrics.ts'
import { createAppendQueue, type AppendQueue, type QueuedAppend } from './append-queue.ts'
import { batchQuery, outcomesOf, type BatchRow } from './batch.ts'
import { committedBatch, type CommittedBatch } from './committed.ts'
import type { EventStoreLimits } from './limits.ts'
import { openSession, type Session } from './session.ts'

export type AppenderOptions = Readonly<{
  config: pg.ClientConfig
  limits: EventStoreLimits
  clock: Clock
  logger: Logger
  metrics: Metrics
  /** Called after each commit that stored something. */
  onCommitted: (batch: CommittedBatch) => void
}>

export type Appender = Readonly<{
  append(request: AppendRequest): Promise<AppendOutcome>
  /** A batch is on its way. */
  isSending(): boolean
  /** Sends what is queued, then ends. */
  close(): Promise<void>
}>

type State = {
  readonly options: AppenderOptions
  readonly queue: AppendQueue
  session: Session | undefined
  isSending: boolean
  isFlushDue: boolean
  isClosed: boolean
  deadlineTimer: NodeJS.Timeout | undefined
  onDrained: (() => void) | undefined
}

export const openAppender = async (options: AppenderOptions): Promise<Appender> => {
  const { limits, logger } = options
  const state: State = {
    options,
    queue: createAppendQueue(limits),
    session: undefined,
    isSending: false,
    isFlushDue: false,
    isClosed: false,
    deadlineTimer: undefined,
    onDrained: undefined,
  }
  state.session = openSession({
    config: { ...options.config, pipeline: true },
    name: 'appender',
    reconnectDelayMs: limits.reconnectDelayMs,
    maxReconnectDelayMs: limits.maxReconnectDelayMs,
    logger,
    onReady: () => flush(state),
  })
  try {
    await state.session.ready
  } catch (error) {
    await state.session.close()
    throw new Fault('event_store_unavailable', 'the event store cannot be reached', {
      cause: error,
    })
  }
  return {
    append: (request) => append(state, request),
    isSending: () => state.isSending,
    close: () => close(state),
  }
}

const append = async (state: State, request: AppendRequest): Promise<AppendOutcome> => {
  const storable = checkAppend(request)
  if (state.isClosed) throw new Fault('event_store_unavailable', 'the event store is closed')
  // An open circuit: nobody waits for a database that has just refused to be reached.
  if (state.session?.isFailing() === true) {
    count(state, 'unavailable')
    throw new Fault('event_store_unavailable', 'the event store is reconnecting')
  }
  const { clock, limits } = state.options
  const { stream, idempotency } = request
  let bytes = storable.metadata.length * storable.events.length
  for (const event of storable.events) bytes += event.data.length
  return new Promise((resolve, reject) => {
    const isQueued = state.queue.add({
      request,
      storable,
      streamKey: `${stream.tenantId}\0${stream.category}\0${stream.id}`,
      idempotencyKey: idempotency && `${stream.tenantId}\0${idempotency.key}`,
      bytes,
      deadlineMs: clock() + limits.queueDeadlineMs,
      resolve,
      reject,
    })
    if (!isQueued) {
      count(state, 'overloaded')
      return resolve({ kind: 'overloaded', retryAfterMs: limits.retryAfterMs })
    }
    watchDeadlines(state)
    flushSoon(state)
  })
}

// After the current turn of the event loop's microtasks: what one turn asks for travels together.
const flushSoon = (state: State): void => {
  if (state.isSending || state.isFlushDue) return
  state.isFlushDue = true
  setImmediate(() => {
    state.isFlushDue = false
    flush(state)
  })
}

const flush = (state: State): void => {
  if (state.isSending) return
  expire(state)
  const client = state.session?.client()
  const batch = client === undefined ? [] : state.queue.takeBatch()
  state.options.metrics.gauge('pawtrail_append_queue_commands', state.queue.length())
  watchDeadlines(state)
  if (client === undefined || batch.length === 0) {
    if (state.queue.length() === 0) state.onDrained?.()
    return
  }
  state.isSending = true
  void send(state, client, batch)
}

const send = async (state: State, client: pg.Client, batch: QueuedAppend[]): Promise<void> => {
  const { clock, metrics } = state.options
  const sentAtMs = clock()
  metrics.observe('pawtrail_append_batch_commands', batch.length)
  try {
    const { rows } = await client.query<BatchRow & unknown[]>(batchQuery(batch))
    metrics.observe('pawtrail_append_batch_duration_seconds', (clock() - sentAtMs) / 1000)
    state.isSending = false
    flush(state) // the database works on the next batch while this one is answered
    answer(state, batch, rows[0])
  } catch (error) {
    state.isSending = false
    refuse(state, { client, batch, error })
    flushSoon(state)
  }
}

const answer = (state: State, batch: QueuedAppend[], row: BatchRow | undefined): void => {
  const outcomes = row === undefined ? [] : outcomesOf(row, batch)
  batch.forEach((append, index) => {
    const outcome = outcomes[index]
    if (outcome === undefined) {
      return append.reject(new Fault('append_outcome_unknown', 'the database left a command out'))
    }
    count(state, outcome.kind)
    append.resolve(outcome)
  })
  const committed = row && committedBatch(row[0], batch, outcomes)
  if (committed !== undefined) state.options.onCommitted(committed)
}

type Refused = Readonly<{ client: pg.Client; batch: QueuedAppend[]; error: unknown }>

const refuse = (state: State, { client, batch, error }: Refused): void => {
  const verdict = verdictOf(error)
  // One command that the database cannot take must not fail its neighbours: each is sent again,
  // alone.
  if (verdict === 'refused' && batch.length > 1) return state.queue.putBack(batch)
  state.options.logger.warn({ error: String(error), commands: batch.length }, 'append batch failed')
  if (verdict === 'unknown' || verdict === 'unavailable') state.session?.drop(client)
  const fault = new Fault(...FAULTS[verdict], { cause: error })
  for (const append of batch) {
    count(state, verdict)
    append.reject(fault)
  }
}

type Verdict = 'refused' | 'late' | 'unavailable' | 'unknown'

const FAULTS: Readonly<Record<Verdict, [code: Fault['code'], message: string]>> = {
  refused: ['event_store_unavailable', 'the database refused the append; nothing was stored'],
  late: ['deadline_exceeded', 'the append took too long and was rolled back'],
  unavailable: ['event_store_unavailable', 'the database cannot store; nothing was stored'],
  unknown: ['append_outcome_unknown', 'the connection broke after sending'],
}

// A server that answers with severity ERROR has rolled back. Everything else leaves open whether it
// has committed.
const verdictOf = (error: unknown): Verdict => {
  if (!(error instanceof pg.DatabaseError) || error.severity !== 'ERROR') return 'unknown'
  const code = error.code ?? ''
  if (code === '57014' || code === '55P03') return 'late'
  return /^(25|53|57|58|XX)/.test(code) ? 'unavailable' : 'refused'
}

const expire = (state: State): void => {
  for (const append of state.queue.takeExpired(state.options.clock())) {
    count(state, 'expired')
    append.reject(new Fault('deadline_exceeded', 'the append was not sent in time'))
  }
}

const watchDeadlines = (state: State): void => {
  const deadlineMs = state.queue.nextDeadlineMs()
  if (deadlineMs === undefined || state.deadlineTimer !== undefined) return
  const waitMs = Math.max(1, deadlineMs - state.options.clock())
  state.deadlineTimer = setTimeout(() => {
    state.deadlineTimer = undefined
    expire(state)
    watchDeadlines(state)
    if (state.queue.length() === 0 && !state.isSending) state.onDrained?.()
  }, waitMs)
}

const count = (state: State, outcome: Outcome): void =>
  state.options.metrics.count('pawtrail_append_outcomes_total', 1, OUTCOMES[outcome])

type Outcome = AppendOutcome['kind'] | Verdict | 'expired'
// Made once, so that the exporter finds its series again without looking at what is in them.
const OUTCOMES: Readonly<Record<Outcome, Readonly<{ outcome: string }>>> = {
  appended: { outcome: 'appended' },
  duplicate: { outcome: 'duplicate' },
  conflict: { outcome: 'conflict' },
  key_reused: { outcome: 'key_reused' },
  overloaded: { outcome: 'overloaded' },
  refused: { outcome: 'refused' },
  late: { outcome: 'late' },
  unavailable: { outcome: 'unavailable' },
  unknown: { outcome: 'unknown' },
  expired: { outcome: 'expired' },
}

const close = async (state: State): Promise<void> => {
  if (state.isClosed) return
  state.isClosed = true
  if (state.isSending || state.queue.length() > 0) {
    await new Promise<void>((resolve) => {
      state.onDrained = resolve
    })
  }
  clearTimeout(state.deadlineTimer)
  await state.session?.close()
}
