// The port to the log: the system of record. Adapters: postgres, memory.
import type { EventMetadata, NewEvent, Position, StoredEvent, StreamRef, Version } from './event.ts'
import type { TenantId } from './ids.ts'

/** `any`: append whatever is there. A number: the stream must be at exactly this version; 0: it must not exist. */
export type ExpectedVersion = Version | 'any'

/**
 * A key makes an append idempotent within its tenant; the hash tells a repeat from another request
 * under the same key.
 */
export type Idempotency = Readonly<{ key: string; requestHash: string }>

export type AppendRequest = Readonly<{
  stream: StreamRef
  expectedVersion: ExpectedVersion
  events: readonly NewEvent[] // 1..maxEventsPerAppend
  metadata: EventMetadata
  idempotency?: Idempotency
}>

export type AppendOutcome =
  | Readonly<{ kind: 'appended'; version: Version; position: Position; recordedAt: string }> // of the last event
  | Readonly<{ kind: 'duplicate'; stream: StreamRef; version: Version; position: Position }> // what the first one did
  | Readonly<{ kind: 'conflict'; actualVersion: Version }>
  | Readonly<{ kind: 'key_reused' }> // the key was used with another request hash
  | Readonly<{ kind: 'overloaded'; retryAfterMs: number }> // the queue is full; nothing was stored

export type StreamRead = Readonly<{
  direction?: 'forwards' | 'backwards' // forwards
  fromVersion?: Version // inclusive; forwards 1, backwards the newest
  toVersion?: Version // inclusive
  toTime?: string // inclusive recordedAt, RFC 3339
  limit?: number // default and at most maxStreamRead
}>

/** What an append under a key that was used before would answer. */
export type KeyUse = Extract<AppendOutcome, Readonly<{ kind: 'duplicate' | 'key_reused' }>>

/** `version` is the stream's newest version at the time of reading, 0 when there is no such stream. */
export type StreamSlice = Readonly<{ version: Version; events: readonly StoredEvent[] }>

export type LogFilter = Readonly<{
  tenantId?: TenantId
  categories?: readonly string[]
  types?: readonly string[]
}>

export type LogRead = Readonly<{ after: Position; limit: number; filter?: LogFilter }>

/** Everything that matches the filter in (after, upTo]. `upTo` moves on past events that the filter left out. */
export type LogPage = Readonly<{ events: readonly StoredEvent[]; upTo: Position }>

export type LogSubscription = Readonly<{
  after: Position
  signal: AbortSignal
  pageSize?: number // default 1000
  filter?: LogFilter
  /**
   * Told, while a page is waited for, that nothing up to there matches the filter. With it there are
   * no pages without events: who waits among much that is of no interest is not woken for it.
   */
  onPassedOver?: (upTo: Position) => void
}>

/**
 * Guaranteed:
 * - an append is stored whole or not at all, durably before it answers `appended`;
 * - per stream, versions are 1, 2, 3, ... without holes, and positions rise with them;
 * - positions rise in commit order: once an event at p was seen, no event below p appears later;
 * - a key's second append with the same hash stores nothing and answers `duplicate` with what the first one did;
 * - a key is looked at before the expected version: a repeat is a `duplicate` also when its stream has moved on;
 * - once an append under a key can be read, `findByKey` finds it;
 * - one refused append never disturbs another that travels with it;
 * - recordedAt never decreases with position;
 * - nothing that was stored is changed or removed;
 * - `subscribe` gives every event after its position once, in order, and waits at the end for more; it reads on only
 *   when the consumer asks, so a slow consumer costs no memory.
 *
 * Not guaranteed:
 * - that positions are dense;
 * - an append to two streams at once;
 * - an answer: when the connection breaks after sending, `append_outcome_unknown` is thrown and only an idempotency key
 *   makes a retry safe;
 * - that keys are remembered for ever (adapters name how long; at least 24 hours).
 *
 * Throws Fault `event_store_unavailable`, `append_outcome_unknown`, `deadline_exceeded`.
 */
export interface EventStore {
  append(request: AppendRequest): Promise<AppendOutcome>
  /** Stores nothing. Undefined: the key is not known, or was forgotten. */
  findByKey(tenantId: TenantId, idempotency: Idempotency): Promise<KeyUse | undefined>
  readStream(stream: StreamRef, read?: StreamRead): Promise<StreamSlice>
  readAll(read: LogRead): Promise<LogPage>
  subscribe(subscription: LogSubscription): AsyncIterable<LogPage>
  /** Position of the newest event, 0 on an empty log. */
  head(): Promise<Position>
  close(): Promise<void>
}

export const MAX_EVENTS_PER_APPEND = 100
export const MAX_STREAM_READ = 10_000
export const MAX_LOG_PAGE = 2_000
export const DEFAULT_LOG_PAGE = 1_000
