// What can happen to an application for adoption. The applicant's own words and household are personal data.
import { z } from 'zod'
import { type AggregateEvents, defineEvent, type EventOf } from './definition.ts'
import { dateSchema } from './pet.ts'

export const adoptionStatusSchema = z.enum([
  'SUBMITTED',
  'UNDER_REVIEW',
  'APPROVED',
  'REJECTED',
  'WITHDRAWN',
  'COMPLETED',
])
export type AdoptionStatus = z.infer<typeof adoptionStatusSchema>

/** Who would live with the pet. Null: not said. */
export const householdSchema = z.strictObject({
  homeType: z.enum(['HOUSE', 'APARTMENT', 'FARM', 'OTHER']).nullable(),
  adults: z.int().nullable(),
  children: z.int().nullable(),
  otherPets: z.string().nullable(),
  hasYard: z.boolean().nullable(),
})
export type Household = z.infer<typeof householdSchema>

const samplePetId = '0199f3a0-7c1e-7a01-8000-0000000000e1'
const sampleUserId = '0199f3a0-7c1e-7a01-8000-0000000000f1'

export const adoptionSubmitted = defineEvent({
  type: 'adoption.submitted',
  version: 1,
  summary: 'Somebody applied to adopt a pet.',
  schema: z.strictObject({
    petId: z.string(),
    applicantId: z.string(), // a user
    message: z.string().nullable(),
    household: householdSchema.nullable(),
    waiting: z.boolean(), // others were first: the application waits for the reservation
  }),
  sample: {
    petId: samplePetId,
    applicantId: sampleUserId,
    message: 'We have a quiet home and a big garden.',
    household: {
      homeType: 'HOUSE',
      adults: 2,
      children: 1,
      otherPets: 'an old cat',
      hasYard: true,
    },
    waiting: false,
  },
  personal: ['applicantId', 'message', 'household'],
  visibleToPublic: 'none',
})

export const adoptionStatusChanged = defineEvent({
  type: 'adoption.status_changed',
  version: 1,
  summary: "An application's status changed: under review, approved, rejected or withdrawn.",
  schema: z.strictObject({
    previousStatus: adoptionStatusSchema,
    status: adoptionStatusSchema,
    reason: z.string().nullable(),
  }),
  sample: { previousStatus: 'SUBMITTED', status: 'UNDER_REVIEW', reason: null },
  personal: ['reason'],
  visibleToPublic: 'none',
})

export const adoptionCompleted = defineEvent({
  type: 'adoption.completed',
  version: 1,
  summary: 'The applicant took the pet home.',
  schema: z.strictObject({
    previousStatus: adoptionStatusSchema,
    petId: z.string(),
    applicantId: z.string(),
    date: dateSchema,
  }),
  sample: {
    previousStatus: 'APPROVED',
    petId: samplePetId,
    applicantId: sampleUserId,
    date: '2026-09-01',
  },
  personal: ['applicantId'],
  visibleToPublic: 'none',
})

export const adoptionAbandoned = defineEvent({
  type: 'adoption.abandoned',
  version: 1,
  summary: 'A pet was reserved for an application that was never stored; it can be stored no more.',
  schema: z.strictObject({ petId: z.string(), reason: z.string() }),
  sample: { petId: samplePetId, reason: 'the application was not stored in time' },
  personal: [],
  visibleToPublic: 'none',
})

export const adoptionEvents = {
  category: 'adoption',
  collection: 'adoptions',
  events: [adoptionSubmitted, adoptionStatusChanged, adoptionCompleted, adoptionAbandoned],
} as const satisfies AggregateEvents

export type AdoptionEvent = EventOf<(typeof adoptionEvents.events)[number]>
