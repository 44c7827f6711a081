// The documented shape of applications for adoption, and the bodies that change them. All of it is ours: the published
// contract has no applications.
import { z } from 'zod'
import type { AdoptionStatus, Household } from '../../../events/adoption.ts'
import { uuidSchema } from '../../../core/ids.ts'
import { collectionOf } from '../paging.ts'
import { dayField, ignored, optionalText } from '../fields.ts'

export const ADOPTION_STATUSES = [
  'SUBMITTED',
  'UNDER_REVIEW',
  'APPROVED',
  'REJECTED',
  'WITHDRAWN',
  'COMPLETED',
] as const satisfies readonly AdoptionStatus[]
/** Those that an application can be brought into. */
export const NEXT_STATUSES = [
  'UNDER_REVIEW',
  'APPROVED',
  'REJECTED',
  'WITHDRAWN',
  'COMPLETED',
] as const satisfies readonly AdoptionStatus[]
const HOME_TYPES = [
  'HOUSE',
  'APARTMENT',
  'FARM',
  'OTHER',
] as const satisfies readonly Household['homeType'][]

const MAX_MESSAGE_LENGTH = 5_000
const MAX_REASON_LENGTH = 500
const MAX_PEOPLE = 50

export const adoptionSchema = z
  .strictObject({
    id: z.string(),
    petId: z.string(),
    applicantId: z.string(),
    status: z.enum(ADOPTION_STATUSES),
    waiting: z.boolean(), // others are first: the pet is not reserved for this application
    message: z.string().optional(),
    household: z
      .strictObject({
        homeType: z.enum(HOME_TYPES).optional(),
        adults: z.int().optional(),
        children: z.int().optional(),
        otherPets: z.string().optional(),
        hasYard: z.boolean().optional(),
      })
      .optional(),
    reason: z.string().optional(), // of the newest change of status
    completedOn: z.string().optional(),
    tenantId: z.string().optional(),
    createdAt: z.string(),
    updatedAt: z.string(),
  })
  .meta({ id: 'Adoption' })
export const adoptionCollectionSchema = collectionOf(adoptionSchema)

const people = z.int().min(0).max(MAX_PEOPLE).nullish()
const reason = optionalText(MAX_REASON_LENGTH)

/** Members that only we set are let through and forgotten, so that what was read can be sent back. */
export const adoptionBody = z.strictObject({
  petId: uuidSchema,
  applicantId: uuidSchema.optional(),
  message: optionalText(MAX_MESSAGE_LENGTH),
  household: z
    .strictObject({
      homeType: z.enum(HOME_TYPES).nullish(),
      adults: people,
      children: people,
      otherPets: optionalText(MAX_REASON_LENGTH),
      hasYard: z.boolean().nullish(),
    })
    .nullish(),
  id: ignored,
  status: ignored,
  waiting: ignored,
  reason: ignored,
  completedOn: ignored,
  tenantId: ignored,
  createdAt: ignored,
  updatedAt: ignored,
})
export type AdoptionBody = z.output<typeof adoptionBody>

export const reasonBody = z.strictObject({ reason }).nullish()
export const completeBody = z.strictObject({ date: dayField.optional() }).nullish()
export const patchBody = z
  .strictObject({ status: z.enum(NEXT_STATUSES), reason, date: dayField.optional() })
  .refine(({ status, date }) => date === undefined || status === 'COMPLETED', {
    path: ['date'],
    error: 'Is said only when an adoption is COMPLETED',
    params: { code: 'INVALID_VALUE' },
  })
