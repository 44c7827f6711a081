// Webhooks in the document: what is posted to the addresses that tenants have registered.
import type { JsonObject } from '../../../core/json.ts'
import type { EventType } from '../event-type.ts'
import { anyEvent, CLOUD_EVENT_TYPE, uuidOf } from './events.ts'
import {
  channelMessages,
  channelRef,
  type Message,
  operationMessages,
  type Part,
  securityRef,
  serverRef,
} from './types.ts'

const CHANNEL = 'webhook'
const NAMES = ['webhook.cloudEvent', 'webhook.petstore'] as const

export const webhooksPart = (sample: EventType | undefined): Part => ({
  servers: {
    receiver: {
      host: '{receiver}',
      protocol: 'https',
      title: 'The receiver of a webhook',
      description: 'The address that was given to POST /v1/webhooks.',
      variables: { receiver: { description: 'Its host.', default: 'hooks.example.org' } },
      security: [securityRef('webhookSignature')],
    },
  },
  channels: {
    [CHANNEL]: {
      address: null,
      title: 'Webhooks',
      description:
        'Each endpoint has a cursor of its own: after an outage it goes on where it stopped. Any 2xx says that the ' +
        'event was taken; what is refused is tried again, and an event that comes twice has the same id.',
      servers: [serverRef('receiver')],
      messages: channelMessages(NAMES),
    },
  },
  operations: {
    postEvent: {
      action: 'send',
      channel: channelRef(CHANNEL),
      title: 'Post events',
      summary: 'The server posts events to the endpoint, in order for each subject.',
      messages: operationMessages(CHANNEL, NAMES),
      security: [securityRef('webhookSignature')],
      bindings: { http: { method: 'POST', bindingVersion: '0.3.0' } },
    },
  },
  messages: messagesWith(sample),
  securitySchemes: {
    webhookSignature: {
      type: 'httpApiKey',
      name: 'webhook-signature',
      in: 'header',
      description:
        'Standard Webhooks: `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body` with the secret; several, ' +
        'with a space between, while a secret is being replaced. Endpoints with `asymmetric` have `v1a,` and the ' +
        'base64 of an Ed25519 signature over the same as well, by a key of their `jwksUrl`. X-Webhook-Signature has ' +
        '`sha256=<hex>` over the body.',
    },
  },
})

const text = (description: string): JsonObject => ({ type: 'string', description })

const headers: JsonObject = {
  type: 'object',
  required: ['webhook-id', 'webhook-timestamp', 'webhook-signature'],
  properties: {
    'webhook-id': text('The id of the event: one that comes twice is known by it.'),
    'webhook-timestamp': text('When it was sent, in seconds since 1970.'),
    'webhook-signature': text('`v1,<base64>` and `v1a,<base64>`, with spaces between.'),
    'webhook-attempt': text('Which attempt it is, from 1.'),
    'webhook-key-id': text('With `asymmetric`: the `kid` of the newest key that signs.'),
    'x-webhook-signature': text('`sha256=<hex>` over the body.'),
  },
}

const messagesWith = (sample: EventType | undefined): Readonly<Record<string, Message>> => {
  const staff = sample?.samples.staff as JsonObject | undefined
  return {
    'webhook.cloudEvent': {
      name: 'webhook.cloudEvent',
      title: 'A CloudEvent',
      summary: 'The whole CloudEvent, for endpoints of the format `cloudevents`.',
      contentType: CLOUD_EVENT_TYPE,
      headers,
      payload: anyEvent(),
      examples: staff === undefined ? [] : [{ name: 'cloudEvent', payload: staff }],
    },
    'webhook.petstore': {
      name: 'webhook.petstore',
      title: 'The petstore envelope',
      summary: 'For endpoints of the format `petstore`.',
      contentType: 'application/json',
      headers,
      payload: {
        type: 'object',
        required: ['id', 'eventId', 'eventType', 'timestamp', 'data'],
        properties: {
          id: uuidOf('The id of the event, without its prefix.'),
          eventId: text('The id of the event, as CloudEvents have it.'),
          eventType: text('The type of the event; `order.statusChanged` as the documents name it.'),
          timestamp: { type: 'string', format: 'date-time', description: 'When it happened.' },
          data: { type: 'object' },
        },
      },
      examples: staff === undefined ? [] : [{ name: 'petstore', payload: petstoreOf(staff) }],
    },
  }
}

const petstoreOf = (event: JsonObject): JsonObject => ({
  id: '0199f3a0-7c1e-7a01-8000-0000000012ab',
  eventId: event['id'],
  eventType: event['type'],
  timestamp: event['time'],
  data: event['data'],
})
