// The body of QUERY /pets and POST /pets/search. Known clients write its values in either case and its names in either
// style, and unknown members are documented to be tolerated; what is known is checked as strictly as in GET /pets.
import { z } from 'zod'
import { uuidSchema } from '../../../core/ids.ts'
import {
  dayField,
  feeField,
  GENDERS,
  MAX_AGE_MONTHS,
  MAX_PAGE,
  MAX_PAGE_SIZE,
  SIZES,
  SPECIES,
  STATUSES,
  text,
  toMoney,
} from '../fields.ts'
import { type PetListQuery, SORT_FIELDS } from './query.ts'

const MAX_VALUES = 20
const MAX_DEPTH = 4 // of objects that have a meaning here; deeper ones are left as they are

/** `good_with_kids` as `goodWithKids`; the camelCase name wins when both are there. */
const camelCased = (value: unknown, depth = 0): unknown => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  if (depth >= MAX_DEPTH) return value
  const members = Object.entries(value).sort(
    ([left], [right]) => snakeFirst(left) - snakeFirst(right),
  )
  return Object.fromEntries(
    members.map(([name, member]) => [
      name.replace(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase()),
      camelCased(member, depth + 1),
    ]),
  )
}

const snakeFirst = (name: string): number => (name.includes('_') ? 0 : 1)

const anyCase = <const Values extends readonly [string, ...string[]]>(values: Values) =>
  z.preprocess((value) => (typeof value === 'string' ? value.toUpperCase() : value), z.enum(values))

/** One value or a list of them. */
const listOf = <const Values extends readonly [string, ...string[]]>(values: Values) =>
  z.preprocess(
    (value) => (typeof value === 'string' ? [value] : value),
    z.array(anyCase(values)).max(MAX_VALUES),
  )

const amount = z.preprocess(
  (value) =>
    typeof value !== 'number'
      ? value
      : feeField.safeParse(value).success
        ? toMoney(value)
        : String(value),
  z
    .string()
    .regex(/^\d{1,8}(\.\d{1,2})?$/, 'Must be a decimal amount such as 75.00')
    .transform((money) => toMoney(money)),
)
const months = z.int().min(0).max(MAX_AGE_MONTHS).optional()
const flag = z.boolean().optional()

const criteriaSchema = z.looseObject({
  species: listOf(SPECIES).optional(),
  status: listOf(STATUSES).optional(),
  size: listOf(SIZES).optional(),
  gender: listOf(GENDERS).optional(),
  breed: text(100).optional(),
  color: text(100).optional(),
  ageRange: z.looseObject({ min: months, max: months }).optional(),
  ageMonths: z.looseObject({ min: months, max: months }).optional(),
  priceRange: z.looseObject({ min: amount.optional(), max: amount.optional() }).optional(),
  compatibility: z
    .looseObject({ goodWithKids: flag, goodWithDogs: flag, goodWithCats: flag })
    .optional(),
  medical: z.looseObject({ vaccinated: flag, spayedNeutered: flag, specialNeeds: flag }).optional(),
  shelterId: uuidSchema.optional(),
  intake: z.looseObject({ from: dayField.optional(), to: dayField.optional() }).optional(),
  q: text(200).optional(),
})

const SORT_FIELD_NAMES = new Map(SORT_FIELDS.map((field) => [field.toLowerCase(), field]))

const sortSchema = z.looseObject({
  field: z.preprocess(
    (value) =>
      typeof value === 'string'
        ? (SORT_FIELD_NAMES.get(value.replaceAll('_', '').toLowerCase()) ?? value)
        : value,
    z.enum(SORT_FIELDS),
  ),
  order: anyCase(['ASC', 'DESC']).default('ASC'),
})

const shape = z
  .looseObject({
    criteria: criteriaSchema.optional(),
    sort: sortSchema.optional(),
    pagination: z
      .looseObject({
        page: z.int().min(1).max(MAX_PAGE).optional(),
        limit: z.int().min(1).max(MAX_PAGE_SIZE).optional(),
      })
      .optional(),
  })
  .superRefine((body, context) => {
    const age = body.criteria?.ageRange ?? body.criteria?.ageMonths
    if (age?.min !== undefined && age.max !== undefined && age.min > age.max) {
      context.addIssue({
        code: 'custom',
        path: ['criteria', 'ageRange', 'min'],
        message: 'Must not be above max',
        params: { code: 'OUT_OF_RANGE' },
      })
    }
    const { min = '0', max } = body.criteria?.priceRange ?? {}
    if (max !== undefined && Number(min) > Number(max)) {
      context.addIssue({
        code: 'custom',
        path: ['criteria', 'priceRange', 'min'],
        message: 'Must not be above max',
        params: { code: 'OUT_OF_RANGE' },
      })
    }
    if (body.sort?.field === 'relevance' && body.criteria?.q === undefined) {
      context.addIssue({
        code: 'custom',
        path: ['sort', 'field'],
        message: 'Relevance needs criteria.q',
        params: { code: 'INVALID_VALUE' },
      })
    }
  })

export const petSearchBody = z.preprocess((value) => camelCased(value), shape)
export type PetSearchBody = z.output<typeof petSearchBody>

/** The same question as GET /pets would ask it. */
export const listQueryOf = (
  body: PetSearchBody,
  include: PetListQuery['include'],
): PetListQuery => {
  const { criteria = {}, sort, pagination } = body
  const age = criteria.ageRange ?? criteria.ageMonths
  return {
    species: sorted(criteria.species),
    status: sorted(criteria.status),
    size: sorted(criteria.size),
    gender: sorted(criteria.gender),
    breed: criteria.breed,
    color: criteria.color,
    ageMin: age?.min,
    ageMax: age?.max,
    goodWithKids: criteria.compatibility?.goodWithKids,
    goodWithDogs: criteria.compatibility?.goodWithDogs,
    goodWithCats: criteria.compatibility?.goodWithCats,
    vaccinated: criteria.medical?.vaccinated,
    spayedNeutered: criteria.medical?.spayedNeutered,
    specialNeeds: criteria.medical?.specialNeeds,
    shelterId: criteria.shelterId,
    intakeFrom: criteria.intake?.from,
    intakeTo: criteria.intake?.to,
    priceMin: criteria.priceRange?.min,
    priceMax: criteria.priceRange?.max,
    q: criteria.q,
    sort: sort === undefined ? undefined : sort.order === 'DESC' ? `-${sort.field}` : sort.field,
    include,
    page: pagination?.page,
    limit: pagination?.limit,
  }
}

/** An empty list asks for nothing in particular. */
const sorted = <Value extends string>(values: readonly Value[] | undefined): Value[] | undefined =>
  values === undefined || values.length === 0 ? undefined : [...new Set(values)].sort()
