// What the published documents say of the routes of webhooks.
import type { RouteDoc } from '../route-doc.ts'

const READ = ['read:webhooks'] as const
const WRITE = ['write:webhooks'] as const

export const webhookDocs = {
  list: {
    summary: 'List webhook endpoints',
    description: 'As they were registered. `cursor=` (empty at first) pages without gaps.',
    security: READ,
    headers: ['ETag', 'Event-Cursor', 'Link'],
  },
  get: { summary: 'One webhook endpoint', security: READ, headers: ['ETag', 'Event-Cursor'] },
  register: {
    summary: 'Register a webhook endpoint',
    description:
      'Events are sent to `url` as they happen, or from the cursor in `after` on (`earliest`, `now`). The secret ' +
      'that requests are signed with is in this answer and in no other. `visibility: staff` also needs the scope ' +
      'read:events. The address must be https and public. `mode: parallel` sends streams side by side, each in its ' +
      'order; `strict` sends one event after another. `format: petstore` sends the envelope {id, eventId, ' +
      'eventType, timestamp, data} instead of the CloudEvent. `subjects` narrows what is sent to pets, orders and so ' +
      'on (`pets/<id>`, `pets/*`); `maxInFlight` (8) is how many calls there may be at once. With `asymmetric` ' +
      'requests are signed by Ed25519 too (`v1a`): a receiver that reads the keys at `jwksUrl` needs no secret. An ' +
      'endpoint outlives the token that made it; one of the staff class is disabled when the account of the person ' +
      'who last said where it goes is deleted, and goes on from there once somebody of the staff resumes it.',
    security: WRITE,
    headers: ['ETag'],
    examples: {
      pets: {
        url: 'https://hooks.example.com/pets',
        events: ['pet.adopted', 'pet.status_changed'],
      },
      everything: { url: 'https://hooks.example.com/all', events: ['*'], mode: 'strict' },
    },
  },
  replace: {
    summary: 'Replace what an endpoint asks for',
    security: WRITE,
    headers: ['ETag'],
    examples: { pets: { url: 'https://hooks.example.com/pets', events: ['pet.*'] } },
  },
  patch: {
    summary: 'Change some of what an endpoint asks for',
    security: WRITE,
    headers: ['ETag'],
    examples: { more: { events: ['pet.*', 'shelter.*'] } },
  },
  remove: {
    summary: 'Remove a webhook endpoint',
    description:
      'With its secrets and what is known of its deliveries. Its events stay in the log.',
    security: WRITE,
  },
  deliveries: {
    summary: 'The newest calls to an endpoint, and how it stands',
    description:
      'One item a call, newest first, with the first 4 KiB of its answer; the newest 500 are kept. `cursor=` (empty ' +
      'at first) pages without gaps, also while new ones come. `next` goes into `before` for older ones.',
    security: READ,
    headers: ['Link'],
  },
  keys: {
    summary: 'The public keys of a webhook endpoint',
    description:
      'A JSON Web Key Set (RFC 7517) of the keys that sign now, the newest first, for endpoints with `asymmetric`. A ' +
      '`v1a` signature of a request is good when one of them verifies it over `id.timestamp.body`; the header ' +
      'webhook-key-id has the `kid` of the newest.',
    security: 'public',
  },
  test: {
    summary: 'Send a test event',
    description: 'At once and once, signed as all others; its type is `webhook.test`.',
    security: WRITE,
    idempotencyKey: false,
  },
  replay: {
    summary: 'Send events once more',
    description:
      'One by its `eventId`; a part of the log by cursors (`after`, `upTo`) or by time (`from`, `to`); narrowed by ' +
      '`types` and `subjects`. Only what the endpoint gets at all. `dryRun` says how many there would be.',
    security: WRITE,
    idempotencyKey: false,
    problems: [409],
    examples: {
      howMany: { after: 'earliest', types: ['pet.*'], dryRun: true },
      lastHour: { from: '2026-08-22T09:00:00Z', to: '2026-08-22T10:00:00Z' },
    },
  },
  rotateSecret: {
    summary: 'Get a new secret',
    description:
      'The ones before sign beside it for `overlapHours` (24), so that there is time to bring the new one to the ' +
      'receiver; four may sign at once. Its key pair for `v1a` is new as well, and overlaps as long.',
    security: WRITE,
    problems: [409, 412],
    headers: ['ETag'],
    examples: { soon: { overlapHours: 1 } },
  },
  pause: {
    summary: 'Send nothing for a while',
    description: 'What happens meanwhile is owed, at no cost.',
    security: WRITE,
    problems: [409, 412],
    headers: ['ETag'],
    examples: { why: { reason: 'Maintenance' } },
  },
  resume: {
    summary: 'Send again',
    description:
      'From where it stopped, or from `after`: a cursor, `earliest` or `now`. One of the staff class needs the scope ' +
      'read:events as well.',
    security: WRITE,
    problems: [409, 412],
    headers: ['ETag'],
    examples: { fresh: { after: 'now' } },
  },
} as const satisfies Readonly<Record<string, RouteDoc>>
