// Bare CloudEvents over the WebSocket: everything is asked for in the request.
import type { JsonObject } from '../../../core/json.ts'
import type { EventType } from '../event-type.ts'
import { anyEvent } from './events.ts'
import { channelMessages, type Message, serverRef } from './types.ts'

export const BARE_CHANNEL = 'webSocketBare'
export const BARE_EVENT = 'ws.bareEvent'
const parameter = (description: string): JsonObject => ({ type: 'string', description })

export const bareChannel = {
  address: '/v1/events/ws',
  title: 'WebSocket, bare events',
  description:
    'Subprotocol `cloudevents.json`: one subscription, asked for by the parameters and the headers of the ' +
    'request. Each message is one CloudEvent; what the client says closes the connection. How it ends, ' +
    'the close code says; go on `after` the `cursor` of the last event.',
  servers: [serverRef('webSocket')],
  messages: channelMessages([BARE_EVENT]),
  bindings: {
    ws: {
      method: 'GET',
      query: {
        type: 'object',
        properties: {
          types: parameter('Types of events, separated by commas; `pet.*` for all that begin so.'),
          subject: parameter('What they are about: `pets/{id}`, `pets/*`.'),
          shelter: parameter('Ids of shelters.'),
          species: parameter('`DOG`: of pets of these species alone.'),
          after: parameter('A cursor, `earliest` or `now`.'),
        },
      },
      headers: {
        type: 'object',
        properties: {
          Authorization: parameter('A bearer token; none for the public.'),
          'X-Tenant-ID': parameter('The tenant; the shared pool without it.'),
        },
      },
      bindingVersion: '0.1.0',
    },
  },
}

export const bareEventMessage = (sample: EventType | undefined): Message => ({
  name: BARE_EVENT,
  title: 'Bare event',
  summary: 'A CloudEvent on its own.',
  contentType: 'application/json',
  payload: anyEvent(),
  examples:
    sample === undefined ? [] : [{ name: 'event', payload: sample.samples.staff as JsonObject }],
})
