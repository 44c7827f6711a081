// An event as it is sent to an endpoint: the CloudEvent that every transport has, or the envelope of the documents.
import type { CursorCodec } from '../../core/cursor.ts'
import type { StoredEvent } from '../../core/event.ts'
import type { JsonObject } from '../../core/json.ts'
import type { Logger } from '../../core/logger.ts'
import {
  canonicalEventName,
  type EndpointFacts,
  type Replay,
  type WebhookFormat,
} from '../../core/webhooks.ts'
import { cloudEventJson } from '../feed/envelope.ts'
import { type CompiledFilter, compileFilter, type FeedFilter } from '../feed/filter.ts'
import type { EventCatalogue } from '../feed/types.ts'

export type Message = {
  readonly id: string // the CloudEvent's
  readonly type: string
  readonly subject: string
  readonly event: StoredEvent
  readonly data: JsonObject // that the endpoint's class may see
  cursor: string | undefined // when it was made beforehand
}

/** The data of the documented envelope, where it is not the event's own; undefined: the event's own. */
export type DocumentedData = (event: StoredEvent) => Promise<Documented | undefined>
export type Documented = Readonly<{ eventType: string; data: JsonObject }>

export const CONTENT_TYPES: Readonly<Record<WebhookFormat, string>> = {
  cloudevents: 'application/cloudevents+json; charset=utf-8',
  petstore: 'application/json; charset=utf-8',
}

export type MessageMaker = Readonly<{
  /** Undefined: hidden from the endpoint's class, or of a kind that this build does not know. */
  make(endpoint: EndpointFacts, event: StoredEvent): Message | undefined
  /** Makes the cursors of many at once. */
  addCursors(endpoint: EndpointFacts, messages: readonly Message[]): void
  body(endpoint: EndpointFacts, message: Message): string | Promise<string>
}>

export type MessageOptions = Readonly<{
  catalogue: EventCatalogue
  cursors: CursorCodec
  documented: DocumentedData
  schemaBase: string
  logger: Logger
}>

export const createMessageMaker = (options: MessageOptions): MessageMaker => ({
  make: ({ visibility }, stored) => {
    const known = understand(options, stored)
    if (known === undefined) return undefined
    const { event, subject } = known
    const data = visibility === 'staff' ? event.data : options.catalogue.publicDataOf(event)
    if (data === undefined) return undefined
    const { eventId, type } = event
    return { id: `evt_${eventId}`, type, subject, event, data, cursor: undefined }
  },
  addCursors: ({ tenantId, format }, messages) => {
    if (format !== 'cloudevents') return
    const positions = messages.map(({ event }) => event.position)
    const cursors = options.cursors.encodeAll(tenantId, positions)
    for (const [index, message] of messages.entries()) message.cursor = cursors[index]
  },
  body: ({ visibility, format }, { event, subject, data, cursor: made }) => {
    const { cursors, documented, schemaBase } = options
    if (format === 'petstore') return petstoreBody(event, data, documented)
    const cursor = made ?? cursors.encode(event.tenantId, event.position)
    return cloudEventJson({ event, subject, cursor, data, visibility, schemaBase })
  },
})

/** Passed over as on every transport: one event must not hold up all that come after it. */
const understand = ({ catalogue, logger }: MessageOptions, stored: StoredEvent) => {
  try {
    const event = catalogue.decode(stored)
    return { event, subject: catalogue.subjectOf(event) }
  } catch (cause) {
    const { position, type, schemaVersion } = stored
    logger.warn({ position, type, schemaVersion, cause }, 'webhooks pass over an unknown event')
    return undefined
  }
}

const petstoreBody = async (
  event: StoredEvent,
  data: JsonObject,
  documented: DocumentedData,
): Promise<string> => {
  const own = (await documented(event)) ?? { eventType: event.type, data }
  return JSON.stringify({
    id: event.eventId,
    eventId: `evt_${event.eventId}`,
    eventType: own.eventType,
    timestamp: event.occurredAt,
    data: own.data,
  })
}

export type Matches = (type: string, subject: string) => boolean

export const filterOf = ({
  events,
  subjects,
}: Pick<EndpointFacts, 'events' | 'subjects'>): Matches =>
  compiled(narrowed({ types: events, subjects })).matches

/** What a replay asks for, of what the endpoint gets at all. */
export const replayFilterOf = (
  endpoint: EndpointFacts,
  { types, subjects }: Pick<Replay, 'types' | 'subjects'>,
): Matches => {
  const own = filterOf(endpoint)
  const { matches } = compiled(narrowed({ types, subjects }))
  return (type, subject) => own(type, subject) && matches(type, subject)
}

export const badFilter = (
  asked: Pick<Replay, 'types' | 'subjects'>,
): 'bad_types' | 'bad_subjects' | undefined => {
  const compiled = compileFilter(narrowed(asked))
  if (compiled.kind === 'filter') return undefined
  return compiled.field === 'types' ? 'bad_types' : 'bad_subjects'
}

const narrowed = ({ types, subjects }: Pick<Replay, 'types' | 'subjects'>): FeedFilter => ({
  ...(types === null ? {} : { types: types.map(canonicalEventName) }),
  ...(subjects === null ? {} : { subjects }),
})

const compiled = (filter: FeedFilter): CompiledFilter => {
  const result = compileFilter(filter)
  if (result.kind === 'filter') return result.filter
  throw new Error(`a stored filter does not compile: ${result.message}`)
}
