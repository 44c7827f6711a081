// What a search's filter means in SQL: a fixed table of comparisons, one a field, with bound values. The same table
// serves the pets and the cubes of counts, which hold a flag as text.
import type { CubeField } from './cubes.ts'
import type { PetFilter } from './query-types.ts'
import { comparisonKey } from './rows.ts'

type Operator = 'any' | '=' | '>=' | '<='
type SqlType = 'text' | 'int' | 'boolean' | 'date' | 'numeric'

type Comparison = Readonly<{ column: string; operator: Operator; type: SqlType }>
export type FilterField = Exclude<keyof PetFilter, 'q'>

const COMPARISONS: Readonly<Record<FilterField, Comparison>> = {
  status: { column: 'status', operator: 'any', type: 'text' },
  species: { column: 'species', operator: 'any', type: 'text' },
  size: { column: 'size', operator: 'any', type: 'text' },
  gender: { column: 'gender', operator: 'any', type: 'text' },
  breed: { column: 'breed_key', operator: '=', type: 'text' },
  color: { column: 'color_key', operator: '=', type: 'text' },
  ageMin: { column: 'age_months', operator: '>=', type: 'int' },
  ageMax: { column: 'age_months', operator: '<=', type: 'int' },
  goodWithKids: { column: 'good_with_kids', operator: '=', type: 'boolean' },
  goodWithDogs: { column: 'good_with_dogs', operator: '=', type: 'boolean' },
  goodWithCats: { column: 'good_with_cats', operator: '=', type: 'boolean' },
  vaccinated: { column: 'vaccinated', operator: '=', type: 'boolean' },
  spayedNeutered: { column: 'spayed_neutered', operator: '=', type: 'boolean' },
  specialNeeds: { column: 'special_needs', operator: '=', type: 'boolean' },
  shelterId: { column: 'shelter_id', operator: '=', type: 'text' },
  intakeFrom: { column: 'intake_date', operator: '>=', type: 'date' },
  intakeTo: { column: 'intake_date', operator: '<=', type: 'date' },
  priceMin: { column: 'price', operator: '>=', type: 'numeric' },
  priceMax: { column: 'price', operator: '<=', type: 'numeric' },
}

const CUBE_FIELDS: Partial<Record<FilterField, CubeField>> = {
  status: 'status',
  species: 'species',
  size: 'size',
  gender: 'gender',
  goodWithKids: 'good_with_kids',
  ageMin: 'age_months',
  ageMax: 'age_months',
  shelterId: 'shelter_id',
  vaccinated: 'vaccinated',
  spayedNeutered: 'spayed_neutered',
  specialNeeds: 'special_needs',
}

/** Collects bound values; `bind` answers the parameter that stands for one. */
export type Parameters = Readonly<{
  values: unknown[]
  bind: (value: unknown, type: string) => string
}>

/** The tenant is always the first parameter. */
export const parametersFor = (tenantId: string): Parameters => {
  const values: unknown[] = [tenantId]
  return { values, bind: (value, type) => `$${values.push(value)}::${type}` }
}

export const usedFields = (filter: PetFilter): readonly FilterField[] =>
  (Object.keys(COMPARISONS) as FilterField[]).filter((field) => filter[field] !== undefined)

/** The cube fields that the filter needs; undefined when some field is in no cube, or when words are searched. */
export const cubeFieldsOf = (filter: PetFilter): readonly CubeField[] | undefined => {
  if (filter.q !== undefined) return undefined
  const fields = usedFields(filter).map((field) => CUBE_FIELDS[field])
  return fields.every((field) => field !== undefined) ? fields : undefined
}

/**
 * `walkedBy`: the column whose order the pets are met in. A range of any other column is then written so that no index
 * can serve it: a statement planned for any range takes each for narrow, and would gather and sort all that a wide one
 * matches.
 */
export const petConditions = (
  filter: PetFilter,
  parameters: Parameters,
  walkedBy?: string,
): readonly string[] =>
  conditions(filter, parameters, { alias: 'p', flagsAreText: false, walkedBy })

export const cubeConditions = (filter: PetFilter, parameters: Parameters): readonly string[] =>
  conditions(filter, parameters, { alias: 'c', flagsAreText: true, walkedBy: undefined })

const conditions = (
  filter: PetFilter,
  parameters: Parameters,
  from: Readonly<{ alias: string; flagsAreText: boolean; walkedBy: string | undefined }>,
): readonly string[] =>
  usedFields(filter).map((field) => {
    const { column, operator, type } = COMPARISONS[field]
    const value = comparable(field, filter)
    const left = `${from.alias}.${column}`
    if (operator === 'any') return oneOf(left, value as readonly string[], parameters)
    if (type === 'boolean' && from.flagsAreText) {
      return `${left} = ${parameters.bind(String(value), 'text')}`
    }
    const isHidden = from.walkedBy !== undefined && operator !== '=' && left !== from.walkedBy
    return `${left}${isHidden ? ' + 0' : ''} ${operator} ${parameters.bind(value, type)}`
  })

// One value is compared as such: only then can an index that begins with the column give the order too.
const oneOf = (left: string, values: readonly string[], { bind }: Parameters): string => {
  const distinct = [...new Set(values)].sort()
  return distinct.length === 1
    ? `${left} = ${bind(distinct[0], 'text')}`
    : `${left} = any(${bind(distinct, 'text[]')})`
}

const comparable = (field: FilterField, filter: PetFilter): unknown => {
  const value = filter[field]
  return (field === 'breed' || field === 'color') && typeof value === 'string'
    ? comparisonKey(value)
    : value
}
