// Server-Sent Events in the document: the stream and its control messages.
import type { JsonObject } from '../../../core/json.ts'
import { SAMPLE_CURSOR } from '../sample.ts'
import { cursorSchema, eventNames } from './events.ts'
import {
  channelMessages,
  channelRef,
  type Message,
  operationMessages,
  type Part,
  securityRef,
  serverRef,
} from './types.ts'

const CHANNEL = 'eventStream'

export const ssePart = (publicUrl: string): Part => {
  const { protocol, host, pathname } = new URL(publicUrl)
  const names = [...eventNames, ...Object.keys(controls)]
  return {
    servers: {
      http: {
        host,
        ...(pathname === '/' ? {} : { pathname }),
        protocol: protocol.replace(':', ''),
        title: 'HTTP',
        description: 'Server-Sent Events. Without a token: the public events of the shared pool.',
        security: [securityRef('bearer')],
      },
    },
    channels: {
      [CHANNEL]: {
        address: '/v1/events/stream',
        title: 'Server-Sent Events',
        description:
          'First what the cursor has not seen, then what happens. A dropped stream goes on from its Last-Event-ID ' +
          'without a gap. Events come without an event name; named ones are for control.',
        servers: [serverRef('http')],
        messages: channelMessages(names),
      },
    },
    operations: {
      streamEvents: {
        action: 'send',
        channel: channelRef(CHANNEL),
        title: 'Stream events',
        summary: 'The server sends events as they happen.',
        messages: operationMessages(CHANNEL, names),
        security: [securityRef('bearer')],
        bindings: { http: { method: 'GET', query, bindingVersion: '0.3.0' } },
      },
    },
    messages: controls,
    securitySchemes: {},
  }
}

const query: JsonObject = {
  type: 'object',
  properties: {
    types: { type: 'string', description: 'Types by comma; `pet.*` for all that begin so.' },
    subject: { type: 'string', description: '`pets/{id}` or `pets/*`, by comma.' },
    shelter: { type: 'string', description: 'Ids of shelters by comma: of their pets alone.' },
    species: { type: 'string', description: '`DOG`, by comma: of pets of these species alone.' },
    ticket: { type: 'string', description: 'For who can send no headers; says the filter, too.' },
    after: { type: 'string', description: 'A cursor, `earliest` or `now`. Last-Event-ID wins.' },
    checkpoints: {
      type: 'string',
      enum: ['id', 'event'],
      default: 'id',
      description: 'Checkpoints as ids alone, or as events with a count.',
    },
  },
  additionalProperties: false,
}

type Control = Readonly<{
  summary: string
  properties: JsonObject
  optional?: JsonObject
  example: JsonObject
}>

const control = (
  name: string,
  { summary, properties, optional, example }: Control,
): [string, Message] => [
  `sse.${name}`,
  {
    name: `sse.${name}`,
    title: `event: ${name}`,
    summary,
    contentType: 'application/json',
    payload: {
      type: 'object',
      required: Object.keys(properties),
      properties: { ...properties, ...optional },
    },
    examples: [{ name, payload: example }],
    tags: [{ name: 'control' }],
  },
]

const word = (description: string): JsonObject => ({ type: 'string', description })
const whole = (description: string): JsonObject => ({ type: 'integer', minimum: 0, description })
const delivered = whole('Events sent in this stream.')

const controls: Readonly<Record<string, Message>> = Object.fromEntries([
  control('ready', {
    summary: 'The stream is open.',
    properties: {
      head: cursorSchema,
      resumedFrom: word('Where it begins: the word that was asked for, or a cursor.'),
      heartbeatMs: whole('Something comes at least this often.'),
      expiresAt: { type: 'string', format: 'date-time', description: 'When the stream ends.' },
      delivered,
    },
    example: {
      head: SAMPLE_CURSOR,
      resumedFrom: 'earliest',
      heartbeatMs: 15_000,
      expiresAt: '2026-08-22T10:10:00.000Z',
      delivered: 0,
    },
  }),
  control('checkpoint', {
    summary: 'Everything that matches up to the cursor was sent.',
    properties: { cursor: cursorSchema, delivered },
    example: { cursor: SAMPLE_CURSOR, delivered: 42 },
  }),
  control('gap', {
    summary: 'The cursor is of an earlier log: fetch the state anew. Events go on from here.',
    properties: {
      reason: { const: 'other_epoch' },
      resumedFrom: cursorSchema,
      earliest: { const: 'earliest' },
      snapshot: word('Where the state is.'),
    },
    example: {
      reason: 'other_epoch',
      resumedFrom: SAMPLE_CURSOR,
      earliest: 'earliest',
      snapshot: '/v1/pets',
    },
  }),
  control('lag', {
    summary: 'The reader fell behind and is being caught up; nothing is left out.',
    properties: { behindMs: whole('By how much.') },
    example: { behindMs: 900 },
  }),
  control('bye', {
    summary: 'The stream ends; come back with the cursor.',
    properties: {
      reason: {
        type: 'string',
        enum: ['shutdown', 'lifetime', 'token_expired', 'revoked'],
        description: 'Why.',
      },
      cursor: cursorSchema,
      delivered,
    },
    optional: { retryAfterMs: whole('How long to wait; without it, do not come back.') },
    example: { reason: 'lifetime', cursor: SAMPLE_CURSOR, delivered: 42, retryAfterMs: 2137 },
  }),
])
