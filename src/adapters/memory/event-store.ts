// The log in memory, for tests and simulations: the outcomes, the order and the subscriptions of
// the real one, and nothing is kept when the process ends.
import { checkAppend, storedAt } from '../../core/append-check.ts'
import { toTimestamp, type Clock } from '../../core/clock.ts'
import type { StoredEvent, StreamRef, Version } from '../../core/event.ts'
import {
  MAX_STREAM_READ,
  type AppendOutcome,
  type AppendRequest,
  type EventStore,
  type Idempotency,
  type KeyUse,
  type LogPage,
  type LogRead,
  type LogSubscription,
  type StreamRead,
  type StreamSlice,
} from '../../core/event-store.ts'
import { Fault } from '../../core/fault.ts'
import type { TenantId } from '../../core/ids.ts'
import { matchesFilter, pageSizeOf, pulledPages, type PageSource } from '../../core/log-pages.ts'

export type MemoryEventStoreOptions = Readonly<{
  clock: Clock
  limits?: Readonly<{ maxEvents?: number }>
}>

const DEFAULT_MAX_EVENTS = 1_000_000
const RETRY_AFTER_MS = 1_000

type Done = Readonly<{ requestHash: string; stream: StreamRef; version: Version; position: number }>

type Log = {
  readonly events: StoredEvent[] // the event at position p is events[p - 1]
  readonly streams: Map<string, StoredEvent[]>
  readonly done: Map<string, Done>
  readonly waiting: Set<() => void>
  readonly clock: Clock
  readonly maxEvents: number
  isClosed: boolean
}

export const createMemoryEventStore = (options: MemoryEventStoreOptions): EventStore => {
  const log: Log = {
    events: [],
    streams: new Map(),
    done: new Map(),
    waiting: new Set(),
    clock: options.clock,
    maxEvents: options.limits?.maxEvents ?? DEFAULT_MAX_EVENTS,
    isClosed: false,
  }
  return {
    append: async (request) => append(openLog(log), request),
    findByKey: async (tenantId, idempotency) => findByKey(openLog(log), tenantId, idempotency),
    readStream: async (stream, read = {}) => readStream(openLog(log), stream, read),
    readAll: async (read) => readAll(openLog(log), read),
    subscribe: (subscription) => pulledPages(subscription, () => pageSource(log, subscription)),
    head: async () => openLog(log).events.length,
    close: async () => {
      log.isClosed = true
      wakeAll(log)
    },
  }
}

const openLog = (log: Log): Log => {
  if (log.isClosed) throw new Fault('event_store_unavailable', 'the event store is closed')
  return log
}

// Runs without a pause from judging to storing, which is what the lock is for in a shared log.
const append = (log: Log, request: AppendRequest): AppendOutcome => {
  const { events, metadata } = checkAppend(request)
  const { stream, expectedVersion, idempotency } = request
  const use = idempotency && findByKey(log, stream.tenantId, idempotency)
  if (use !== undefined) return use
  const stored = log.streams.get(keyOf(stream)) ?? []
  if (expectedVersion !== 'any' && expectedVersion !== stored.length) {
    return { kind: 'conflict', actualVersion: stored.length }
  }
  if (log.events.length + events.length > log.maxEvents) {
    return { kind: 'overloaded', retryAfterMs: RETRY_AFTER_MS }
  }
  const recordedAt = nextRecordedAt(log)
  for (const event of events) {
    const place = { position: log.events.length + 1, version: stored.length + 1, recordedAt }
    const envelope = storedAt(stream, { event, metadata }, place)
    log.events.push(envelope)
    stored.push(envelope)
  }
  log.streams.set(keyOf(stream), stored)
  const version = stored.length
  const position = log.events.length
  if (idempotency !== undefined) {
    const { requestHash } = idempotency
    const done = { requestHash, stream: { ...stream }, version, position }
    log.done.set(doneKeyOf(stream.tenantId, idempotency), done)
  }
  wakeAll(log)
  return { kind: 'appended', version, position, recordedAt }
}

const findByKey = (log: Log, tenantId: TenantId, idempotency: Idempotency): KeyUse | undefined => {
  const done = log.done.get(doneKeyOf(tenantId, idempotency))
  if (done === undefined) return undefined
  if (done.requestHash !== idempotency.requestHash) return { kind: 'key_reused' }
  const { stream, version, position } = done
  return { kind: 'duplicate', stream, version, position }
}

const doneKeyOf = (tenantId: TenantId, { key }: Idempotency): string => `${tenantId}\0${key}`

const nextRecordedAt = (log: Log): string => {
  const now = toTimestamp(log.clock())
  const last = log.events.at(-1)?.recordedAt ?? now
  return last > now ? last : now
}

const readStream = (log: Log, stream: StreamRef, read: StreamRead): StreamSlice => {
  const stored = log.streams.get(keyOf(stream)) ?? []
  const isForwards = read.direction !== 'backwards'
  const least = (isForwards ? read.fromVersion : read.toVersion) ?? 1
  const most = (isForwards ? read.toVersion : read.fromVersion) ?? stored.length
  const untilMs = read.toTime === undefined ? Infinity : Date.parse(read.toTime)
  const wanted = stored.filter(
    ({ version, recordedAt }) =>
      version >= least && version <= most && Date.parse(recordedAt) <= untilMs,
  )
  if (!isForwards) wanted.reverse()
  const limit = Math.min(Math.max(read.limit ?? MAX_STREAM_READ, 0), MAX_STREAM_READ)
  return { version: stored.length, events: wanted.slice(0, limit) }
}

const readAll = (log: Log, { after, limit, filter }: LogRead): LogPage => {
  const events: StoredEvent[] = []
  const most = pageSizeOf(limit)
  for (let position = after + 1; position <= log.events.length; position += 1) {
    const event = log.events[position - 1]
    if (event === undefined || !matchesFilter(filter, event)) continue
    events.push(event)
    if (events.length === most) return { events, upTo: position }
  }
  return { events, upTo: Math.max(after, log.events.length) }
}

const pageSource = (
  log: Log,
  { pageSize, filter, onPassedOver }: Pick<LogSubscription, 'pageSize' | 'filter' | 'onPassedOver'>,
): PageSource => ({
  next: async (after, signal) => {
    const limit = pageSizeOf(pageSize)
    for (let from = after; ;) {
      while (openLog(log).events.length <= from && !signal.aborted) await newEvents(log, signal)
      const page = readAll(log, { after: from, limit, ...(filter === undefined ? {} : { filter }) })
      if (page.events.length > 0 || signal.aborted || onPassedOver === undefined) return page
      from = page.upTo
      onPassedOver(from)
    }
  },
  close: () => {},
})

const newEvents = (log: Log, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const wake = (): void => {
      log.waiting.delete(wake)
      signal.removeEventListener('abort', wake)
      resolve()
    }
    log.waiting.add(wake)
    signal.addEventListener('abort', wake)
  })

const wakeAll = (log: Log): void => {
  for (const wake of [...log.waiting]) wake()
}

const keyOf = (stream: StreamRef): string =>
  [stream.tenantId, stream.category, stream.id].join('\0')
