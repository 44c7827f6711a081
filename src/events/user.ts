// What can happen to a user. Passwords are never here: their hashes live beside the log.
import { z } from 'zod'
import { type AggregateEvents, defineEvent, type EventOf } from './definition.ts'

export const userProfileSchema = z.strictObject({
  username: z.string(),
  email: z.string(),
  firstName: z.string(),
  lastName: z.string(),
  phone: z.string().nullable(),
  preferences: z.strictObject({ newsletter: z.boolean(), notifications: z.boolean() }).nullable(),
})
export type UserProfile = z.infer<typeof userProfileSchema>

export const userRegistered = defineEvent({
  type: 'user.registered',
  version: 1,
  summary: 'A person registered.',
  schema: z.strictObject({ profile: userProfileSchema, scopes: z.array(z.string()) }),
  sample: {
    profile: {
      username: 'ada',
      email: 'ada@example.org',
      firstName: 'Ada',
      lastName: 'Byron',
      phone: '+12075550142',
      preferences: { newsletter: false, notifications: true },
    },
    scopes: ['read:pets', 'read:user', 'write:user'],
  },
  personal: [
    'profile.username',
    'profile.email',
    'profile.firstName',
    'profile.lastName',
    'profile.phone',
    'profile.preferences',
  ],
  visibleToPublic: 'none',
})

export const userUpdated = defineEvent({
  type: 'user.updated',
  version: 1,
  summary: "Some of a user's profile was changed; only the changed fields are given.",
  schema: z.strictObject({ changes: userProfileSchema.partial() }),
  sample: { changes: { firstName: 'Augusta', phone: null } },
  personal: ['changes'],
  visibleToPublic: 'none',
})

export const userDeleted = defineEvent({
  type: 'user.deleted',
  version: 1,
  summary: 'A user left; the name may be taken by somebody else.',
  schema: z.strictObject({ reason: z.string().nullable() }),
  sample: { reason: null },
  personal: ['reason'],
  visibleToPublic: 'none',
})

export const userEvents = {
  category: 'user',
  collection: 'users',
  events: [userRegistered, userUpdated, userDeleted],
} as const satisfies AggregateEvents

export type UserEvent = EventOf<(typeof userEvents.events)[number]>
