// A session as it is stored: its filters, each with the cursor of its oldest unacknowledged event,
// and the few messages that were sent and not acknowledged, so that they keep their packet ids.
import { z } from 'zod'
import type { JsonObject } from '../../core/json.ts'

const kindSchema = z.enum(['status', 'availability', 'payment', 'event', 'stock'])

const subscriptionSchema = z.object({
  filter: z.string(),
  qos: z.union([z.literal(0), z.literal(1)]),
  retainAsPublished: z.boolean(),
  id: z.number().optional(),
  cursor: z.string(), // everything up to here was acknowledged
  sentUpTo: z.number(), // everything up to here was sent: what is not in flight was acknowledged
  inFlight: z.array(z.tuple([z.number(), kindSchema, z.number()])), // position, kind, packet id
  needsSnapshot: z.boolean(), // the retained state was not sent to its end
})

const sessionSchema = z.object({
  nextId: z.number(),
  subscriptions: z.array(subscriptionSchema),
  checkpoints: z.object({ id: z.number().optional() }).optional(), // they are told
})

export type StoredSubscription = z.infer<typeof subscriptionSchema>
export type StoredSession = z.infer<typeof sessionSchema>

export const NEW_SESSION: StoredSession = { nextId: 1, subscriptions: [] }

/** A state of another build counts as none. */
export const decodeSession = (state: JsonObject | null): StoredSession | undefined => {
  if (state === null) return NEW_SESSION
  const parsed = sessionSchema.safeParse(state)
  return parsed.success ? parsed.data : undefined
}

export const encodeSession = (session: StoredSession): JsonObject => ({
  nextId: session.nextId,
  ...(session.checkpoints === undefined ? {} : { checkpoints: withId(session.checkpoints.id) }),
  subscriptions: session.subscriptions.map(({ id, ...subscription }) => ({
    ...subscription,
    ...withId(id),
  })),
})

const withId = (id: number | undefined) => (id === undefined ? {} : { id })
