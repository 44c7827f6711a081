// GET /pets?species=cat&status=available&_sort=-age_months&_limit=20
import { z } from 'zod'
import type { ClassicPetField, ClassicPetQuery } from '../../../../application.ts'
import { queryInteger, queryList, queryText } from '../../fields.ts'
import { listControls, rangeOf, STARTS_ONCE, startsOnce } from '../controls.ts'
import { GENDERS, SIZES, SPECIES, STATUSES } from './view.ts'

const SORT_FIELDS: Readonly<Record<string, ClassicPetField>> = {
  id: 'serial',
  name: 'name',
  species: 'species',
  breed: 'breed',
  age_months: 'ageMonths',
  gender: 'gender',
  size: 'size',
  status: 'status',
  shelter_id: 'shelterSerial',
  intake_date: 'intakeDate',
}
const MAX_NUMBER = 999_999_999_999_999

export const petListParameters = {
  species: queryList(SPECIES).optional(),
  status: queryList(STATUSES).optional(),
  breed: queryText(100).optional(),
  size: queryList(SIZES).optional(),
  gender: queryList(GENDERS).optional(),
  shelter_id: queryInteger(1, MAX_NUMBER).optional(),
  ...listControls(Object.keys(SORT_FIELDS)),
}
export const petListQuery = z.strictObject(petListParameters).refine(startsOnce, STARTS_ONCE)

/** `key` names the answer: the same for every way of asking the same. */
export type PetListPlan = Readonly<{ key: string; query: ClassicPetQuery }>

export const planList = (input: z.output<typeof petListQuery>): PetListPlan => {
  const { species, status, breed, size, gender, shelter_id: shelterSerial } = input
  const filter: ClassicPetQuery['filter'] = {
    ...(species === undefined ? {} : { species: species.map(upper) }),
    ...(status === undefined ? {} : { status: status.map(upper) }),
    ...(breed === undefined ? {} : { breed }),
    ...(size === undefined ? {} : { size: size.map(upper) }),
    ...(gender === undefined ? {} : { gender: gender.map(upper) }),
    ...(shelterSerial === undefined ? {} : { shelterSerial }),
  }
  const query = { filter, ...rangeOf(input, SORT_FIELDS) }
  return { key: `classic:pets?${JSON.stringify(query)}`, query }
}

export const upper = <Text extends string>(text: Text): Uppercase<Text> =>
  text.toUpperCase() as Uppercase<Text>
