// What webhook receivers get, made from the registry of events: one entry for each event that the
// public may know of, and the two that the documents of this API name in an envelope of their own.
import type { JsonObject } from '../../../core/json.ts'
import { definitions } from '../../../events/registry.ts'
import type { Components } from './components.ts'

type Definition = (typeof definitions)[number]

export const eventWebhooks = (components: Components): JsonObject =>
  Object.fromEntries([
    ...definitions
      .filter(({ visibleToPublic }) => visibleToPublic !== 'none')
      .map((definition) => [definition.type, entryOf(definition, components)] as const),
    ...DOCUMENTED.map((each) => [each.name, documentedEntry(each)] as const),
  ])

const text: JsonObject = { type: 'string' }
const time: JsonObject = { type: 'string', format: 'date-time' }
const header = (name: string, description: string): JsonObject => ({
  name,
  in: 'header',
  required: true,
  description,
  schema: text,
})

const SIGNATURE: JsonObject[] = [
  header('webhook-id', 'The id of the event: the same in every attempt.'),
  header('webhook-timestamp', 'When this attempt was made, in seconds since 1970.'),
  header(
    'webhook-signature',
    'Standard Webhooks: `v1,<base64>` of the HMAC-SHA256 of `id.timestamp.body`, one for each secret that signs; ' +
      'from endpoints with `asymmetric` also `v1a,<base64>` of its Ed25519 signature, one for each key.',
  ),
  header('webhook-attempt', 'Which attempt this is, from 1.'),
  {
    ...header(
      'webhook-key-id',
      'With `asymmetric`: the `kid` of the newest key that signs, of those at `jwksUrl`.',
    ),
    required: false,
  },
  header(
    'X-Webhook-Signature',
    '`sha256=<hex>`: HMAC-SHA256 of the body, keyed by the text of the oldest secret that signs.',
  ),
]

const RESPONSES: JsonObject = {
  '200': { description: 'Received. Any other status of the twos is as good.' },
  '410': { description: 'Nothing is wanted any more: the endpoint is disabled.' },
  '4XX': { description: 'Tried again later, as for any other status; redirects are not followed.' },
}

const post = (
  name: string,
  about: Readonly<{ summary: string; content: JsonObject }>,
): JsonObject => ({
  post: {
    operationId: `on${name.replaceAll(/(^|[._])(\w)/g, (_whole, _dot, letter: string) => letter.toUpperCase())}`,
    summary: about.summary,
    tags: ['webhooks'],
    security: [],
    parameters: SIGNATURE,
    requestBody: { required: true, content: about.content },
    responses: RESPONSES,
  },
})

const entryOf = (definition: Definition, components: Components): JsonObject =>
  post(definition.type, {
    summary: definition.summary.replace(/\.$/, ''),
    content: {
      'application/cloudevents+json': { schema: cloudEvent(definition, components) },
    },
  })

const cloudEvent = (definition: Definition, components: Components): JsonObject => ({
  type: 'object',
  required: [
    ...['specversion', 'id', 'source', 'type', 'subject', 'time', 'recordedtime', 'dataschema'],
    ...['datacontenttype', 'sequence', 'cursor', 'partitionkey', 'data'],
  ],
  properties: {
    specversion: { type: 'string', const: '1.0' },
    id: text,
    source: text,
    type: { type: 'string', const: definition.type },
    subject: text,
    time,
    recordedtime: time,
    datacontenttype: { type: 'string', const: 'application/json' },
    dataschema: { type: 'string', format: 'uri' },
    sequence: text,
    cursor: text,
    partitionkey: text,
    data: dataOf(definition, components),
  },
})

/** Of the public class: what is hidden from it is not there. */
const dataOf = (
  { schema, visibleToPublic, hiddenFromPublic }: Definition,
  components: Components,
): JsonObject => {
  const whole = components.refer(schema, 'output')
  const properties = (whole['properties'] ?? {}) as JsonObject
  const shown =
    typeof visibleToPublic === 'string'
      ? whole
      : {
          ...whole,
          properties: Object.fromEntries(
            Object.entries(properties).filter(([name]) => visibleToPublic.includes(name)),
          ),
          required: ((whole['required'] ?? []) as string[]).filter((name) =>
            visibleToPublic.includes(name),
          ),
        }
  return hiddenFromPublic.reduce((rest, path) => without(rest, path.split('.')), shown)
}

const without = (schema: JsonObject, [field = '', ...rest]: readonly string[]): JsonObject => {
  const properties = (schema['properties'] ?? {}) as Readonly<Record<string, JsonObject>>
  const inner = properties[field]
  if (inner === undefined) return schema
  if (rest.length > 0) {
    return { ...schema, properties: { ...properties, [field]: without(inner, rest) } }
  }
  const { [field]: _hidden, ...others } = properties
  const required = ((schema['required'] ?? []) as string[]).filter((name) => name !== field)
  return { ...schema, properties: others, required }
}

const DOCUMENTED = [
  {
    name: 'orderStatusChanged',
    eventType: 'order.statusChanged',
    summary: 'The status of an order changed',
    data: {
      required: ['order', 'previousStatus', 'newStatus'],
      properties: {
        order: { type: 'object' },
        previousStatus: text,
        newStatus: text,
        changedAt: time,
        changedBy: text,
      },
    },
  },
  {
    name: 'paymentSucceeded',
    eventType: 'payment.succeeded',
    summary: 'A payment went through',
    data: {
      required: ['payment', 'order'],
      properties: {
        payment: { type: 'object' },
        order: { type: 'object' },
        receipt: {
          type: 'object',
          properties: { receiptId: text, receiptUrl: text, generatedAt: time },
        },
      },
    },
  },
] as const

/** To endpoints with `format: petstore` of the staff class, because orders are for staff. */
const documentedEntry = ({ name, eventType, summary, data }: (typeof DOCUMENTED)[number]) =>
  post(name, {
    summary,
    content: {
      'application/json': {
        schema: {
          type: 'object',
          required: ['id', 'eventId', 'eventType', 'timestamp', 'data'],
          properties: {
            id: { type: 'string', format: 'uuid' },
            eventId: text,
            eventType: { type: 'string', const: eventType },
            timestamp: time,
            data: { type: 'object', ...structuredClone(data) } as unknown as JsonObject,
          },
        },
      },
    },
  })
