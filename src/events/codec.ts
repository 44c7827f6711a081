// Between the events that aggregates speak of and the ones the log holds. Writing validates,
// reading trusts: what was stored was valid when it was written, so an event of the current version
// is handed on as it is.
import { Fault } from '../core/fault.ts'
import type { NewEvent, StoredEvent } from '../core/event.ts'
import type { JsonObject } from '../core/json.ts'
import type { EventDefinition } from './definition.ts'
import { definitions, type DomainEvent } from './registry.ts'

/** An event before it is stored, of any aggregate. */
type Fact = Readonly<{ type: string; data: unknown; occurredAt: string }>

export type EventCodec = Readonly<{
  /** Throws when the event is not what its own definition says: a mistake in this program. */
  encode: (event: Fact, identity: Readonly<{ eventId: string }>) => NewEvent
  /**
   * Lifts an old version to the current one. Throws Fault `unknown_event` for what a newer build
   * has written.
   */
  decode: (stored: StoredEvent) => StoredEvent
}>

export const createEventCodec = (known: readonly EventDefinition[]): EventCodec => {
  const byType = new Map(known.map((definition) => [definition.type, definition]))
  return {
    encode: (event, { eventId }) => encodeAs(byType.get(event.type), event, eventId),
    decode: (stored) => decodeAs(byType.get(stored.type), stored),
  }
}

const codec = createEventCodec(definitions)

export const encodeEvent = (
  event: DomainEvent,
  identity: Readonly<{ eventId: string }>,
): NewEvent => codec.encode(event, identity)

export const decodeEvent = (stored: StoredEvent): StoredEvent => codec.decode(stored)

/**
 * As `decodeEvent`, in the type of the stream's aggregate: a category holds events of its own
 * aggregate only.
 */
export const decodeEventOf = <Event extends DomainEvent>(stored: StoredEvent): Event =>
  codec.decode(stored) as StoredEvent & Event

const encodeAs = (
  definition: EventDefinition | undefined,
  event: Fact,
  eventId: string,
): NewEvent => {
  const { type, occurredAt } = event
  if (definition === undefined) throw new Error(`the event ${type} is not registered`)
  const parsed = definition.schema.safeParse(event.data)
  if (!parsed.success) {
    throw new Error(`the data of ${type} does not fit its schema`, { cause: parsed.error })
  }
  if (Number.isNaN(Date.parse(occurredAt))) throw new Error(`${type} occurred at no time`)
  const data = parsed.data as JsonObject
  return { eventId, type, schemaVersion: definition.version, data, occurredAt }
}

const decodeAs = (definition: EventDefinition | undefined, stored: StoredEvent): StoredEvent => {
  if (definition === undefined) throw unknownEvent(stored, 'its type is not registered')
  if (stored.schemaVersion === definition.version) return stored
  if (stored.schemaVersion > definition.version) {
    throw unknownEvent(stored, `this build knows versions up to ${String(definition.version)}`)
  }
  let data = stored.data
  for (let version = stored.schemaVersion; version < definition.version; version += 1) {
    const upcast = definition.upcasts[version]
    if (upcast === undefined) throw unknownEvent(stored, `no upcast from ${String(version)}`)
    data = upcast(data)
  }
  return { ...stored, data, schemaVersion: definition.version }
}

const unknownEvent = (stored: StoredEvent, why: string): Fault => {
  const name = `${stored.type} version ${String(stored.schemaVersion)}`
  return new Fault('unknown_event', `${name} at position ${String(stored.position)}: ${why}`)
}
