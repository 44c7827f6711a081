// The AsyncAPI document: made of the registry, and of the transports that are served and no other.
import { assertNever } from '../../../core/assert-never.ts'
import { type EventType, listEventTypes } from '../event-type.ts'
import { API_VERSION, type CatalogueOptions, type ServedTransport } from '../settings.ts'
import { CLOUD_EVENT_TYPE, eventMessages, eventSchemas } from './events.ts'
import { mqttPart } from './mqtt.ts'
import { ssePart } from './sse.ts'
import type { AsyncApiDocument, Part } from './types.ts'
import { webhooksPart } from './webhooks.ts'
import { webSocketPart } from './websocket.ts'

export const asyncApiDocument = (options: CatalogueOptions): AsyncApiDocument => {
  const { publicUrl, schemaBase, transports } = options
  const [sample] = listEventTypes(options).filter(({ type }) => type === 'pet.adopted')
  const parts = transports.map((transport) => partOf(transport, options, sample))
  const merged = <Name extends keyof Part>(name: Name): Part[Name] =>
    Object.assign({}, ...parts.map((part) => part[name])) as Part[Name]
  return {
    asyncapi: '3.0.0',
    id: `${publicUrl}/v1/asyncapi.json`,
    info: {
      title: 'Pawtrail events',
      version: API_VERSION,
      description: DESCRIPTION,
      license: { name: 'Unlicensed' },
      tags: [{ name: 'events' }],
      externalDocs: {
        url: `${publicUrl}/v1/event-types`,
        description: 'The types of events, each with its schema and samples.',
      },
    },
    defaultContentType: CLOUD_EVENT_TYPE,
    servers: merged('servers'),
    channels: merged('channels'),
    operations: merged('operations'),
    components: {
      schemas: eventSchemas(schemaBase),
      messages: { ...eventMessages(schemaBase), ...merged('messages') },
      securitySchemes: { bearer, ...merged('securitySchemes') },
    },
  }
}

const bearer = {
  type: 'http',
  scheme: 'bearer',
  bearerFormat: 'JWT',
  description: 'With the scope read:events everything of the tenant, else what is public.',
}

const DESCRIPTION = [
  'What happens, as it happens: the same events with the same ids on every transport, in the order of their subject,',
  'at least once. A cursor of one transport is good on every other, so that a consumer can stop on one',
  'and go on with another without a gap.',
].join(' ')

const partOf = (
  transport: ServedTransport,
  { publicUrl, mqttUrl }: CatalogueOptions,
  sample: EventType | undefined,
): Part => {
  switch (transport) {
    case 'sse':
      return ssePart(publicUrl)
    case 'websocket':
      return webSocketPart(publicUrl, sample)
    case 'mqtt':
      return mqttPart(publicUrl, mqttUrl)
    case 'webhooks':
      return webhooksPart(sample)
    default:
      return assertNever(transport)
  }
}
