// The statement that finds one page, and the exact number of all matches with it: one connection has the pages of both
// at hand, and both are of one moment. Where an index has all that is asked for before its order, the page's rows are
// walked in it, from the first one on, which is found in the index alone. Otherwise the inner query finds ids in order,
// index-only on the index named after the order; the outer one fetches this page's rows by primary key. One row more
// than asked for tells whether a page follows. Each row carries the total; a page beyond the end is one row without a
// pet.
import type { TenantId } from '../../core/ids.ts'
import { petStatusSchema, speciesSchema } from '../../events/pet.ts'
import { totalOf } from './counting.ts'
import type { Place } from './cursor.ts'
import { type FilterField, type Parameters, parametersFor, usedFields } from './filter.ts'
import type { PetFilter, PetQuery, PetSort } from './query-types.ts'
import { petSource, type PetTables, type Question } from './source.ts'

export type Finding = Readonly<{
  query: PetQuery
  sort: PetSort
  place: Place | undefined
  question: Question
}>

export type Composed = Readonly<{ statement: string; values: unknown[] }>
type Lead = 'status' | 'species'

/** Each order's column, its type, and the fields that come before it in its index. */
type Order = readonly [column: string, type: string, before: readonly Lead[]]
const ORDERS: Readonly<Record<Exclude<PetSort['field'], 'relevance'>, Order>> = {
  createdAt: ['p.created_at', 'timestamptz', ['status']],
  ageMonths: ['p.age_months', 'int', ['status', 'species']],
  price: ['p.price', 'numeric', ['status', 'species']],
  name: ['p.name_key', 'text', ['status']],
  intakeDate: ['p.intake_date', 'date', ['status']],
}

/** What the indexes of each order have before it, each once; a range of the order's own column is no more to them. */
type Keyed = Readonly<{
  before: readonly (readonly FilterField[])[]
  ranges: readonly FilterField[]
}>
const KEYED: Readonly<Record<Exclude<PetSort['field'], 'relevance'>, Keyed>> = {
  createdAt: {
    before: [['status'], ['status', 'species'], ['status', 'breed'], ['status', 'shelterId']],
    ranges: [],
  },
  ageMonths: { before: [['status', 'species']], ranges: ['ageMin', 'ageMax'] },
  price: { before: [['status', 'species']], ranges: ['priceMin', 'priceMax'] },
  name: { before: [['status']], ranges: [] },
  intakeDate: { before: [['status']], ranges: ['intakeFrom', 'intakeTo'] },
}

const LEAD_VALUES: Readonly<Record<Lead, readonly string[]>> = {
  status: petStatusSchema.options,
  species: speciesSchema.options,
}

/** Of any order but relevance. */
export const pageStatement = (
  tables: PetTables,
  tenantId: TenantId,
  finding: Finding,
): Composed => {
  const { sort } = finding
  if (sort.field === 'relevance') throw new Error('pages by relevance have their own statement')
  const parameters = parametersFor(tenantId)
  const direction = sort.order === 'ASC' ? 'asc' : 'desc'
  const order = ORDERS[sort.field]
  const ordering = { ...finding, tenantId, direction, order } as const
  const rows = isKeyed(finding.question, KEYED[sort.field])
    ? rowsInOrder(tables, ordering, parameters)
    : rowsOfIds(tables, ordering, parameters)
  const total = totalOf(tables, { tenantId, ...finding.question }, parameters)
  return {
    values: parameters.values,
    statement: `select n.total, k.* from (${total}) n left join (${rows}) k on true
    order by k.sort_key ${direction}, k.pet_id ${direction}`,
  }
}

/** What is shown of a page's rows; see `renderPet`. */
export const shownColumns = ({ extras }: PetQuery): string =>
  extras ? 'p.body, p.photos, p.extras, p.serial' : 'p.body, p.photos'

const isKeyed = ({ filter, text }: Question, { before, ranges }: Keyed): boolean => {
  const fields = usedFields(filter).filter((field) => !ranges.includes(field))
  const isOne = (field: FilterField): boolean =>
    (field !== 'status' && field !== 'species') || new Set(filter[field]).size === 1
  return (
    text === undefined &&
    before.some(
      (keys) => keys.length === fields.length && keys.every((key) => fields.includes(key)),
    ) &&
    fields.every(isOne)
  )
}

type Ordering = Finding & Readonly<{ tenantId: TenantId; direction: 'asc' | 'desc'; order: Order }>
type Ids = Readonly<{ with: string; select: string }>

// Rows that come before the page are passed over in the index, and not read.
const rowsInOrder = (tables: PetTables, ordering: Ordering, parameters: Parameters): string => {
  const { query, question, place, direction, order, tenantId } = ordering
  const [column] = order
  const { where } = petSource(
    tables,
    { ...question, tenantId, reads: 'pets', walkedBy: column },
    parameters,
  )
  const conditions =
    place === undefined ? where : [...where, afterPlace(ordering, place, parameters)]
  const { limit, offset } = boundsOf(query, parameters)
  const matches = `${tables.pets} p where ${conditions.join(' and ')}`
  const inOrder = `order by ${column} ${direction}, p.pet_id ${direction}`
  const sign = direction === 'asc' ? '>=' : '<='
  const fromFirst =
    offset === undefined
      ? ''
      : `and (${column}, p.pet_id) ${sign}
          (select ${column}, p.pet_id from ${matches} ${inOrder} limit 1 offset ${offset})`
  return `select p.pet_id, ${column} as sort_key, ${shownColumns(query)}
    from ${matches} ${fromFirst} ${inOrder} limit ${limit}`
}

const rowsOfIds = (tables: PetTables, ordering: Ordering, parameters: Parameters): string => {
  const ids = idsInOrder(tables, ordering, parameters)
  return `${ids.with}select p.pet_id, i.sort_key, ${shownColumns(ordering.query)}
    from (${ids.select}) i join ${tables.pets} p on p.tenant_id = $1 and p.pet_id = i.pet_id`
}

const afterPlace = (
  { order: [column, type], direction }: Ordering,
  place: Place,
  { bind }: Parameters,
): string =>
  `(${column}, p.pet_id) ${direction === 'asc' ? '>' : '<'}
    (${bind(place.value, type)}, ${bind(place.petId, 'text')})`

const idsInOrder = (tables: PetTables, ordering: Ordering, parameters: Parameters): Ids => {
  const { query, place, question, direction, order, tenantId } = ordering
  const [column, , fields] = order
  const leads = openLeads(question, fields)
  const filter = without(question.filter, leads)
  const source = petSource(
    tables,
    { tenantId, text: question.text, filter, reads: 'pets', walkedBy: column },
    parameters,
  )
  const conditions = [...source.where, ...leads.map((lead) => `p.${lead} = ${lead}_lead.value`)]
  if (place !== undefined) conditions.push(afterPlace(ordering, place, parameters))
  const { limit, offset } = boundsOf(query, parameters)
  const part = offset === undefined ? `limit ${limit}` : `limit ${limit} offset ${offset}`
  const found = `select p.pet_id, ${column} as sort_key from ${source.from}
    where ${conditions.join(' and ')} order by ${column} ${direction}, p.pet_id ${direction}`
  if (leads.length === 0) return { with: source.with, select: `${found} ${part}` }
  const reach = offset === undefined ? limit : `${limit} + ${offset}`
  const below = leads.map((lead) => {
    const values = [...new Set(question.filter[lead] ?? LEAD_VALUES[lead])].sort()
    return `unnest(${parameters.bind(values, 'text[]')}) as ${lead}_lead(value)`
  })
  return {
    with: source.with,
    select: `select o.pet_id, o.sort_key from ${below.join(' cross join ')}
      cross join lateral (${found} limit ${reach}) o
      order by o.sort_key ${direction}, o.pet_id ${direction} ${part}`,
  }
}

export const boundsOf = (
  { paging }: PetQuery,
  { bind }: Parameters,
): Readonly<{ limit: string; offset: string | undefined }> => {
  const skipped = paging.kind === 'page' ? (paging.page - 1) * paging.limit : 0
  const limit = bind(paging.limit + 1, 'bigint')
  return { limit, offset: skipped === 0 ? undefined : bind(skipped, 'bigint') }
}

// An index gives its order only below one value of each field before it. Where the question leaves
// such a field open, the order is walked below each of its values, as far as the page reaches, and
// what was found is put together: a few times the page, however many pets match. A breed's or a
// shelter's pets are few enough to be sorted.
const openLeads = ({ filter, text }: Question, leads: readonly Lead[]): readonly Lead[] => {
  if (text !== undefined) return []
  const isNarrow = filter.breed !== undefined || filter.shelterId !== undefined
  return leads.filter(
    (lead) => new Set(filter[lead]).size !== 1 && (lead === 'status' || !isNarrow),
  )
}

const without = (filter: PetFilter, leads: readonly Lead[]): PetFilter => {
  const rest = { ...filter }
  for (const lead of leads) delete rest[lead]
  return rest
}
