// What is ordered: one pet, named directly or as the only one of `items`. Members that only we set are let through and
// forgotten, so that what was read can be sent back.
import { z } from 'zod'
import { uuidSchema } from '../../../core/ids.ts'
import { ignored, ofAnyObject, optionalText } from '../fields.ts'

const MAX_REASON_LENGTH = 500

const item = z.strictObject({
  petId: uuidSchema,
  quantity: z.literal(1, 'Must be 1: every pet is one of its kind').optional(),
})

type Named = Readonly<{ petId?: unknown; items?: unknown }>

export const orderBody = z
  .strictObject({
    petId: uuidSchema.optional(),
    items: z.array(item).min(1).max(1).optional(),
    userId: uuidSchema.optional(),
    id: ignored,
    status: ignored,
    totalAmount: ignored,
    currency: ignored,
    tenantId: ignored,
    createdAt: ignored,
    updatedAt: ignored,
  })
  .refine(({ petId, items }: Named) => petId !== undefined || items !== undefined, {
    path: ['petId'],
    error: 'Is required',
    params: { code: 'REQUIRED' },
    when: ofAnyObject,
  })
  .refine(
    ({ petId, items }) =>
      petId === undefined || items === undefined || items.every((each) => each.petId === petId),
    {
      path: ['items'],
      error: 'Must name the same pet as petId, or be left out',
      params: { code: 'INVALID_VALUE' },
    },
  )
export type OrderBody = z.output<typeof orderBody>

export const orderedPet = ({ petId, items }: OrderBody): string => {
  const ordered = petId ?? items?.[0]?.petId
  if (ordered === undefined) throw new Error('an order body without a pet went through its schema')
  return ordered
}

/** Of a step that needs no body at all. */
export const reasonBody = z.strictObject({ reason: optionalText(MAX_REASON_LENGTH) }).nullish()
export const reasonQuery = z.strictObject({ reason: optionalText(MAX_REASON_LENGTH) })
