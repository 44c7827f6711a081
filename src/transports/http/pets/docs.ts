// What the published documents say of the routes of pets.
import type { RouteDoc } from '../route-doc.ts'

const STAFF = ['write:pets'] as const
const READ_HEADERS = ['ETag', 'Event-Cursor'] as const
const LIST_HEADERS = [...READ_HEADERS, 'Link'] as const

const luna = {
  name: 'Luna',
  species: 'CAT',
  breed: 'Domestic Shorthair',
  ageMonths: 18,
  size: 'SMALL',
  color: 'Tabby',
  gender: 'FEMALE',
  goodWithKids: true,
  price: '75.00',
  currency: 'USD',
  description: 'A playful tabby who loves sunny windows.',
  medicalInfo: { spayedNeutered: true, vaccinated: true },
} as const

const search: RouteDoc = {
  summary: 'Search pets',
  description:
    'The same search as `GET /v1/pets`, asked by a body that can say all that its parameters can; a member that it ' +
    'does not know is refused. Names are taken in snake_case too, values in either case. QUERY is safe and ' +
    'idempotent (RFC 10008); POST is for clients and proxies that cannot send it.',
  security: 'optional',
  idempotencyKey: false,
  headers: LIST_HEADERS,
  examples: {
    kittens: {
      criteria: { species: ['CAT'], ageRange: { max: 12 }, compatibility: { goodWithKids: true } },
      sort: { field: 'ageMonths', order: 'ASC' },
      pagination: { page: 1, limit: 10 },
    },
    onwards: {
      criteria: { status: ['AVAILABLE'] },
      facets: ['species', 'size'],
      include: ['links'],
      pagination: { cursor: '', limit: 50 },
    },
    everything: {},
  },
}

export const petDocs = {
  list: {
    summary: 'List pets',
    description:
      'Available pets unless `status` says otherwise, newest first unless `sort` does. `q` is full text search that ' +
      'forgives typing errors. `facets` adds counts; `cursor=` (empty at first) pages without gaps.',
    security: 'optional',
    headers: LIST_HEADERS,
  },
  search,
  get: { summary: 'One pet', security: 'optional', headers: READ_HEADERS },
  create: {
    summary: 'Take a pet into care',
    description: 'One of `price` and `adoptionFee` is needed.',
    security: STAFF,
    headers: ['ETag'],
    examples: {
      luna,
      short: { name: 'Rex', species: 'DOG', ageMonths: 30, adoptionFee: 150, status: 'AVAILABLE' },
      intake: {
        ...{
          name: 'Pip',
          species: 'RABBIT',
          ageMonths: 5,
          price: '20.00',
          status: 'NOT_AVAILABLE',
        },
        intake: { kind: 'STRAY', date: '2026-08-22', source: 'Found near Elm Street' },
      },
    },
  },
  replace: {
    summary: 'Replace what is known of a pet',
    description: 'What is left out becomes unknown. Photos are added, never taken away.',
    security: STAFF,
    headers: ['ETag'],
    examples: { luna: { ...luna, ageMonths: 19 } },
  },
  patch: {
    summary: 'Change some of what is known of a pet',
    description: 'JSON Merge Patch: null makes a member unknown.',
    security: STAFF,
    headers: ['ETag'],
    examples: {
      older: { ageMonths: 20 },
      hold: { status: 'NOT_AVAILABLE', reason: 'medical hold' },
    },
  },
  remove: {
    summary: 'Take a pet out of every list',
    description: 'Its history stays. A reserved pet cannot be removed.',
    security: STAFF,
  },
  outcome: {
    summary: 'Record how a pet left care otherwise than by adoption',
    security: STAFF,
    headers: ['ETag'],
    problems: [412],
    examples: { transfer: { kind: 'TRANSFER_OUT', destination: 'Riverside Rescue' } },
  },
  returned: {
    summary: 'Take an adopted pet back into care',
    security: STAFF,
    headers: ['ETag'],
    problems: [412],
    examples: { allergy: { reason: 'allergy in the family', condition: 'healthy' } },
  },
  history: {
    summary: 'Who did what to a pet, and why',
    description:
      'Its events in order. `changes` is what each changed of the pet; `details` is what it says besides: the kind, ' +
      'date and destination of an outcome, the intake at an admission or return, the order or adoption, the reason. ' +
      'Removed pets keep theirs. `after` begins behind a version of the pet; `cursor=` (empty at first) pages too.',
    security: ['read:audit'],
    headers: ['Event-Cursor', 'Link'],
  },
  upload: {
    summary: 'Add a photo',
    description: 'JPEG, PNG or WebP by its bytes, at most 5 MB; or the address of one as JSON.',
    security: STAFF,
    headers: ['ETag'],
    problems: [412],
    requestContent: {
      'multipart/form-data': {
        schema: {
          type: 'object',
          required: ['file'],
          properties: {
            file: { type: 'string', contentMediaType: 'application/octet-stream' },
            additionalMetadata: { type: 'string', description: 'What the photo shows.' },
          },
        },
      },
      'application/json': {
        schema: {
          type: 'object',
          required: ['url'],
          properties: {
            url: { type: 'string', format: 'uri' },
            additionalMetadata: { type: 'string' },
          },
        },
      },
    },
  },
  image: {
    summary: 'The bytes of a photo',
    description: 'An <img> cannot send a header: `tenant` then names the tenant.',
    security: 'optional',
    headers: ['ETag'],
    responseContent: { 200: { 'image/*': { schema: {} } } },
  },
} as const satisfies Readonly<Record<string, RouteDoc>>
