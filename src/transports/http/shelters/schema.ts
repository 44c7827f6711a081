// What requests on shelters must look like, and what is answered.
import { z } from 'zod'
import { feeRangeField, ignored, optionalText, pathId, text } from '../fields.ts'
import { clash, collectionOf, listParameters, notBoth } from '../paging.ts'

export const shelterSchema = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    address: z.string().optional(),
    phone: z.string().optional(),
    email: z.string().optional(),
    hours: z.string().optional(),
    adoptionFeeRange: z.string().optional(),
    availablePetCount: z.int(),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .meta({ id: 'Shelter' })
export const collectionSchema = collectionOf(shelterSchema)
export const listQuery = z.strictObject(listParameters).refine(notBoth, clash)

const optionalFields = {
  address: optionalText(300),
  phone: optionalText(40),
  email: z.email('Must be an e-mail address').max(254).nullish(),
  hours: optionalText(200),
  adoptionFeeRange: feeRangeField.nullish(),
}
const readOnly = {
  id: ignored,
  tenantId: ignored,
  availablePetCount: ignored,
  createdAt: ignored,
  updatedAt: ignored,
}
export const fullBody = z.strictObject({ name: text(100), ...optionalFields, ...readOnly })
export const patchBody = z.strictObject({
  name: text(100).optional(),
  ...optionalFields,
  ...readOnly,
})
export const idParams = z.strictObject({ id: pathId })
export const noQuery = z.strictObject({})
export const removeQuery = z.strictObject({ reason: optionalText(500) })
export const tags = ['shelters']
export const shared = { config: { isJson: true }, compress: false } as const
