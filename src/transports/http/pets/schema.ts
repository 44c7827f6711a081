// The documented shapes of answers. Answers are made by the read model and not checked against these when they are
// sent; tests check them, and the API document is generated from them.
import { z } from 'zod'
import { GENDERS, SIZES, SPECIES, STATUSES } from '../fields.ts'
import { paginationSchema } from '../paging.ts'
import { INTAKE_KINDS, OUTCOME_KINDS } from './body.ts'

export const petSchema = z
  .strictObject({
    id: z.uuid(),
    name: z.string(),
    species: z.enum(SPECIES),
    breed: z.string().optional(),
    ageMonths: z.int(),
    size: z.enum(SIZES).optional(),
    color: z.string().optional(),
    gender: z.enum(GENDERS).optional(),
    goodWithKids: z.boolean().optional(),
    price: z.string(),
    currency: z.string(),
    description: z.string().optional(),
    status: z.enum(STATUSES),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
    tenantId: z.uuid().nullable().optional(),
    photos: z.array(z.string()).optional(),
    medicalInfo: z
      .strictObject({
        spayedNeutered: z.boolean().optional(),
        vaccinated: z.boolean().optional(),
        microchipped: z.boolean().optional(),
        specialNeeds: z.boolean().optional(),
        healthNotes: z.string().optional(),
      })
      .optional(),
  })
  .meta({ id: 'Pet' })

/** What `include=shelter` and `include=links` add. */
const extendedPetSchema = petSchema
  .extend({
    temperament: z.string().optional(),
    vaccinations: z.array(z.string()).optional(),
    goodWithDogs: z.boolean().optional(),
    goodWithCats: z.boolean().optional(),
    shelterId: z.uuid().optional(),
    intakeDate: z.iso.date().optional(),
    serial: z.int().optional(), // not in the answer of a write: the read model gives it
    links: z.record(z.string(), z.string().nullable()).optional(),
  })
  .meta({ id: 'PetWithExtras', description: 'With `include=shelter` or `include=links` only.' })

/** A pet as it was asked for. */
export const petAnswer = z.union([petSchema, extendedPetSchema])

export const petCollectionSchema = z
  .strictObject({
    data: z.array(petAnswer),
    pagination: paginationSchema,
    facets: z.record(z.string(), z.record(z.string(), z.int())).optional(), // with facets only
    links: z.record(z.string(), z.string().nullable()).optional(), // with include=links only
  })
  .meta({ id: 'PetCollection' })

export const apiResponseSchema = z
  .strictObject({ message: z.string(), success: z.boolean() })
  .meta({ id: 'ApiResponse' })

/** Which members there are depends on the type of the event; null: it was not said. */
const historyDetailsSchema = z.strictObject({
  reason: z.string().nullable().optional(),
  kind: z.enum(OUTCOME_KINDS).optional(), // of an outcome
  date: z.iso.date().optional(), // of an outcome or adoption
  destination: z.string().nullable().optional(), // of an outcome
  intake: z
    .strictObject({
      kind: z.enum(INTAKE_KINDS),
      date: z.iso.date(),
      source: z.string().nullable(),
      condition: z.string().nullable(),
    })
    .optional(), // of an admission or return
  cause: z
    .strictObject({ kind: z.enum(['order', 'adoption']), id: z.string() })
    .nullable()
    .optional(), // of a change of status or an adoption
  adopterId: z.string().nullable().optional(),
  description: z.string().nullable().optional(), // of a photo
})

export const petHistorySchema = z.strictObject({
  data: z.array(
    z.strictObject({
      eventId: z.string(),
      type: z.string(),
      version: z.int(),
      occurredAt: z.string(),
      recordedAt: z.string(),
      actor: z.strictObject({ kind: z.string(), id: z.string() }),
      correlationId: z.string(),
      causationId: z.string().nullable(),
      changes: z.array(
        z.strictObject({ field: z.string(), before: z.unknown(), after: z.unknown() }),
      ),
      details: historyDetailsSchema,
    }),
  ),
  pagination: paginationSchema.extend({
    version: z.int(), // of the pet now
    nextAfter: z.int().nullable(), // goes into `after`
  }),
})
