// What an append must look like before any adapter of the event store takes it. A request that
// fails here is a bug in the caller: input from outside was checked at its edge. Throws RangeError.
import { toTimestamp } from './clock.ts'
import { MAX_EVENTS_PER_APPEND, type AppendRequest } from './event-store.ts'
import type { NewEvent, Position, StoredEvent, StreamRef, Version } from './event.ts'
import { isUuid } from './ids.ts'
import type { JsonObject } from './json.ts'

/** Bytes of one event's data as JSON in UTF-8. */
export const MAX_EVENT_BYTES = 262_144

const MAX_IDENTIFIER_LENGTH = 200
const MAX_VERSION = 2_147_483_647
const MAX_SCHEMA_VERSION = 32_767

/** An event as it can be stored: its data as JSON text, its id and time in their one form. */
export type StorableEvent = Readonly<{
  eventId: string
  type: string
  schemaVersion: number
  data: string
  occurredAt: string
}>

export type StorableAppend = Readonly<{ events: readonly StorableEvent[]; metadata: string }>

export const checkAppend = (request: AppendRequest): StorableAppend => {
  const { stream, expectedVersion, events, idempotency } = request
  checkIdentifier('tenantId', stream.tenantId)
  checkIdentifier('category', stream.category)
  checkIdentifier('id', stream.id)
  if (expectedVersion !== 'any') checkInteger('expectedVersion', expectedVersion, 0, MAX_VERSION)
  if (idempotency !== undefined) {
    checkIdentifier('key', idempotency.key)
    checkIdentifier('requestHash', idempotency.requestHash)
  }
  checkInteger('number of events', events.length, 1, MAX_EVENTS_PER_APPEND)
  return { events: events.map(storableEvent), metadata: storableJson(request.metadata) }
}

export type Place = Readonly<{ version: Version; position: Position; recordedAt: string }>

/**
 * The event as it is read from the log. Its data is parsed anew: what a caller does to its objects
 * afterwards never reaches a reader.
 */
export const storedAt = (
  stream: StreamRef,
  { event, metadata }: Readonly<{ event: StorableEvent; metadata: string }>,
  { version, position, recordedAt }: Place,
): StoredEvent => ({
  position,
  tenantId: stream.tenantId,
  category: stream.category,
  streamId: stream.id,
  version,
  eventId: event.eventId,
  type: event.type,
  schemaVersion: event.schemaVersion,
  data: JSON.parse(event.data) as JsonObject,
  metadata: JSON.parse(metadata) as StoredEvent['metadata'],
  occurredAt: event.occurredAt,
  recordedAt,
})

const storableEvent = (event: NewEvent): StorableEvent => {
  if (!isUuid(event.eventId)) throw new RangeError(`eventId is not a UUID: ${event.eventId}`)
  checkIdentifier('type', event.type)
  checkInteger('schemaVersion', event.schemaVersion, 1, MAX_SCHEMA_VERSION)
  const data = storableJson(event.data)
  // A UTF-16 unit takes three bytes at most, so short texts need no counting.
  if (
    data.length * 3 > MAX_EVENT_BYTES &&
    new TextEncoder().encode(data).length > MAX_EVENT_BYTES
  ) {
    throw new RangeError(`an event's data exceeds ${MAX_EVENT_BYTES} bytes: ${event.type}`)
  }
  return {
    eventId: event.eventId.toLowerCase(),
    type: event.type,
    schemaVersion: event.schemaVersion,
    data,
    occurredAt: storableTime(event.occurredAt),
  }
}

// One turn of the event loop asks with the same time again and again.
let lastTime = ''
let lastStorable = ''

const storableTime = (time: string): string => {
  if (time === lastTime) return lastStorable
  const text = toTimestamp(Date.parse(time))
  if (text.length !== 24) throw new RangeError(`a year of four digits is needed: ${time}`)
  lastTime = time
  lastStorable = text
  return text
}

// PostgreSQL's jsonb holds neither U+0000 nor half a surrogate pair. JSON.stringify writes both as
// \u escapes, so a text without any escape of that kind needs no closer look.
const UNSTORABLE = /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/

const storableJson = (value: unknown): string => {
  const text = JSON.stringify(value)
  if (text.includes('\\u') && UNSTORABLE.test(text)) {
    throw new RangeError('JSON with U+0000 or half a surrogate pair cannot be stored')
  }
  return text
}

const HALF_PAIR = /\p{Surrogate}/u

const checkIdentifier = (name: string, text: string): void => {
  const fits = text.length >= 1 && text.length <= MAX_IDENTIFIER_LENGTH
  if (!fits || text.includes('\0') || HALF_PAIR.test(text)) {
    throw new RangeError(`${name} must have 1 to ${MAX_IDENTIFIER_LENGTH} storable characters`)
  }
}

const checkInteger = (name: string, value: number, least: number, most: number): void => {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(`${name} must be an integer from ${least} to ${most}: ${value}`)
  }
}
