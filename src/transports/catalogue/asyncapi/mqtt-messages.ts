// What is sent on the topics of MQTT beside whole CloudEvents: small bodies that say what holds now.
import type { JsonObject } from '../../../core/json.ts'
import { SAMPLE_CURSOR } from '../sample.ts'
import { cursorSchema, uuidOf } from './events.ts'
import type { Message } from './types.ts'

export const SPECIES = ['DOG', 'CAT', 'RABBIT', 'BIRD', 'REPTILE', 'OTHER']

const ID = '0199f3a0-7c1e-7a01-8000-0000000000e1'
const UPDATED_AT = '2026-08-22T10:00:00.123Z'
const updatedAt: JsonObject = { type: 'string', format: 'date-time', description: 'Since when.' }

type State = Readonly<{ title: string; properties: JsonObject; example: JsonObject }>

const stateMessage = (name: string, { title, properties, example }: State): Message => ({
  name: `mqtt.${name}`,
  title,
  summary: title,
  contentType: 'application/json',
  payload: {
    type: 'object',
    required: Object.keys(properties),
    properties,
    additionalProperties: false,
  },
  examples: [{ name, payload: example }],
  tags: [{ name: 'state' }],
})

const statusOf = (values: readonly string[], more: JsonObject = {}): JsonObject => ({
  id: uuidOf('What it is about.'),
  ...more,
  status: { type: 'string', enum: values },
  updatedAt,
  cursor: cursorSchema,
})

const PET = ['AVAILABLE', 'PENDING', 'ADOPTED', 'NOT_AVAILABLE']

const atRest = { id: ID, updatedAt: UPDATED_AT, cursor: SAMPLE_CURSOR }

const open = (): JsonObject => ({
  id: uuidOf('What it is about.'),
  status: { type: 'string', description: 'The status.' },
  updatedAt,
  cursor: cursorSchema,
})

const states: Readonly<Record<string, Message>> = {
  'mqtt.petStatus': stateMessage('petStatus', {
    title: 'The status of a pet',
    properties: statusOf(PET),
    example: { ...atRest, status: 'AVAILABLE' },
  }),
  'mqtt.petAvailability': stateMessage('petAvailability', {
    title: 'Whether a pet can be had',
    properties: statusOf(PET, { available: { type: 'boolean' } }),
    example: { ...atRest, available: true, status: 'AVAILABLE' },
  }),
  'mqtt.orderStatus': stateMessage('orderStatus', {
    title: 'The status of an order',
    properties: open(),
    example: { ...atRest, status: 'PLACED' },
  }),
  'mqtt.adoptionStatus': stateMessage('adoptionStatus', {
    title: 'The status of an adoption',
    properties: open(),
    example: { ...atRest, status: 'SUBMITTED' },
  }),
  'mqtt.stock': stateMessage('stock', {
    title: 'How many pets of a species can be had',
    properties: {
      species: { type: 'string', enum: SPECIES },
      available: { type: 'integer', minimum: 0, description: 'Those that can be had.' },
      cursor: cursorSchema,
    },
    example: { species: 'CAT', available: 12, cursor: SAMPLE_CURSOR },
  }),
}

const payment: Message = {
  name: 'mqtt.payment',
  title: 'A payment of an order',
  summary: 'A payment was submitted, went through, failed or was given back.',
  contentType: 'application/json',
  payload: {
    type: 'object',
    required: ['id', 'status', 'updatedAt', 'cursor'],
    properties: {
      id: uuidOf('The order.'),
      paymentId: { type: 'string' },
      status: { type: 'string', enum: ['SUBMITTED', 'SUCCEEDED', 'FAILED', 'REFUNDED'] },
      amount: { type: 'string' },
      currency: { type: 'string' },
      code: { type: 'string', description: 'Why it failed.' },
      updatedAt,
      cursor: cursorSchema,
    },
    additionalProperties: false,
  },
  examples: [
    {
      name: 'succeeded',
      payload: {
        ...atRest,
        paymentId: '0199f3a0-7c1e-7a01-8000-0000000000c1',
        status: 'SUCCEEDED',
        amount: '75.00',
        currency: 'USD',
      },
    },
  ],
  tags: [{ name: 'payment' }],
}

const checkpoint: Message = {
  name: 'mqtt.checkpoint',
  title: 'How far a filter is',
  summary: 'Everything that the filter matches, up to the cursor, was sent.',
  contentType: 'application/json',
  payload: {
    type: 'object',
    required: ['filter', 'cursor', 'delivered'],
    properties: {
      filter: { type: 'string', description: 'As the client has subscribed to it.' },
      cursor: cursorSchema,
      delivered: {
        type: 'integer',
        minimum: 0,
        description: 'Events that were sent for this filter since the connection began.',
      },
    },
    additionalProperties: false,
  },
  examples: [
    {
      name: 'checkpoint',
      payload: { filter: 'events/pets/#', cursor: SAMPLE_CURSOR, delivered: 42 },
    },
  ],
  tags: [{ name: 'control' }],
}

export const mqttMessages: Readonly<Record<string, Message>> = {
  ...states,
  'mqtt.payment': payment,
  'mqtt.checkpoint': checkpoint,
}
