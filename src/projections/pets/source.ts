// Where searches read from, and the conditions that each of them begins with: the tenant, and not removed. Words are
// looked up first and once: left to itself the planner may look them up again for each pet.
import { liveTarget, type Projection, tableName } from '../projection.ts'
import type { Parameters } from './filter.ts'

export type PetTables = Readonly<{
  pets: string
  search: string
  words: string
  named: (name: string) => string
}>

/** `text` is a text search query; `isRanked` asks for `s.rank` beside each match. */
export type Words = Readonly<{ text: string | undefined; isRanked: boolean }>

export type PetSource = Readonly<{ with: string; from: string; where: readonly string[] }>

export const petTables = (projection: Pick<Projection, 'version'>): PetTables => {
  const named = (name: string): string => tableName(name, liveTarget(projection))
  return { pets: named('pets'), search: named('pet_search'), words: named('pet_words'), named }
}

export const petSource = (
  tables: PetTables,
  { text, isRanked }: Words,
  parameters: Parameters,
): PetSource => {
  const where = ['p.tenant_id = $1', 'p.removed_at is null']
  if (text === undefined) return { with: '', from: `${tables.pets} p`, where }
  const query = parameters.bind(text, 'tsquery')
  const rank = isRanked ? `, (ts_rank(d.document, ${query}) * 1000000)::int as rank` : ''
  // By the GIN index on (tenant_id, document).
  const matches = `select d.pet_id${rank} from ${tables.search} d
    where d.tenant_id = $1 and d.document @@ ${query}`
  return {
    with: `with s as materialized (${matches}) `,
    from: `${tables.pets} p join s on s.pet_id = p.pet_id`,
    where,
  }
}
