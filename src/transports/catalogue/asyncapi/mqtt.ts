// MQTT in the document: the topics as they are documented, for the shared pool and below a tenant.
import { aggregates } from '../../../events/registry.ts'
import { eventNames } from './events.ts'
import { mqttMessages, SPECIES } from './mqtt-messages.ts'
import {
  type Channel,
  channelMessages,
  channelRef,
  type Operation,
  operationMessages,
  type Part,
  securityRef,
  serverRef,
} from './types.ts'

const BINDING_VERSION = '0.2.0'
const MAX_QOS = 1
const MQTT_PORT = 1883

export const mqttPart = (publicUrl: string, mqttUrl: string | undefined): Part => {
  const site = new URL(publicUrl)
  const url = new URL(mqttUrl ?? `mqtt://${site.hostname}:${String(MQTT_PORT)}`)
  const topics = [
    ...topicsBelow('', 'shared'),
    ...topicsBelow('tenants/{tenantId}/', 'tenant'),
    checkpointTopic,
  ]
  return {
    servers: {
      mqtt: {
        host: url.host,
        protocol: url.protocol.replace(':', ''),
        title: 'MQTT',
        description:
          'MQTT 3.1.1 and 5. The password is an access token. QoS 0 and 1 are served; 2 is granted as 1. ' +
          'Clients subscribe and do not publish. A session that is kept loses nothing while it is away.',
        security: [securityRef('mqttPassword')],
        bindings: { mqtt: { cleanSession: false, bindingVersion: BINDING_VERSION } },
      },
      mqttWebSocket: {
        host: site.host,
        pathname: `${site.pathname === '/' ? '' : site.pathname}/mqtt`,
        protocol: site.protocol === 'https:' ? 'wss' : 'ws',
        title: 'MQTT over WebSocket',
        description: 'The same, in binary frames; the subprotocol is `mqtt`.',
        security: [securityRef('mqttPassword')],
      },
    },
    channels: Object.fromEntries(topics.map(({ name, channel }) => [name, channel])),
    operations: Object.fromEntries(
      topics.map(({ name, operation }) => [`send_${name}`, operation]),
    ),
    messages: mqttMessages,
    securitySchemes: {
      mqttPassword: {
        type: 'userPassword',
        description:
          'The password is an access token; the name is free. In MQTT 5 the token may be the Authentication Data of ' +
          'the method OAUTH2-JWT instead; then AUTH with reason code 0x19 brings a fresh one of the same ' +
          'principal, and the connection goes on. A connection ends with its token: reason code 0x87.',
      },
    },
  }
}

type Topic = Readonly<{ name: string; channel: Channel; operation: Operation }>
type Described = Readonly<{
  key: string
  address: string
  title: string
  description: string
  messages: readonly string[]
  isRetained: boolean
}>

const topicsBelow = (prefix: string, whose: 'shared' | 'tenant'): readonly Topic[] =>
  described.map(({ key, address, title, description, messages, isRetained }) => {
    const name = `mqtt.${whose}.${key}`
    const full = prefix + address
    const channel: Channel = {
      address: full,
      title: whose === 'shared' ? title : `${title} of a tenant`,
      description: isRetained
        ? `${description} Retained: what holds now comes first. Empty: what it was about is gone.`
        : description,
      servers: [serverRef('mqtt'), serverRef('mqttWebSocket')],
      parameters: parametersOf(full),
      messages: channelMessages(messages),
    }
    const operation: Operation = {
      action: 'send',
      channel: channelRef(name),
      title: `Send to ${full}`,
      summary: title,
      messages: operationMessages(name, messages),
      bindings: { mqtt: { qos: MAX_QOS, retain: isRetained, bindingVersion: BINDING_VERSION } },
    }
    return { name, channel, operation }
  })

const checkpointTopic: Topic = {
  name: 'mqtt.checkpoints',
  channel: {
    address: '$checkpoint',
    title: 'How far each filter is',
    description:
      'Told to a client that subscribes to it, of each of its own filters: when the filter begins, and whenever its ' +
      'cursor has moved, about every 15 seconds. No wildcard reaches it; QoS 0. The cursor is good as `after`.',
    servers: [serverRef('mqtt'), serverRef('mqttWebSocket')],
    messages: channelMessages(['mqtt.checkpoint']),
  },
  operation: {
    action: 'send',
    channel: channelRef('mqtt.checkpoints'),
    title: 'Send to $checkpoint',
    summary: 'How far each filter is',
    messages: operationMessages('mqtt.checkpoints', ['mqtt.checkpoint']),
    bindings: { mqtt: { qos: 0, retain: false, bindingVersion: BINDING_VERSION } },
  },
}

const PARAMETERS: Readonly<Record<string, { description: string; enum?: readonly string[] }>> = {
  tenantId: { description: 'The UUID of the tenant.' },
  petId: { description: 'The UUID of the pet.' },
  orderId: { description: 'The UUID of the order.' },
  adoptionId: { description: 'The UUID of the adoption.' },
  species: { description: 'The species.', enum: SPECIES },
  collection: {
    description: 'What kind of thing it is about.',
    enum: aggregates.map(({ collection }) => collection),
  },
  id: { description: 'What it is about.' },
  event: { description: 'The type of the event.', enum: eventNames },
}

const parametersOf = (address: string) =>
  Object.fromEntries(
    [...address.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => [
      name,
      PARAMETERS[name] ?? { description: name },
    ]),
  )

const described: readonly Described[] = [
  {
    key: 'petStatus',
    address: 'pets/{petId}/status',
    title: 'The status of a pet',
    description: 'A pet came into care, was reserved, found a home, left or came back.',
    messages: ['mqtt.petStatus'],
    isRetained: true,
  },
  {
    key: 'petAvailability',
    address: 'pets/{petId}/availability',
    title: 'Whether a pet can be had',
    description: 'Follows the status.',
    messages: ['mqtt.petAvailability'],
    isRetained: true,
  },
  {
    key: 'orderStatus',
    address: 'orders/{orderId}/status',
    title: 'The status of an order',
    description: 'For staff.',
    messages: ['mqtt.orderStatus'],
    isRetained: true,
  },
  {
    key: 'orderPayment',
    address: 'orders/{orderId}/payment',
    title: 'The payments of an order',
    description: 'For staff.',
    messages: ['mqtt.payment'],
    isRetained: false,
  },
  {
    key: 'adoptionStatus',
    address: 'adoptions/{adoptionId}/status',
    title: 'The status of an adoption',
    description: 'For staff.',
    messages: ['mqtt.adoptionStatus'],
    isRetained: true,
  },
  {
    key: 'stock',
    address: 'inventory/{species}/stock',
    title: 'How many pets of a species can be had',
    description: 'Counted by the read model.',
    messages: ['mqtt.stock'],
    isRetained: true,
  },
  {
    key: 'events',
    address: 'events/{collection}/{id}/{event}',
    title: 'Every event',
    description:
      'Whole CloudEvents. The user property `after` of SUBSCRIBE, or `$since/{cursor}/` before the filter, ' +
      'asks for what came after a cursor.',
    messages: eventNames,
    isRetained: false,
  },
]
