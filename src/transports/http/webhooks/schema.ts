// What requests on webhooks must look like, and what is answered.
import { z } from 'zod'
import { tenantIdSchema } from '../../../core/ids.ts'
import { canonicalEventName, MAX_IN_FLIGHT } from '../../../core/webhooks.ts'
import { definitionOf, definitions } from '../../../events/registry.ts'
import { ignored, optionalText, pathId, queryInteger, queryText, text } from '../fields.ts'
import { clash, collectionOf, listParameters, notBoth, paginationSchema } from '../paging.ts'

const MAX_PATTERNS = 50
const MAX_PATTERN_LENGTH = 120
const MAX_CURSOR_LENGTH = 64
const MAX_OVERLAP_HOURS = 168
const DEFAULT_OVERLAP_HOURS = 24

const globOf = (pattern: string): RegExp =>
  new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll(/\*+/g, '.*')}$`)

const meansSomething = (pattern: string): boolean => {
  const name = canonicalEventName(pattern)
  if (!name.includes('*')) return definitionOf(name) !== undefined
  if (!/^[a-z0-9_.*]+$/.test(name)) return false
  const glob = globOf(name)
  return definitions.some(({ type }) => glob.test(type))
}

const eventPattern = z
  .string()
  .max(MAX_PATTERN_LENGTH)
  .refine(meansSomething, {
    error: 'Must be an event such as pet.adopted, or a pattern such as pet.* or *',
    params: { code: 'INVALID_VALUE' },
  })
const subjectPattern = z
  .string()
  .max(MAX_PATTERN_LENGTH)
  .regex(/^[A-Za-z0-9_-]+\/(\*|[A-Za-z0-9_.:-]+)$|^\*$/, {
    error: 'Must be a subject such as pets/<id>, or a pattern such as pets/* or *',
  })
const events = z.array(eventPattern).min(1).max(MAX_PATTERNS)

/** Whether the address may be called is found out afterwards. */
const url = z.string().min(1).max(2_000)
const fields = {
  url,
  events,
  description: optionalText(500),
  format: z.enum(['cloudevents', 'petstore']).optional(),
  mode: z.enum(['parallel', 'strict']).optional(),
  visibility: z.enum(['public', 'staff']).optional(),
  subjects: z.array(subjectPattern).min(1).max(MAX_PATTERNS).nullable().optional(),
  maxInFlight: z.int().min(1).max(MAX_IN_FLIGHT).optional(),
  asymmetric: z.boolean().optional(),
}
const readOnly = {
  id: ignored,
  tenantId: ignored,
  status: ignored,
  statusReason: ignored,
  secrets: ignored,
  jwksUrl: ignored,
  createdAt: ignored,
  updatedAt: ignored,
}
/** A cursor, or a word for one of the ends of the log. */
const place = z.string().min(1).max(MAX_CURSOR_LENGTH)

export const registerBody = z.strictObject({ ...fields, after: place.optional(), ...readOnly })
export const replaceBody = z.strictObject({ ...fields, ...readOnly })
export const patchBody = z.strictObject({
  ...fields,
  url: url.optional(),
  events: events.optional(),
  ...readOnly,
})
export const reasonBody = z.strictObject({ reason: optionalText(500) }).optional()
export const resumeBody = z
  .strictObject({ reason: optionalText(500), after: place.optional() })
  .optional()
export const rotateBody = z
  .strictObject({
    overlapHours: z.number().min(0).max(MAX_OVERLAP_HOURS).default(DEFAULT_OVERLAP_HOURS),
  })
  .optional()
export const DEFAULT_OVERLAP = DEFAULT_OVERLAP_HOURS

const time = z.iso.datetime({ offset: true, error: 'Must be a time such as 2026-08-22T10:00:00Z' })
const oneOfThem = {
  error: 'One of eventId, after and from says what is sent',
  path: ['eventId'],
  params: { code: 'REQUIRED' },
}
export const replayBody = z
  .strictObject({
    eventId: text(64).optional(),
    after: place.optional(),
    upTo: place.optional(),
    from: time.optional(),
    to: time.optional(),
    types: z.array(z.string().min(1).max(MAX_PATTERN_LENGTH)).min(1).max(MAX_PATTERNS).optional(),
    subjects: z
      .array(z.string().min(1).max(MAX_PATTERN_LENGTH))
      .min(1)
      .max(MAX_PATTERNS)
      .optional(),
    dryRun: z.boolean().optional(),
  })
  .refine(
    ({ eventId, after, from }) =>
      [eventId, after, from].filter((each) => each !== undefined).length === 1,
    oneOfThem,
  )
  .refine(({ from = '', to = '' }) => !(Date.parse(from) > Date.parse(to)), {
    error: 'Must not be after to',
    path: ['from'],
    params: { code: 'OUT_OF_RANGE' },
  })
export type ReplayBody = z.output<typeof replayBody>

export const webhookSchema = z
  .strictObject({
    id: z.string(),
    url: z.string(),
    events: z.array(z.string()),
    description: z.string().optional(),
    format: z.enum(['cloudevents', 'petstore']),
    mode: z.enum(['parallel', 'strict']),
    visibility: z.enum(['public', 'staff']),
    subjects: z.array(z.string()).optional(),
    maxInFlight: z.int(),
    asymmetric: z.boolean(),
    status: z.enum(['active', 'paused', 'disabled']),
    statusReason: z.string().optional(),
    secrets: z.array(
      z.strictObject({
        id: z.string(),
        createdAt: z.iso.datetime(),
        expiresAt: z.iso.datetime().optional(),
      }),
    ),
    jwksUrl: z.string().optional().describe('Where the public keys of its `v1a` signatures are'),
    tenantId: z.string().optional(),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .meta({ id: 'Webhook' })
/** With the secret, which is shown this once. */
export const withSecretSchema = webhookSchema
  .extend({ secret: z.string().optional() })
  .meta({ id: 'WebhookWithSecret' })
export const listSchema = collectionOf(webhookSchema)
export const listQuery = z.strictObject(listParameters).refine(notBoth, clash)

const ms = z.number().optional()
/** In milliseconds; without what did not happen, or was there already as a connection that was kept. */
const timesSchema = z
  .strictObject({
    dnsMs: ms.describe('To ask for the addresses of the name'),
    connectMs: ms,
    tlsMs: ms.describe('To agree on keys, after the connection stood'),
    firstByteMs: ms.describe('From the beginning until the head of the answer was there'),
    totalMs: z.number(),
  })
  .meta({ id: 'WebhookAttemptTimes' })

const attemptSchema = z
  .strictObject({
    id: z.int(),
    eventId: z.string(),
    type: z.string(),
    subject: z.string(),
    attempt: z.int(),
    at: z.iso.datetime(),
    outcome: z.enum(['delivered', 'failed', 'dead', 'refused']),
    detail: z.string(),
    status: z.int().optional(),
    durationMs: z.number(),
    times: timesSchema.optional(),
    answer: z.string(),
    secretIds: z.array(z.string()),
    nextAttemptAt: z.iso.datetime().optional(),
  })
  .meta({ id: 'WebhookAttempt' })
export const deliveriesSchema = z.strictObject({
  data: z.array(attemptSchema),
  pagination: paginationSchema,
  next: z.int().optional(),
  standing: z.strictObject({
    cursor: z.string(),
    health: z.enum(['good', 'failing', 'held_back']),
    failingSince: z.iso.datetime().optional(),
    heldBackUntil: z.iso.datetime().optional(),
    lastSuccessAt: z.iso.datetime().optional(),
    blockedStreams: z.int(),
    deadLetters: z.int(),
    replays: z.int(),
  }),
  deadLetters: z.array(
    z.strictObject({
      eventId: z.string(),
      type: z.string(),
      subject: z.string(),
      attempts: z.int(),
      cause: z.string(),
      diedAt: z.iso.datetime(),
    }),
  ),
})
export const testSchema = z.strictObject({
  delivered: z.boolean(),
  status: z.int().optional(),
  detail: z.string(),
  durationMs: z.number(),
  times: timesSchema.optional(),
  answer: z.string(),
})
export const replaySchema = z.strictObject({
  events: z.int(),
  complete: z.boolean(),
  replayId: z.string().optional(),
})

export const keysSchema = z
  .strictObject({
    keys: z.array(
      z.strictObject({
        kty: z.literal('OKP'),
        crv: z.literal('Ed25519'),
        x: z.string(),
        kid: z.string().describe('The id of the secret beside it'),
        use: z.literal('sig'),
        alg: z.literal('EdDSA'),
      }),
    ),
  })
  .meta({ id: 'WebhookKeys' })

export const keysParams = z.strictObject({ tenantId: tenantIdSchema, id: pathId })
export const idParams = z.strictObject({ id: pathId })
export const noQuery = z.strictObject({})
export const removeQuery = z.strictObject({ reason: optionalText(500) })
export const deliveriesQuery = z
  .strictObject({
    before: queryInteger(1, Number.MAX_SAFE_INTEGER).optional(), // the id of a call; older ones come
    eventId: queryText(64).optional(),
    ...listParameters,
  })
  .refine(notBoth, clash)
  .refine(({ before, page, cursor }) => before === undefined || (page ?? cursor) === undefined, {
    path: ['before'],
    error: 'Cannot be combined with page or cursor',
    params: { code: 'INVALID_VALUE' },
  })
export const tags = ['webhooks']
