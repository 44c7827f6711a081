// The building blocks of request schemas: text that can be stored, amounts, days, lists in a query.
import { z } from 'zod'
import type { PetProfile, PetStatus } from '../../events/pet.ts'
import { uuidSchema } from '../../core/ids.ts'

export const SPECIES = [
  'DOG',
  'CAT',
  'RABBIT',
  'BIRD',
  'REPTILE',
  'OTHER',
] as const satisfies readonly PetProfile['species'][]
export const SIZES = ['SMALL', 'MEDIUM', 'LARGE'] as const satisfies readonly PetProfile['size'][]
export const GENDERS = [
  'MALE',
  'FEMALE',
  'UNKNOWN',
] as const satisfies readonly PetProfile['gender'][]
export const STATUSES = [
  'AVAILABLE',
  'PENDING',
  'ADOPTED',
  'NOT_AVAILABLE',
] as const satisfies readonly PetStatus[]

export const MAX_AGE_MONTHS = 2_400
export const MAX_PAGE = 1_000_000
export const MAX_PAGE_SIZE = 100
export const DEFAULT_PAGE_SIZE = 20
const MAX_LIST_ITEMS = 50

// The database stores neither NUL nor half of a surrogate pair.
const NOT_STORABLE = /[\u0000\ud800-\udfff]/u
export const isStorable = (text: string): boolean => !NOT_STORABLE.test(text)
const withCode = (code: string, error: string) => ({ error, params: { code } })

const storable = (schema: z.ZodString) =>
  schema.refine(
    isStorable,
    withCode('INVALID_FORMAT', 'Must not have NUL characters or broken Unicode'),
  )

/** `when` of a rule that is told together with what else is wrong, so that one answer names every field. */
export const ofAnyObject = ({ value }: Readonly<{ value: unknown }>): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Text of 1..max characters, without the spaces around it. */
export const text = (max: number) => storable(z.string().trim().min(1).max(max))
/** Absent and null both mean: not known. Empty text too. */
export const optionalText = (max: number) =>
  storable(z.string().trim().max(max))
    .transform((value) => (value === '' ? null : value))
    .nullish()

/** A member that only we set: let through, so that what was read can be sent back, and forgotten whatever it is. */
export const ignored = z
  .unknown()
  .transform(() => undefined)
  .optional()
  .meta({ description: 'Set by the server: what is sent here is ignored.' })

export const pathId = uuidSchema
export const petIdParams = z.strictObject({ id: pathId })

export const moneyField = z
  .string()
  .regex(/^\d{1,8}(\.\d{1,2})?$/, 'Must be a decimal amount such as 75.00')
  .transform((amount) => toMoney(amount))
  .meta({ description: 'A decimal amount.', examples: ['75.00'] })
export const feeField = z
  .number()
  .min(0)
  .max(99_999_999.99)
  .refine(
    (fee) => Number(fee.toFixed(2)) === fee,
    withCode('INVALID_FORMAT', 'Must have at most two decimal places'),
  )
export const feeRangeField = z
  .string()
  .regex(/^\d{1,8}(-\d{1,8})?$/, 'Must be an amount or a range such as 75-200')
  .refine(
    (range) => {
      const [min, max] = range.split('-').map(Number)
      return !(Number(min) > Number(max))
    },
    withCode('OUT_OF_RANGE', 'Must not begin above its end'),
  )
export const currencyField = z.string().regex(/^[A-Z]{3}$/, 'Must be an ISO 4217 code such as USD')
/** A day that the database knows: it has no year 0. */
export const dayField = z.iso
  .date('Must be a day such as 2026-08-22')
  .refine((day) => day >= '0001', withCode('INVALID_FORMAT', 'Must be a day such as 2026-08-22'))

/** `75` and `75.5` as `75.00` and `75.50`. */
export const toMoney = (amount: string | number): string => {
  if (typeof amount === 'number') return amount.toFixed(2)
  const [whole = '0', cents = ''] = amount.split('.')
  return `${BigInt(whole)}.${cents.padEnd(2, '0')}`
}

const single = (value: unknown): value is string => typeof value === 'string'

/** A query parameter given once. */
const once = () =>
  z.custom<string>(
    (value) => single(value) && isStorable(value),
    withCode('INVALID_FORMAT', 'Must be given once, as plain text'),
  )

export const queryText = (max: number) =>
  once()
    .pipe(z.string().trim().min(1).max(max))
    .meta({ type: 'string', minLength: 1, maxLength: max })

export const queryInteger = (min: number, max: number) =>
  once()
    .refine((value) => /^-?\d{1,15}$/.test(value), withCode('INVALID_FORMAT', 'Must be an integer'))
    .transform(Number)
    .pipe(z.number().min(min).max(max))
    .meta({ type: 'integer', minimum: min, maximum: max })

export const queryBoolean = () =>
  once()
    .refine(
      (value) => value === 'true' || value === 'false',
      withCode('INVALID_FORMAT', 'Must be true or false'),
    )
    .transform((value) => value === 'true')
    .meta({ type: 'boolean' })

/** A comma list, or the parameter repeated; sorted and without doubles. */
export const queryList = <const Value extends string>(values: readonly Value[]) =>
  z
    .custom<string | readonly string[]>(
      (value) => single(value) || (Array.isArray(value) && value.every(single)),
      withCode('INVALID_FORMAT', 'Must be a comma-separated list'),
    )
    .transform((value) => splitList(value))
    .refine(
      (list) => list.length > 0 && list.length <= MAX_LIST_ITEMS && list.every(isOneOf(values)),
      withCode('INVALID_ENUM_VALUE', `Must be one of: ${values.join(', ')}`),
    )
    .transform((list) => list.filter(isOneOf(values)))
    .meta({ type: 'array', items: { type: 'string', enum: [...values] } })

export const isOneOf =
  <const Value extends string>(values: readonly Value[]) =>
  (candidate: string): candidate is Value =>
    values.some((value) => value === candidate)

const splitList = (value: string | readonly string[]): string[] =>
  [...new Set((typeof value === 'string' ? value : value.join(',')).split(','))]
    .map((item) => item.trim())
    .sort()

export const INCLUDES = ['shelter', 'links'] as const
export const includeParameter = queryList(INCLUDES).optional()
export const pageParameters = {
  page: queryInteger(1, MAX_PAGE).optional(),
  limit: queryInteger(1, MAX_PAGE_SIZE).optional(),
}
