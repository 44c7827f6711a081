// What a reader may ask of the pets, from the query string of GET /pets: closed, so that a misspelt parameter is a
// bad request that names it and not a filter that silently does nothing.
import { z } from 'zod'
import type { PetFacet, PetQuery, PetSort } from '../../../application.ts'
import {
  DEFAULT_PAGE_SIZE,
  dayField,
  GENDERS,
  includeParameter,
  MAX_AGE_MONTHS,
  queryBoolean,
  queryInteger,
  queryList,
  queryText,
  SIZES,
  SPECIES,
  STATUSES,
  toMoney,
} from '../fields.ts'
import { uuidSchema } from '../../../core/ids.ts'
import { listParameters } from '../paging.ts'

export const SORT_FIELDS = [
  'createdAt',
  'ageMonths',
  'price',
  'name',
  'intakeDate',
  'relevance',
] as const satisfies readonly PetSort['field'][]
export const FACETS = [
  'species',
  'status',
  'size',
  'gender',
  'goodWithKids',
  'breed',
  'shelterId',
] as const satisfies readonly PetFacet[]
const SORTS = SORT_FIELDS.flatMap((field) => [field, `-${field}` as const])

const money = () =>
  queryText(12)
    .pipe(z.string().regex(/^\d{1,8}(\.\d{1,2})?$/, 'Must be a decimal amount such as 75.00'))
    .transform((amount) => toMoney(amount))
    .meta({ type: 'string', pattern: '^\\d{1,8}(\\.\\d{1,2})?$' })

export const petListQuery = z
  .strictObject({
    species: queryList(SPECIES).optional(),
    status: queryList(STATUSES).optional(),
    size: queryList(SIZES).optional(),
    gender: queryList(GENDERS).optional(),
    breed: queryText(100).optional(),
    color: queryText(100).optional(),
    ageMin: queryInteger(0, MAX_AGE_MONTHS).optional(),
    ageMax: queryInteger(0, MAX_AGE_MONTHS).optional(),
    goodWithKids: queryBoolean().optional(),
    goodWithDogs: queryBoolean().optional(),
    goodWithCats: queryBoolean().optional(),
    vaccinated: queryBoolean().optional(),
    spayedNeutered: queryBoolean().optional(),
    specialNeeds: queryBoolean().optional(),
    shelterId: queryText(36).pipe(uuidSchema).meta({ type: 'string', format: 'uuid' }).optional(),
    intakeFrom: queryText(10).pipe(dayField).meta({ type: 'string', format: 'date' }).optional(),
    intakeTo: queryText(10).pipe(dayField).meta({ type: 'string', format: 'date' }).optional(),
    priceMin: money().optional(),
    priceMax: money().optional(),
    q: queryText(200).optional(),
    sort: queryText(20).pipe(z.enum(SORTS)).meta({ type: 'string', enum: SORTS }).optional(),
    facets: queryList(FACETS).optional(),
    include: includeParameter,
    ...listParameters,
  })
  .superRefine((query, context) => {
    const clash = (path: string, message: string, code: string): void =>
      context.addIssue({ code: 'custom', path: [path], message, params: { code } })
    const { ageMin, ageMax, priceMin, priceMax } = query
    if (ageMin !== undefined && ageMax !== undefined && ageMin > ageMax) {
      clash('ageMin', 'Must not be above ageMax', 'OUT_OF_RANGE')
    }
    if (priceMin !== undefined && priceMax !== undefined && Number(priceMin) > Number(priceMax)) {
      clash('priceMin', 'Must not be above priceMax', 'OUT_OF_RANGE')
    }
    const { intakeFrom, intakeTo } = query
    if (intakeFrom !== undefined && intakeTo !== undefined && intakeFrom > intakeTo) {
      clash('intakeFrom', 'Must not be after intakeTo', 'OUT_OF_RANGE')
    }
    if (query.cursor !== undefined && query.page !== undefined) {
      clash('cursor', 'Cannot be combined with page', 'INVALID_VALUE')
    }
    if (query.sort?.endsWith('relevance') === true && query.q === undefined) {
      clash('sort', 'Relevance needs the parameter q', 'INVALID_VALUE')
    }
  })
export type PetListQuery = z.output<typeof petListQuery>

/** A search that was understood. `key` names its answer: the same for every way of asking the same. */
export type PetSearchPlan = Readonly<{
  key: string
  question: string // all but the paging, as parameters; see `hrefParameters`
  query: PetQuery
  withLinks: boolean
  needsStaff: boolean // NOT_AVAILABLE is for staff to ask for
}>

export const planSearch = (input: PetListQuery): PetSearchPlan => {
  const {
    sort,
    facets = [],
    include = [],
    page = 1,
    limit = DEFAULT_PAGE_SIZE,
    cursor,
    ...asked
  } = input
  const filter = { ...defined(asked), status: input.status ?? ['AVAILABLE'] }
  const query: PetQuery = {
    filter,
    sort: sortOf(sort, input.q),
    paging:
      cursor === undefined
        ? { kind: 'page', page, limit }
        : { kind: 'cursor', after: cursor === '' ? null : cursor, limit },
    facets,
    extras: include.includes('shelter'),
  }
  const withLinks = include.includes('links')
  const question = questionParameters(query, withLinks)
  return {
    key: `pets?${hrefParameters(question, query.paging)}`,
    question,
    query,
    withLinks,
    needsStaff: filter.status.includes('NOT_AVAILABLE'),
  }
}

const sortOf = (sort: string | undefined, words: string | undefined): PetSort => {
  const name = sort?.replace('-', '')
  const field = SORT_FIELDS.find((known) => known === name)
  if (field === undefined) {
    return { field: words === undefined ? 'createdAt' : 'relevance', order: 'DESC' }
  }
  return { field, order: sort?.startsWith('-') === true ? 'DESC' : 'ASC' }
}

type Defined<T> = { [Field in keyof T]?: Exclude<T[Field], undefined> }
const defined = <T extends object>(value: T): Defined<T> =>
  Object.fromEntries(
    Object.entries(value).filter(([, member]) => member !== undefined),
  ) as Defined<T>

/** What is asked, as parameters of GET /pets in one fixed order. */
const questionParameters = (query: PetQuery, withLinks: boolean): string => {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query.filter).sort(([left], [right]) =>
    left < right ? -1 : 1,
  )) {
    parameters.set(name, String(value))
  }
  parameters.set('sort', `${query.sort.order === 'DESC' ? '-' : ''}${query.sort.field}`)
  if (query.facets.length > 0) parameters.set('facets', query.facets.join(','))
  const include = [...(query.extras ? ['shelter'] : []), ...(withLinks ? ['links'] : [])]
  if (include.length > 0) parameters.set('include', include.join(','))
  return parameters.toString()
}

/** One page of a question, as parameters of GET /pets: cache key, links and Content-Location are made of it. */
export const hrefParameters = (question: string, paging: PetQuery['paging']): string => {
  const place =
    paging.kind === 'page'
      ? `page=${String(paging.page)}`
      : new URLSearchParams({ cursor: paging.after ?? '' }).toString()
  return `${question}&${place}&limit=${String(paging.limit)}`
}
