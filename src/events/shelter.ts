// What can happen to a shelter: one site of a tenant.
import { z } from 'zod'
import { type AggregateEvents, defineEvent, type EventOf } from './definition.ts'

export const shelterProfileSchema = z.strictObject({
  name: z.string(),
  address: z.string().nullable(),
  phone: z.string().nullable(),
  email: z.string().nullable(),
  hours: z.string().nullable(),
  adoptionFeeRange: z.string().nullable(), // '75-200', in USD
})
export type ShelterProfile = z.infer<typeof shelterProfileSchema>

const sampleShelter: ShelterProfile = {
  name: 'Harbour Street Shelter',
  address: '12 Harbour Street, Portland, ME 04101',
  phone: '+1-207-555-0142',
  email: 'hello@harbour.example.org',
  hours: 'Tue-Sun 10:00-18:00',
  adoptionFeeRange: '75-200',
}

export const shelterRegistered = defineEvent({
  type: 'shelter.registered',
  version: 1,
  summary: 'A shelter opened for a tenant.',
  schema: z.strictObject({ profile: shelterProfileSchema }),
  sample: { profile: sampleShelter },
  personal: [],
  visibleToPublic: 'all',
})

export const shelterUpdated = defineEvent({
  type: 'shelter.updated',
  version: 1,
  summary: "Some of a shelter's profile was changed; only the changed fields are given.",
  schema: z.strictObject({ changes: shelterProfileSchema.partial() }),
  sample: { changes: { hours: 'daily 10:00-18:00' } },
  personal: [],
  visibleToPublic: 'all',
})

export const shelterRemoved = defineEvent({
  type: 'shelter.removed',
  version: 1,
  summary: 'A shelter was taken out of every list; its history and its number stay.',
  schema: z.strictObject({ reason: z.string().nullable() }),
  sample: { reason: 'closed for good' },
  personal: [],
  visibleToPublic: [],
})

export const shelterEvents = {
  category: 'shelter',
  collection: 'shelters',
  events: [shelterRegistered, shelterUpdated, shelterRemoved],
} as const satisfies AggregateEvents

export type ShelterEvent = EventOf<(typeof shelterEvents.events)[number]>
