// The events as messages: the same for every transport that sends whole CloudEvents.
import type { JsonObject } from '../../../core/json.ts'
import { isObject, publicSchemaOf, staffSchemaOf } from '../data-schema.ts'
import { registeredEvents, schemaPath } from '../event-type.ts'
import { samplesOf } from '../sample.ts'
import { type Message, schemaRef } from './types.ts'

export const CLOUD_EVENT_TYPE = 'application/cloudevents+json'

export const eventNames: readonly string[] = registeredEvents.map(
  ({ definition }) => definition.type,
)

/** `pet.adopted`: the whole CloudEvent; `pet.adopted.data` and `pet.adopted.public`: its data. */
export const eventSchemas = (schemaBase: string): Readonly<Record<string, JsonObject>> =>
  Object.fromEntries([
    ['CloudEvent', cloudEvent],
    ...registeredEvents.flatMap(({ definition }): [string, JsonObject][] => {
      const { type } = definition
      const staff = staffSchemaOf(definition, 'draft-7')
      const publicly = publicSchemaOf(definition, staff)
      const isOwn = publicly !== undefined && publicly !== staff
      const data = isOwn
        ? { anyOf: [schemaRef(`${type}.data`), schemaRef(`${type}.public`)] }
        : schemaRef(`${type}.data`)
      const dataschema = { const: schemaBase + schemaPath(definition) }
      const own = { type: 'object', properties: { type: { const: type }, dataschema, data } }
      return [
        [type, { title: type, allOf: [schemaRef('CloudEvent'), own] }],
        [`${type}.data`, { ...staff, description: 'As staff with read:events see it.' }],
        ...(isOwn ? [[`${type}.public`, { ...publicly, description: AS_PUBLIC }] as const] : []),
      ] as [string, JsonObject][]
    }),
  ])

const AS_PUBLIC = 'As everybody sees it.'

export const eventMessages = (schemaBase: string): Readonly<Record<string, Message>> =>
  Object.fromEntries(
    registeredEvents.map((registered) => {
      const { definition, category } = registered
      const { type, summary, personal } = definition
      const samples = samplesOf(registered, schemaBase)
      const message: Message = {
        name: type,
        title: type,
        summary,
        contentType: CLOUD_EVENT_TYPE,
        payload: schemaRef(type),
        examples: [
          { name: 'staff', summary: 'As staff get it.', payload: samples.staff },
          ...(isObject(samples.public ?? undefined) && samples.public !== null
            ? [{ name: 'public', summary: 'As everybody gets it.', payload: samples.public }]
            : []),
        ],
        tags: [{ name: category }],
        'x-personal': [...personal],
      }
      return [type, message]
    }),
  )

/** Any of the events, as a schema. */
export const anyEvent = (): JsonObject => ({ oneOf: eventNames.map((name) => schemaRef(name)) })

const text = (description: string): JsonObject => ({ type: 'string', description })
const uuid = (description: string): JsonObject => ({ type: 'string', format: 'uuid', description })

const cloudEvent: JsonObject = {
  title: 'CloudEvent',
  description: 'An event as CloudEvents 1.0 in JSON.',
  type: 'object',
  required: [
    ...['specversion', 'id', 'source', 'type', 'subject', 'time', 'recordedtime'],
    ...['datacontenttype', 'dataschema', 'sequence', 'cursor', 'partitionkey', 'data'],
  ],
  properties: {
    specversion: { const: '1.0' },
    id: text('Names the event: one that comes twice is known by it.'),
    source: text('`/tenants/{tenantId}`, or `/shared`.'),
    type: text('The type, such as `pet.adopted`.'),
    subject: text('What it is about, such as `pets/{id}`.'),
    time: { type: 'string', format: 'date-time', description: 'When it happened.' },
    recordedtime: { type: 'string', format: 'date-time', description: 'When it was stored.' },
    datacontenttype: { const: 'application/json' },
    dataschema: { type: 'string', format: 'uri', description: 'The schema of data.' },
    sequence: {
      type: 'string',
      pattern: '^\\d{20}$',
      description: 'Grows along the log, with holes: events of others lie between.',
    },
    cursor: text('The place after this event, good on every transport.'),
    partitionkey: text('Events that share it come in order.'),
    correlationid: text('Of all that follows from one request; for staff.'),
    causationid: text('What directly led to it; for staff.'),
    actorkind: { type: 'string', enum: ['user', 'client', 'system'], description: 'For staff.' },
    actorid: text('Who caused it; for staff.'),
    data: { type: 'object' },
  },
}

export const cursorSchema = text('A place in the events, good on every transport.')
export const uuidOf = uuid
