// What can happen to a pet. Stored for ever: a shape changes only by a new version and an upcast.
import { z } from 'zod'
import { type AggregateEvents, defineEvent, type EventOf } from './definition.ts'

export const speciesSchema = z.enum(['DOG', 'CAT', 'RABBIT', 'BIRD', 'REPTILE', 'OTHER'])
export const sizeSchema = z.enum(['SMALL', 'MEDIUM', 'LARGE'])
export const genderSchema = z.enum(['MALE', 'FEMALE', 'UNKNOWN'])
export const petStatusSchema = z.enum(['AVAILABLE', 'PENDING', 'ADOPTED', 'NOT_AVAILABLE'])
export const intakeKindSchema = z.enum([
  'STRAY',
  'OWNER_SURRENDER',
  'TRANSFER_IN',
  'RETURN',
  'SEIZED',
  'BORN_IN_CARE',
  'OTHER',
])
export const outcomeKindSchema = z.enum([
  'RETURNED_TO_OWNER',
  'TRANSFER_OUT',
  'RETURNED_TO_FIELD',
  'DIED_IN_CARE',
  'EUTHANASIA',
  'LOST_IN_CARE',
  'OTHER',
])
export type PetStatus = z.infer<typeof petStatusSchema>

/** A calendar day, `YYYY-MM-DD`. */
export const dateSchema = z.iso.date()
/** An amount of money: decimal text with at most two places, `75.00`. */
export const moneySchema = z
  .string()
  .regex(/^\d{1,8}(\.\d{1,2})?$/, 'Must be a decimal amount such as 75.00')
export const currencySchema = z.string().regex(/^[A-Z]{3}$/, 'Must be an ISO 4217 code such as USD')

export const medicalInfoSchema = z.strictObject({
  spayedNeutered: z.boolean().nullable(),
  vaccinated: z.boolean().nullable(),
  microchipped: z.boolean().nullable(),
  specialNeeds: z.boolean().nullable(),
  healthNotes: z.string().nullable(),
})

export const intakeSchema = z.strictObject({
  kind: intakeKindSchema,
  date: dateSchema,
  source: z.string().nullable(),
  condition: z.string().nullable(),
})

/** What staff know and edit of a pet. Null: not known. */
export const petProfileSchema = z.strictObject({
  name: z.string(),
  species: speciesSchema,
  breed: z.string().nullable(),
  ageMonths: z.int().min(0),
  size: sizeSchema.nullable(),
  color: z.string().nullable(),
  gender: genderSchema.nullable(),
  goodWithKids: z.boolean().nullable(),
  goodWithDogs: z.boolean().nullable(),
  goodWithCats: z.boolean().nullable(),
  price: moneySchema, // two decimal places
  currency: currencySchema,
  description: z.string().nullable(),
  temperament: z.string().nullable(),
  medicalInfo: medicalInfoSchema.nullable(),
  vaccinations: z.array(z.string()),
  microchipId: z.string().nullable(),
  shelterId: z.string().nullable(),
  intakeDate: dateSchema,
})
export type PetProfile = z.infer<typeof petProfileSchema>

export const photoSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('url'), url: z.string() }), // hosted elsewhere
  z.strictObject({ kind: z.literal('blob'), name: z.string(), contentType: z.string() }), // our own
])
export type PetPhoto = z.infer<typeof photoSchema>

const causeSchema = z.strictObject({ kind: z.enum(['order', 'adoption']), id: z.string() })
const statusChange = {
  previousStatus: petStatusSchema,
  status: petStatusSchema,
  reason: z.string().nullable(),
}

const sampleProfile: PetProfile = {
  name: 'Luna',
  species: 'CAT',
  breed: 'Domestic Shorthair',
  ageMonths: 18,
  size: 'SMALL',
  color: 'Tabby',
  gender: 'FEMALE',
  goodWithKids: true,
  goodWithDogs: false,
  goodWithCats: true,
  price: '75.00',
  currency: 'USD',
  description: 'A playful tabby who loves sunny windows.',
  temperament: 'playful, affectionate',
  medicalInfo: {
    spayedNeutered: true,
    vaccinated: true,
    microchipped: true,
    specialNeeds: false,
    healthNotes: null,
  },
  vaccinations: ['fvrcp', 'rabies'],
  microchipId: '985112004567890',
  shelterId: '0199f3a0-7c1e-7a01-8000-0000000000a1',
  intakeDate: '2026-08-22',
}

export const petAdmitted = defineEvent({
  type: 'pet.admitted',
  version: 1,
  summary: 'A pet came into care.',
  schema: z.strictObject({
    profile: petProfileSchema,
    status: petStatusSchema,
    intake: intakeSchema,
    photos: z.array(photoSchema),
  }),
  sample: {
    profile: sampleProfile,
    status: 'AVAILABLE',
    photos: [],
    intake: {
      kind: 'STRAY',
      date: '2026-08-22',
      source: 'Found near Elm Street',
      condition: 'healthy',
    },
  },
  personal: ['intake.source'],
  visibleToPublic: ['profile', 'status', 'photos'],
  hiddenFromPublic: ['profile.microchipId'],
})

export const petUpdated = defineEvent({
  type: 'pet.updated',
  version: 1,
  summary: "Some of a pet's profile was changed; only the changed fields are given.",
  schema: z.strictObject({ changes: petProfileSchema.partial() }),
  sample: {
    changes: {
      name: 'Luna Belle',
      ageMonths: 19,
      goodWithDogs: null,
      microchipId: '985112004567890',
    },
  },
  personal: [],
  visibleToPublic: 'all',
  hiddenFromPublic: ['changes.microchipId'],
})

export const petStatusChanged = defineEvent({
  type: 'pet.status_changed',
  version: 1,
  summary: "A pet's status changed: reserved, released, held back or made available by staff.",
  schema: z.strictObject({ ...statusChange, cause: causeSchema.nullable() }),
  sample: {
    previousStatus: 'AVAILABLE',
    status: 'NOT_AVAILABLE',
    reason: 'medical hold',
    cause: null,
  },
  personal: [],
  visibleToPublic: ['previousStatus', 'status'],
})

export const petAdopted = defineEvent({
  type: 'pet.adopted',
  version: 1,
  summary: 'A pet found a home.',
  schema: z.strictObject({
    ...statusChange,
    cause: causeSchema.nullable(),
    adopterId: z.string().nullable(),
    date: dateSchema,
  }),
  sample: {
    previousStatus: 'PENDING',
    status: 'ADOPTED',
    reason: 'adoption completed',
    adopterId: null,
    date: '2026-09-01',
    cause: { kind: 'adoption', id: '0199f3a0-7c1e-7a01-8000-0000000000b1' },
  },
  personal: ['adopterId'],
  visibleToPublic: ['previousStatus', 'status', 'date'],
})

export const petOutcomeRecorded = defineEvent({
  type: 'pet.outcome_recorded',
  version: 1,
  summary: 'A pet left care otherwise than by adoption.',
  schema: z.strictObject({
    ...statusChange,
    kind: outcomeKindSchema,
    date: dateSchema,
    destination: z.string().nullable(),
  }),
  sample: {
    previousStatus: 'AVAILABLE',
    status: 'NOT_AVAILABLE',
    kind: 'TRANSFER_OUT',
    date: '2026-09-01',
    destination: 'Riverside Rescue',
    reason: null,
  },
  personal: ['destination'],
  visibleToPublic: ['previousStatus', 'status'],
})

export const petReturned = defineEvent({
  type: 'pet.returned',
  version: 1,
  summary: 'An adopted pet came back into care.',
  schema: z.strictObject({ ...statusChange, intake: intakeSchema }),
  sample: {
    previousStatus: 'ADOPTED',
    status: 'AVAILABLE',
    reason: 'allergy in the family',
    intake: { kind: 'RETURN', date: '2026-10-01', source: null, condition: 'healthy' },
  },
  personal: ['intake.source'],
  visibleToPublic: ['previousStatus', 'status'],
})

export const petPhotoAdded = defineEvent({
  type: 'pet.photo_added',
  version: 1,
  summary: 'A photo of a pet was added.',
  schema: z.strictObject({ photo: photoSchema, description: z.string().nullable() }),
  sample: {
    photo: { kind: 'url', url: 'https://images.example.org/luna.jpg' },
    description: 'Luna in the sun',
  },
  personal: [],
  visibleToPublic: 'all',
})

export const petRemoved = defineEvent({
  type: 'pet.removed',
  version: 1,
  summary: 'A pet was taken out of every list; its history stays.',
  schema: z.strictObject({ previousStatus: petStatusSchema, reason: z.string().nullable() }),
  sample: { previousStatus: 'AVAILABLE', reason: 'entered twice' },
  personal: [],
  visibleToPublic: ['previousStatus'],
})

export const petEvents = {
  category: 'pet',
  collection: 'pets',
  events: [
    petAdmitted,
    petUpdated,
    petStatusChanged,
    petAdopted,
    petOutcomeRecorded,
    petReturned,
    petPhotoAdded,
    petRemoved,
  ],
} as const satisfies AggregateEvents

export type PetEvent = EventOf<(typeof petEvents.events)[number]>
