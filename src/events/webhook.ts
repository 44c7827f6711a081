// What can happen to a webhook endpoint: an address that a tenant's events are sent to. Its secrets
// are never here: they live beside the log, and events know them by their ids.
import { z } from 'zod'
import type { JsonObject } from '../core/json.ts'
import { type AggregateEvents, defineEvent, type EventOf } from './definition.ts'

export const webhookConfigSchema = z.strictObject({
  url: z.string(),
  events: z.array(z.string()), // types and patterns of types, as they were given
  description: z.string().nullable(),
  format: z.enum(['cloudevents', 'petstore']),
  mode: z.enum(['parallel', 'strict']),
  visibility: z.enum(['public', 'staff']),
  subjects: z.array(z.string()).nullable(), // patterns of subjects; null: whatever it is about
  maxInFlight: z.int(), // calls at once, in parallel mode
  asymmetric: z.boolean(), // signed by a key pair too, whose public key is published
})
export type WebhookConfig = z.infer<typeof webhookConfigSchema>

export const webhookStatusSchema = z.enum(['active', 'paused', 'disabled'])
export type WebhookStatus = z.infer<typeof webhookStatusSchema>

/** Version 1 knew no subjects, and eight calls at once were the limit of all; version 2 knew no key pairs. */
const ADDED = {
  1: { subjects: null, maxInFlight: 8 },
  2: { asymmetric: false },
} as const

const withConfig = (data: JsonObject, added: JsonObject): JsonObject => ({
  ...data,
  config: { ...(data['config'] as JsonObject), ...added },
})

/** A place in the log: events after it are sent. */
const place = z.int().min(0)

export const webhookRegistered = defineEvent({
  type: 'webhook.registered',
  version: 3,
  summary: 'An address was registered to which events are sent.',
  upcasts: { 1: (data) => withConfig(data, ADDED[1]), 2: (data) => withConfig(data, ADDED[2]) },
  schema: z.strictObject({ config: webhookConfigSchema, keyId: z.string(), after: place }),
  sample: {
    config: {
      url: 'https://hooks.example.org/pets',
      events: ['pet.*'],
      description: 'The website',
      format: 'cloudevents',
      mode: 'parallel',
      visibility: 'public',
      subjects: ['pets/*'],
      maxInFlight: 8,
      asymmetric: true,
    },
    keyId: '0199f3a0-7c1e-7a01-8000-0000000000d1',
    after: 4711,
  },
  personal: [],
  visibleToPublic: 'none',
})

export const webhookUpdated = defineEvent({
  type: 'webhook.updated',
  version: 3,
  upcasts: { 1: (data) => data, 2: (data) => data },
  summary: 'Some of what an endpoint asked for was changed; only the changed fields are given.',
  schema: z.strictObject({ changes: webhookConfigSchema.partial() }),
  sample: { changes: { events: ['pet.adopted', 'pet.status_changed'] } },
  personal: [],
  visibleToPublic: 'none',
})

export const webhookStatusChanged = defineEvent({
  type: 'webhook.status_changed',
  version: 1,
  summary:
    'An endpoint was paused, resumed or disabled; `after` is where a resumed one begins anew.',
  schema: z.strictObject({
    previousStatus: webhookStatusSchema,
    status: webhookStatusSchema,
    reason: z.string().nullable(),
    after: place.nullable(),
  }),
  sample: {
    previousStatus: 'active',
    status: 'disabled',
    reason: 'the receiver answered 410',
    after: null,
  },
  personal: [],
  visibleToPublic: 'none',
})

export const webhookSecretRotated = defineEvent({
  type: 'webhook.secret_rotated',
  version: 1,
  summary: 'An endpoint got a new secret; the ones before it sign for a while longer.',
  schema: z.strictObject({ keyId: z.string(), previousExpireAt: z.string() }),
  sample: {
    keyId: '0199f3a0-7c1e-7a01-8000-0000000000d2',
    previousExpireAt: '2026-08-23T10:00:00.000Z',
  },
  personal: [],
  visibleToPublic: 'none',
})

export const webhookRemoved = defineEvent({
  type: 'webhook.removed',
  version: 1,
  summary: 'An endpoint was removed with its secrets and what was known of its deliveries.',
  schema: z.strictObject({ reason: z.string().nullable() }),
  sample: { reason: null },
  personal: [],
  visibleToPublic: 'none',
})

export const webhookEvents = {
  category: 'webhook',
  collection: 'webhooks',
  events: [
    webhookRegistered,
    webhookUpdated,
    webhookStatusChanged,
    webhookSecretRotated,
    webhookRemoved,
  ],
} as const satisfies AggregateEvents

export type WebhookEvent = EventOf<(typeof webhookEvents.events)[number]>
