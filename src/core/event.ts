// An event as it is written and as it is read back. Data is JSON in the shape of its schema version; the codec in
// src/events lifts old versions to the current one.
import type { TenantId } from './ids.ts'
import type { JsonObject } from './json.ts'

/** Who caused an event. `id` is a user id, a client's name or the name of a policy; never personal data. */
export type Actor = Readonly<{ kind: 'user' | 'client' | 'system'; id: string }>

/** One aggregate's stream. Its name is `<category>-<tenantId>.<id>`. */
export type StreamRef = Readonly<{ tenantId: TenantId; category: string; id: string }>

/**
 * A place in the whole log, in commit order: an integer >= 1, increasing, not necessarily dense. 0 is
 * before the first.
 */
export type Position = number

/** A place in one stream: 1 for its first event. 0 means that the stream has none. */
export type Version = number

export type NewEvent = Readonly<{
  eventId: string // UUID v7
  type: string // 'pet.admitted'
  schemaVersion: number // 1..
  data: JsonObject
  occurredAt: string // RFC 3339, when it happened according to the writer
}>

export type EventMetadata = Readonly<{
  actor: Actor
  correlationId: string // the request or process that all of its consequences share
  causationId: string | null // the event or command that directly led to this one
}>

/** The envelope: an event with everything the log knows about it. */
export type StoredEvent<Data = JsonObject> = Readonly<{
  position: Position
  tenantId: TenantId
  category: string
  streamId: string // the aggregate's id, without category and tenant
  version: Version
  eventId: string
  type: string
  schemaVersion: number
  data: Data
  metadata: EventMetadata
  occurredAt: string
  recordedAt: string // RFC 3339, taken under the log's lock: never decreases with position
}>
