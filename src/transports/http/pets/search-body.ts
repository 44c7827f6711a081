// The body of QUERY /pets and POST /pets/search. It can say what the parameters of GET /pets can, and what is known is
// checked as strictly. Known clients write its values in either case and its names in either style, and unknown members
// are documented to be tolerated.
import { z } from 'zod'
import { uuidSchema } from '../../../core/ids.ts'
import {
  dayField,
  feeField,
  GENDERS,
  INCLUDES,
  MAX_AGE_MONTHS,
  MAX_PAGE,
  MAX_PAGE_SIZE,
  SIZES,
  SPECIES,
  STATUSES,
  text,
  toMoney,
} from '../fields.ts'
import { clash, cursorField, notBoth } from '../paging.ts'
import { writtenPaths } from '../validation.ts'
import { FACETS, type PetListQuery, SORT_FIELDS } from './query.ts'

const MAX_VALUES = 20
const MAX_DEPTH = 4 // of objects that have a meaning here; deeper ones are left as they are

const camelCase = (name: string): string =>
  name.replace(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase())

/** `good_with_kids` as `goodWithKids`; the camelCase name wins when both are there. */
const camelCased = (value: unknown, depth = 0): unknown => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  if (depth >= MAX_DEPTH) return value
  const members = Object.entries(value).sort(
    ([left], [right]) => snakeFirst(left) - snakeFirst(right),
  )
  return Object.fromEntries(
    members.map(([name, member]) => [camelCase(name), camelCased(member, depth + 1)]),
  )
}

const snakeFirst = (name: string): number => (name.includes('_') ? 0 : 1)

/** A path in what `camelCased` made of it, as it is in the body. */
const pathIn = (body: unknown, path: readonly PropertyKey[]): readonly PropertyKey[] => {
  const [name, ...rest] = path
  if (name === undefined || body === undefined) return path
  if (typeof body !== 'object' || body === null) return [] // one value where a list may be
  const written = Object.hasOwn(body, name)
    ? name
    : (Object.keys(body).findLast((each) => camelCase(each) === name) ?? name)
  return [written, ...pathIn((body as Readonly<Record<PropertyKey, unknown>>)[written], rest)]
}

const anyCase = <const Values extends readonly [string, ...string[]]>(values: Values) =>
  z.preprocess((value) => (typeof value === 'string' ? value.toUpperCase() : value), z.enum(values))

/** A name in either style: `age_months` for `ageMonths`. */
const anyStyle = <const Names extends readonly [string, ...string[]]>(names: Names) => {
  const known = new Map<string, string>(names.map((name) => [name.toLowerCase(), name]))
  return z.preprocess(
    (value) =>
      typeof value === 'string'
        ? (known.get(value.replaceAll('_', '').toLowerCase()) ?? value)
        : value,
    z.enum(names),
  )
}

/** One value or a list of them. */
const listOf = <Item extends z.ZodType>(item: Item) =>
  z.preprocess(
    (value) => (typeof value === 'string' ? [value] : value),
    z.array(item).max(MAX_VALUES),
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

const criteriaSchema = z.object({
  species: listOf(anyCase(SPECIES)).optional(),
  status: listOf(anyCase(STATUSES)).optional(),
  size: listOf(anyCase(SIZES)).optional(),
  gender: listOf(anyCase(GENDERS)).optional(),
  breed: text(100).optional(),
  color: text(100).optional(),
  ageRange: z.object({ min: months, max: months }).optional(),
  ageMonths: z.object({ min: months, max: months }).optional(),
  priceRange: z.object({ min: amount.optional(), max: amount.optional() }).optional(),
  compatibility: z
    .object({ goodWithKids: flag, goodWithDogs: flag, goodWithCats: flag })
    .optional(),
  medical: z.object({ vaccinated: flag, spayedNeutered: flag, specialNeeds: flag }).optional(),
  shelterId: uuidSchema.optional(),
  intake: z.object({ from: dayField.optional(), to: dayField.optional() }).optional(),
  q: text(200).optional(),
})

const sortSchema = z.object({
  field: anyStyle(SORT_FIELDS),
  order: anyCase(['ASC', 'DESC']).default('ASC'),
})

const members = z.object({
  criteria: criteriaSchema.optional(),
  sort: sortSchema.optional(),
  facets: listOf(anyStyle(FACETS)).optional(),
  include: listOf(anyStyle(INCLUDES)).optional(),
  pagination: z
    .object({
      page: z.int().min(1).max(MAX_PAGE).optional(),
      limit: z.int().min(1).max(MAX_PAGE_SIZE).optional(),
      cursor: cursorField.optional(),
    })
    .refine(notBoth, clash)
    .optional(),
})

const shape = members.superRefine((body, context) => {
  const { criteria = {}, sort } = body
  const refuse = (path: readonly string[], message: string, code: string): void =>
    context.addIssue({ code: 'custom', path: [...path], message, params: { code } })
  for (const name of ['ageRange', 'ageMonths'] as const) {
    const { min, max } = criteria[name] ?? {}
    if (min !== undefined && max !== undefined && min > max)
      refuse(['criteria', name, 'min'], 'Must not be above max', 'OUT_OF_RANGE')
  }
  const { min, max } = criteria.priceRange ?? {}
  if (min !== undefined && max !== undefined && Number(min) > Number(max)) {
    refuse(['criteria', 'priceRange', 'min'], 'Must not be above max', 'OUT_OF_RANGE')
  }
  const { from, to } = criteria.intake ?? {}
  if (from !== undefined && to !== undefined && from > to) {
    refuse(['criteria', 'intake', 'from'], 'Must not be after to', 'OUT_OF_RANGE')
  }
  if (sort?.field === 'relevance' && criteria.q === undefined) {
    refuse(['sort', 'field'], 'Relevance needs criteria.q', 'INVALID_VALUE')
  }
})

export const petSearchBody = z
  .preprocess((value) => camelCased(value), shape)
  .register(writtenPaths, { of: pathIn })
export type PetSearchBody = z.output<typeof petSearchBody>

/** The same question as GET /pets would ask it. */
export const listQueryOf = (
  body: PetSearchBody,
  include: PetListQuery['include'] = [],
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
    facets: sorted(body.facets),
    include: sorted([...include, ...(body.include ?? [])]),
    ...pagination,
  }
}

/** An empty list asks for nothing in particular. */
const sorted = <Value extends string>(values: readonly Value[] | undefined): Value[] | undefined =>
  values === undefined || values.length === 0 ? undefined : [...new Set(values)].sort()
