// What the published documents say of the routes of events.
import { z } from 'zod'

const cloudEvent = z
  .strictObject({
    specversion: z.literal('1.0'),
    id: z.string(),
    source: z.string(),
    type: z.string(),
    subject: z.string(),
    time: z.string(),
    datacontenttype: z.literal('application/json'),
    dataschema: z.string(),
    data: z.record(z.string(), z.unknown()),
  })
  .catchall(z.unknown())
  .meta({ id: 'CloudEvent', description: 'An event as CloudEvents 1.0, with extensions.' })

export const eventPage = z.strictObject({
  data: z.array(cloudEvent),
  nextCursor: z.string(),
  upToDate: z.boolean(),
})

const list = (description: string) =>
  z
    .array(z.string())
    .optional()
    .meta({ type: 'array', items: { type: 'string' }, description })

const filter = {
  types: list('Types of events, with `*` at the end for all that begin so.'),
  subject: list('What the events are about: `pets/<id>`, or `pets/*`.'),
  shelter: list('Ids of shelters: events of pets that are, or were until then, in one of them.'),
  species: list('Species: events of pets of one of them, such as `DOG`.'),
  after: z
    .string()
    .optional()
    .meta({ description: 'A cursor of an earlier answer, `earliest` or `now`.' }),
}
const filterBody = {
  types: list('Types of events.'),
  subjects: list('What the events are about.'),
  shelters: list('Ids of shelters.'),
  species: list('Species of pets.'),
}
const word = (description: string) => z.string().optional().meta({ description })

export const pageDoc = {
  summary: 'Events in pages',
  description: 'At the end of the log `wait` holds the answer until something happens.',
  security: 'optional',
  operationId: 'listEvents',
  tags: ['events'],
  problems: [410],
  headers: ['Event-Cursor', 'Link'],
  query: z.strictObject({
    ...filter,
    limit: word('How many at most: 1 to 500, else 100.'),
    wait: word('Seconds to wait for the first event: 0 to 25, else 0.'),
  }),
} as const

const streamItem = {
  type: 'object',
  properties: {
    id: { type: 'string', description: 'A cursor, for Last-Event-ID.' },
    event: { type: 'string' },
    retry: { type: 'integer', minimum: 0 },
    data: {
      type: 'string',
      contentMediaType: 'application/json',
      contentSchema: { $ref: '#/components/schemas/CloudEvent' },
    },
  },
} as const

export const streamDoc = {
  summary: 'Events as they happen',
  description:
    'Server-Sent Events: first what the cursor has not seen, then what happens. A dropped stream goes on from ' +
    'its Last-Event-ID without a gap. QUERY and POST take the filter as a body. 204: the stream of this ticket ' +
    'was ended for good, and an EventSource does not come back.',
  security: 'optional',
  operationId: 'streamEvents',
  tags: ['events'],
  problems: [410],
  idempotencyKey: false,
  query: z.strictObject({
    ...filter,
    checkpoints: word('How checkpoints are written: `id` (a bare id, the default) or `event`.'),
    ticket: word('A ticket in place of a token and a filter.'),
  }),
  body: z.strictObject({ ...filterBody, after: word('Where to begin.') }).optional(),
  responseContent: { 200: { 'text/event-stream': { itemSchema: streamItem } } },
} as const

export const streamTicket = z.strictObject({
  ticket: z.string(),
  url: z.string().meta({ description: 'Of the stream, with the ticket in it.' }),
  expiresAt: z.string().meta({ description: 'Until when its stream must have begun.' }),
})

export const ticketDoc = {
  summary: 'A ticket for a stream',
  description:
    'For an EventSource, which can send no header: good for one stream of this caller and filter, to be begun ' +
    'within 30 seconds. Its own stream may come back with it until 60 seconds after a drop.',
  security: [],
  operationId: 'createStreamTicket',
  tags: ['events'],
  problems: [429, 503],
  idempotencyKey: false,
  body: z.strictObject({ ...filterBody, after: word('Where to begin, else now.') }).optional(),
} as const

export const filteredStreamDoc = {
  ...streamDoc,
  summary: 'Events as they happen, filtered by a body',
  operationId: 'queryEvents',
} as const
