// What is sent on a topic. An event's messages are made once per class and shared by all sessions;
// its frame in the feed is the CloudEvent, and the other messages hang on to that frame.
import type { TenantId } from '../../core/ids.ts'
import type { Framing, Rendered } from '../feed/types.ts'
import type { Levels } from './topic-filter.ts'
import { CHECKPOINT_TOPIC, rootOf, STATUS_EVENTS, type TopicKind, topicsOf } from './topics.ts'

export type Message = Readonly<{
  kind: TopicKind
  tenantId: TenantId
  levels: Levels // of the whole topic
  relative: Levels // below the tenant's root
  topic: string
  payload: Buffer // empty: what was retained on this topic is gone
  isState: boolean // retained: its newest message says all
  contentType: string
  userProperties: Readonly<Record<string, string>>
}>

/** What goes on the wire of a message. */
export type Publishable = Pick<Message, 'topic' | 'payload' | 'contentType' | 'userProperties'>

const JSON_TYPE = 'application/json'
const CLOUD_EVENT_TYPE = 'application/cloudevents+json'

type Spoken = Readonly<Record<string, unknown>> &
  Readonly<{ data: Readonly<Record<string, unknown>> }>

const messagesByFrame = new WeakMap<Buffer, readonly Message[]>()

export const MQTT_FRAMING: Framing = {
  name: 'mqtt',
  event: (rendered) => {
    const frame = Buffer.from(rendered.json)
    messagesByFrame.set(frame, messagesOf(rendered, frame))
    return frame
  },
}

export const messagesOfFrame = (frame: Buffer): readonly Message[] =>
  messagesByFrame.get(frame) ?? []

/** Everything is taken from the CloudEvent that its class may see. */
const messagesOf = ({ json, subject, cursor, event }: Rendered, frame: Buffer) => {
  const spoken = JSON.parse(json) as Spoken
  const properties = attributesOf(spoken)
  const { tenantId, type, streamId: id, occurredAt } = event
  return topicsOf(type, subject).flatMap(({ kind, levels }): Message[] => {
    const place = { kind, tenantId, relative: levels }
    if (kind === 'event') {
      return [messageAt(place, { body: frame, contentType: CLOUD_EVENT_TYPE, properties })]
    }
    if (kind === 'payment') {
      return [messageAt(place, { body: paymentBody(spoken, { id, cursor }), properties })]
    }
    const status = STATUS_EVENTS.get(type)?.(spoken.data)
    if (status !== null && typeof status !== 'string') return []
    const state = { kind, id, status, updatedAt: occurredAt, cursor }
    return [messageAt(place, { body: stateBody(state), properties })]
  })
}

type Place = Readonly<{ kind: TopicKind; tenantId: TenantId; relative: Levels }>
type Body = Readonly<{
  body: Buffer
  contentType?: string
  properties: Readonly<Record<string, string>>
}>

export const messageAt = (place: Place, { body, contentType, properties }: Body): Message => {
  const levels = [...rootOf(place.tenantId), ...place.relative]
  return {
    ...place,
    levels,
    topic: levels.join('/'),
    payload: body,
    isState: place.kind !== 'event' && place.kind !== 'payment',
    contentType: contentType ?? JSON_TYPE,
    userProperties: properties,
  }
}

export type StateBody = Readonly<{
  kind: TopicKind
  id: string
  status: string | null // null: gone
  updatedAt: string
  cursor: string
}>

/** The same for a change as for retained state. */
export const stateBody = ({ kind, id, status, updatedAt, cursor }: StateBody): Buffer => {
  if (status === null) return Buffer.alloc(0)
  const available = kind === 'availability' ? { available: status === 'AVAILABLE' } : {}
  return Buffer.from(JSON.stringify({ id, ...available, status, updatedAt, cursor }))
}

export type FilterCheckpoint = Readonly<{ filter: string; cursor: string; delivered: number }>

export const checkpointMessage = (checkpoint: FilterCheckpoint): Publishable => ({
  topic: CHECKPOINT_TOPIC,
  payload: Buffer.from(JSON.stringify(checkpoint)),
  contentType: JSON_TYPE,
  userProperties: { cursor: checkpoint.cursor },
})

const paymentBody = (
  { type, time, data }: Spoken,
  more: Readonly<{ id: string; cursor: string }>,
) =>
  Buffer.from(
    JSON.stringify({
      id: more.id,
      paymentId: data['paymentId'],
      status: String(type).split('.').at(-1)?.toUpperCase(),
      amount: data['amount'],
      currency: data['currency'],
      code: data['code'],
      updatedAt: time,
      cursor: more.cursor,
    }),
  )

const attributesOf = (spoken: Spoken): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(spoken).flatMap(([name, value]) =>
      name !== 'data' && typeof value === 'string' ? [[name, value]] : [],
    ),
  )
