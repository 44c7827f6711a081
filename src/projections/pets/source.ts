// Where searches read from, and all the conditions that they read by, the tenant first. What only words, status and
// species are asked of is answered by the search table alone, which is small; the rest joins the pets to it.
import type { TenantId } from '../../core/ids.ts'
import { liveTarget, type Projection, tableName } from '../projection.ts'
import { type FilterField, type Parameters, petConditions, usedFields } from './filter.ts'
import type { PetFilter } from './query-types.ts'
import { speciesLexeme, tenantTag } from './words.ts'

export type PetTables = Readonly<{
  pets: string
  search: string
  words: string
  named: (name: string) => string
}>

/** `text` is the text search query that the filter's words became; undefined when none were asked for. */
export type Question = Readonly<{ filter: PetFilter; text: string | undefined }>

export type SourceOptions = Question &
  Readonly<{
    tenantId: TenantId
    /** Asks for the text search document of each match beside its id. */
    withDocument?: boolean
    /** The columns of `p` that are read besides the id and the filter's own. */
    reads: 'nothing' | 'pets'
    /** The column whose order the pets are walked in, see `petConditions`. */
    walkedBy?: string
  }>

export type PetSource = Readonly<{
  with: string
  from: string
  where: readonly string[]
  document: string
}>

const IN_SEARCH: readonly FilterField[] = ['status', 'species']

export const petTables = (projection: Pick<Projection, 'version'>): PetTables => {
  const named = (name: string): string => tableName(name, liveTarget(projection))
  return { pets: named('pets'), search: named('pet_search'), words: named('pet_words'), named }
}

export const petSource = (
  tables: PetTables,
  options: SourceOptions,
  parameters: Parameters,
): PetSource => {
  const { filter, text, reads, walkedBy } = options
  const fromPets = ['p.tenant_id = $1', 'p.removed_at is null']
  if (text === undefined) {
    const where = [...fromPets, ...petConditions(filter, parameters, walkedBy)]
    return { with: '', from: `${tables.pets} p`, where, document: '' }
  }
  const matches = matchesOf(tables, options, parameters)
  const others = usedFields(filter).filter((field) => !IN_SEARCH.includes(field))
  if (others.length === 0 && reads === 'nothing') {
    return { with: matches, from: 's p', where: [], document: 'p.document' }
  }
  const { status: _status, species: _species, ...rest } = filter
  return {
    with: matches,
    from: `${tables.pets} p join s on s.pet_id = p.pet_id`,
    where: [...fromPets, ...petConditions(rest, parameters)],
    document: 's.document',
  }
}

// By the GIN index on the document, whose lists the tenant's tag makes this tenant's own. Looked up
// first and once: left to itself the planner may look the words up again for each pet.
const matchesOf = (
  { search }: PetTables,
  { filter, text = '', tenantId, withDocument = false }: SourceOptions,
  parameters: Parameters,
): string => {
  const words = parameters.bind(text, 'tsquery')
  const species = speciesQuery(tenantId, filter)
  const query = species === '' ? words : `${words} && ${parameters.bind(species, 'tsquery')}`
  const { status, species: asked } = filter
  const known = petConditions(
    {
      ...(status === undefined ? {} : { status }),
      ...(asked === undefined ? {} : { species: asked }),
    },
    parameters,
  )
  const where = ['p.tenant_id = $1', `p.document @@ (${query})`, ...known]
  const columns = withDocument ? 'p.pet_id, p.document' : 'p.pet_id'
  return `with s as materialized (select ${columns} from ${search} p
    where ${where.join(' and ')}) `
}

const speciesQuery = (tenantId: TenantId, { species }: PetFilter): string =>
  [...new Set(species ?? [])]
    .sort()
    .map((name) => `'${speciesLexeme(tenantTag(tenantId), quoted(name))}'`)
    .join(' | ')

// The schema allows capitals and underscores alone; anything else could only be a way out of the quotes.
const quoted = (name: string): string => name.replace(/[^A-Za-z_]/g, '')
