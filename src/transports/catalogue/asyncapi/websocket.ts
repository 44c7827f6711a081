// The WebSocket in the document: JSON messages both ways, told apart by their member `op`.
import type { JsonObject } from '../../../core/json.ts'
import type { EventType } from '../event-type.ts'
import { SAMPLE_CURSOR } from '../sample.ts'
import { anyEvent, cursorSchema } from './events.ts'
import { BARE_CHANNEL, BARE_EVENT, bareChannel, bareEventMessage } from './websocket-bare.ts'
import {
  channelMessages,
  channelRef,
  type Message,
  operationMessages,
  type Part,
  securityRef,
  serverRef,
} from './types.ts'

const CHANNEL = 'webSocket'

export const webSocketPart = (publicUrl: string, sample: EventType | undefined): Part => {
  const { protocol, host, pathname } = new URL(publicUrl)
  const fromServer = { ...serverMessages, 'ws.event': eventMessage(sample) }
  const messages = { ...clientMessages, ...fromServer }
  return {
    servers: {
      webSocket: {
        host,
        ...(pathname === '/' ? {} : { pathname }),
        protocol: protocol === 'https:' ? 'wss' : 'ws',
        title: 'WebSocket',
        description:
          'Subprotocol `pawtrail.events.v1`: the first message brings the token. Subprotocol ' +
          '`cloudevents.json`: the request brings it, and there are events and nothing else.',
        security: [securityRef('bearer')],
      },
    },
    channels: {
      [CHANNEL]: {
        address: '/v1/events/ws',
        title: 'WebSocket',
        description:
          'One connection, several subscriptions, each with a filter and a cursor of its own.',
        servers: [serverRef('webSocket')],
        messages: channelMessages(Object.keys(messages)),
        bindings: { ws: { method: 'GET', bindingVersion: '0.1.0' } },
      },
      [BARE_CHANNEL]: bareChannel,
    },
    operations: {
      receiveCommand: {
        action: 'receive',
        channel: channelRef(CHANNEL),
        title: 'Receive commands',
        summary: 'The client signs in, subscribes, and says how much it can take.',
        messages: operationMessages(CHANNEL, Object.keys(clientMessages)),
      },
      sendOverWebSocket: {
        action: 'send',
        channel: channelRef(CHANNEL),
        title: 'Send events',
        summary: 'The server answers, and sends events as they happen.',
        messages: operationMessages(CHANNEL, Object.keys(fromServer)),
      },
      sendBareEvents: {
        action: 'send',
        channel: channelRef(BARE_CHANNEL),
        title: 'Send bare events',
        summary: 'CloudEvents and nothing else.',
        messages: operationMessages(BARE_CHANNEL, [BARE_EVENT]),
      },
    },
    messages: { ...messages, [BARE_EVENT]: bareEventMessage(sample) },
    securitySchemes: {},
  }
}

type Op = Readonly<{
  summary: string
  required: JsonObject
  optional?: JsonObject
  example: JsonObject
}>

const message = (op: string, { summary, required, optional, example }: Op): [string, Message] => [
  `ws.${op}`,
  {
    name: `ws.${op}`,
    title: `op: ${op}`,
    summary,
    contentType: 'application/json',
    payload: {
      type: 'object',
      required: ['op', ...Object.keys(required)],
      properties: { op: { const: op }, ...required, ...optional },
    },
    examples: [{ name: op, payload: { op, ...example } }],
    tags: [{ name: 'control' }],
  },
]

const text = (description: string): JsonObject => ({ type: 'string', description })
const whole = (description: string): JsonObject => ({ type: 'integer', minimum: 0, description })
const list = (description: string): JsonObject => ({
  type: 'array',
  items: { type: 'string' },
  description,
})
const time = (description: string): JsonObject => ({
  type: 'string',
  format: 'date-time',
  description,
})
const id = whole('Chosen by the client; the answer has it too.')
const ch = text('Names the subscription in what the server sends.')
const CH = 'k3'
const AT = '2026-08-22T10:10:00.000Z'

const clientMessages: Readonly<Record<string, Message>> = Object.fromEntries([
  message('auth', {
    summary: 'Brings the token: first of all, and again before it ends.',
    required: {},
    optional: {
      token: { type: ['string', 'null'], description: 'An access token; none for the public.' },
      tenant: { type: ['string', 'null'], description: 'The tenant; the shared pool without it.' },
    },
    example: { token: 'eyJhbGciOi...', tenant: '0199f3a0-7c1e-7a01-8000-00000000000a' },
  }),
  message('sub', {
    summary: 'Subscribes.',
    required: { id },
    optional: {
      filter: {
        type: 'object',
        properties: {
          types: list('Types of events, `pet.*` for all that begin so.'),
          subject: list('What they are about: `pets/{id}`, `pets/*`.'),
          shelters: list('Ids of shelters: of their pets alone.'),
          species: list('`DOG`: of pets of these species alone.'),
        },
      },
      after: text('A cursor, `earliest` or `now`.'),
      mode: {
        enum: ['all', 'latest'],
        description:
          'Every event; or, while it is behind, the newest of each subject and no older one.',
      },
      credit: whole('How many events may come before more is granted.'),
    },
    example: { id: 1, filter: { types: ['pet.*'] }, after: SAMPLE_CURSOR, mode: 'all' },
  }),
  message('unsub', {
    summary: 'Ends a subscription.',
    required: { id },
    example: { id: 1 },
  }),
  message('credit', {
    summary: 'Grants more events.',
    required: { ch, n: whole('So many more.') },
    example: { ch: CH, n: 256 },
  }),
  message('ping', {
    summary: 'Asks whether the server is there.',
    required: {},
    optional: { ts: { type: 'number', description: 'Sent back as it is.' } },
    example: { ts: 1 },
  }),
])

const serverMessages: Readonly<Record<string, Message>> = Object.fromEntries([
  message('welcome', {
    summary: 'The token is good.',
    required: {
      conn: text('Names the connection in the logs.'),
      hb: whole('A ping comes so often, in milliseconds.'),
      limits: { type: 'object' },
    },
    optional: { expiresAt: time('When the token ends.') },
    example: { conn: 'c1', hb: 20_000, limits: { subs: 128, msgBytes: 16_384 }, expiresAt: AT },
  }),
  message('subbed', {
    summary: 'The subscription stands.',
    required: {
      id,
      ch,
      resumed: { type: 'boolean' },
      from: text('Where it begins.'),
      head: cursorSchema,
    },
    example: { id: 1, ch: CH, resumed: true, from: SAMPLE_CURSOR, head: SAMPLE_CURSOR },
  }),
  message('cp', {
    summary: 'A checkpoint: everything that matches up to the cursor was sent.',
    required: { ch, cursor: cursorSchema, n: whole('Events sent in this subscription.') },
    example: { ch: CH, cursor: SAMPLE_CURSOR, n: 42 },
  }),
  message('unsubbed', {
    summary: 'The subscription has ended, as was asked.',
    required: { id, ch },
    example: { id: 1, ch: CH },
  }),
  message('gap', {
    summary: 'The cursor is of an earlier log: fetch the state anew. Events go on from here.',
    required: {
      ch,
      reason: { const: 'other_epoch' },
      resumedFrom: cursorSchema,
      earliest: { const: 'earliest' },
      snapshot: text('Where the state is.'),
    },
    example: {
      ch: CH,
      reason: 'other_epoch',
      resumedFrom: SAMPLE_CURSOR,
      earliest: 'earliest',
      snapshot: '/v1/pets',
    },
  }),
  message('lag', {
    summary: 'The client fell behind and is being caught up; nothing is left out.',
    required: { ch, behindMs: whole('By how much.') },
    example: { ch: CH, behindMs: 900 },
  }),
  message('revoked', {
    summary: 'The right to these events is gone, and the subscription with it.',
    required: { id, ch, cursor: cursorSchema, n: whole('Events sent in this subscription.') },
    example: { id: 1, ch: CH, cursor: SAMPLE_CURSOR, n: 42 },
  }),
  message('expiring', {
    summary: 'The token ends soon: send another.',
    required: { at: time('When.') },
    example: { at: AT },
  }),
  message('pong', {
    summary: 'The answer to ping.',
    required: {},
    optional: { ts: { type: 'number', description: 'As it was sent.' } },
    example: { ts: 1 },
  }),
  message('err', {
    summary: 'A command was refused; the connection stays.',
    required: { problem: { type: 'object', description: 'A problem of RFC 9457.' } },
    optional: { id, retryAfterMs: whole('How long to wait.') },
    example: { id: 1, problem: { title: 'Validation Error', status: 422 } },
  }),
  message('bye', {
    summary: 'The connection ends. With a code below 4500: come back with the last cursor.',
    required: { code: whole('The close code that follows.') },
    optional: {
      retryAfterMs: whole('How long to wait.'),
      cursor: text('Up to here everything was sent, in all subscriptions that were open.'),
    },
    example: { code: 4001, retryAfterMs: 3000, cursor: SAMPLE_CURSOR },
  }),
])

const eventMessage = (sample: EventType | undefined): Message => ({
  name: 'ws.event',
  title: 'op: event',
  summary: 'An event of a subscription.',
  contentType: 'application/json',
  payload: {
    type: 'object',
    required: ['op', 'ch', 'e'],
    properties: { op: { const: 'event' }, ch, e: anyEvent() },
  },
  examples:
    sample === undefined
      ? []
      : [
          {
            name: 'event',
            payload: { op: 'event', ch: CH, e: sample.samples.staff as JsonObject },
          },
        ],
})
