// What a consumer wants of a tenant's events: by type, by subject, and by the shelter and species of
// the pet they are about. A filter says under which keys of the index it is filed, so that an event
// looks at the subscriptions it concerns and at no other.
//
// Types: `pet.adopted`, `pet.*` (everything below `pet.`), `*`, or any other use of `*` such as
// `*.status_changed`. Subjects: `pets/<id>`, `pets/*`, `*`. Shelters: their ids. Species: `DOG`, in
// any case. Names of one kind are alternatives; every kind that is given must hold. By shelter and
// species a filter sees the events of pets, before or after which the pet was so, and by shelter
// those of the shelter itself; what is about no pet, such as an order, it does not see.
import { SPECIES, type Traits, type TraitsAround } from '../../events/registry.ts'
import { createRecent } from './recent.ts'

export type FeedFilter = Readonly<{
  types?: readonly string[]
  subjects?: readonly string[]
  shelters?: readonly string[]
  species?: readonly string[]
}>

export const MAX_FILTER_PATTERNS = 50
export const MAX_PATTERN_LENGTH = 120

export type IndexKeys =
  | Readonly<{ by: 'all' }>
  | Readonly<{ by: 'general' }>
  | Readonly<{ by: 'subject'; exact: readonly string[]; prefixes: readonly string[] }>
  | Readonly<{ by: 'type'; exact: readonly string[]; prefixes: readonly string[] }>
  | Readonly<{ by: 'shelter' | 'species'; exact: readonly string[]; prefixes: readonly string[] }>

/** `matchesTraits`: only of a filter by shelter or species, which must hold as well. */
export type CompiledFilter = Readonly<{
  keys: IndexKeys
  matches: (type: string, subject: string) => boolean
  matchesTraits?: (traits: TraitsAround) => boolean
}>

/** Undefined: that depends on traits which must be read first. */
export const isWanted = (
  filter: CompiledFilter,
  { event, subject, traits }: Candidate,
): boolean | undefined => {
  if (!filter.matches(event.type, subject)) return false
  if (filter.matchesTraits === undefined) return true
  return traits === undefined ? undefined : filter.matchesTraits(traits)
}

type Candidate = Readonly<{
  event: Readonly<{ type: string }>
  subject: string
  traits: TraitsAround | undefined
}>

export type FilterResult =
  | Readonly<{ kind: 'filter'; filter: CompiledFilter }>
  | Readonly<{
      kind: 'invalid'
      field: keyof FeedFilter
      message: string
      code: 'INVALID_FORMAT' | 'INVALID_ENUM_VALUE' | 'TOO_LONG'
    }>

/** How its members are called in a query string. */
export const FILTER_PARAMETERS = {
  types: 'types',
  subjects: 'subject',
  shelters: 'shelter',
  species: 'species',
} as const satisfies Readonly<Record<keyof FeedFilter, string>>

const TYPE_PATTERN = /^[a-z0-9_.*]+$/
const SHELTER_PATTERN = /^[A-Za-z0-9_.:-]+$/
const SPECIES_PATTERN = new RegExp(`^(${SPECIES.join('|')})$`, 'i')
const SUBJECT_PATTERN = /^[A-Za-z0-9_-]+\/(\*|[A-Za-z0-9_.:-]+)$|^\*$/

/** `prefixes` end before the separator: `pet` for `pet.*`, `pets` for `pets/*`. */
type Patterns = Readonly<{
  all: boolean
  exact: readonly string[]
  prefixes: readonly string[]
  globs: readonly RegExp[]
}>

const MAX_COMPILED = 500
/** Filters that were asked for lately: a thousand dashboards with the same one share it. */
const compiled = createRecent<FilterResult>(MAX_COMPILED)
const MAX_COMPILED_LENGTH = 500 // longer ones are seldom the same

export const compileFilter = (filter: FeedFilter): FilterResult => {
  const { types, subjects, shelters, species } = filter
  const key = JSON.stringify([types, subjects, shelters, species])
  const known = compiled.get(key)
  if (known !== undefined) return known
  const made = compile(filter)
  if (made.kind === 'invalid' || key.length > MAX_COMPILED_LENGTH) return made
  compiled.put(key, made)
  return made
}

const compile = (filter: FeedFilter): FilterResult => {
  const invalid =
    refusal('types', filter.types, TYPE_PATTERN) ??
    refusal('subjects', filter.subjects, SUBJECT_PATTERN) ??
    refusal('shelters', filter.shelters, SHELTER_PATTERN) ??
    refusal('species', filter.species, SPECIES_PATTERN)
  if (invalid !== undefined) return invalid
  const types = patternsOf(filter.types, '.')
  const subjects = patternsOf(filter.subjects, '/')
  const matchesType = matcher(types, '.')
  const matchesSubject = matcher(subjects, '/')
  const traits = { shelters: namesOf(filter.shelters), species: namesOf(filter.species, upper) }
  const matchesTraits = traitTest(traits)
  return {
    kind: 'filter',
    filter: {
      keys: keysOf(types, subjects, traits),
      matches: (type, subject) => matchesType(type) && matchesSubject(subject),
      ...(matchesTraits === undefined ? {} : { matchesTraits }),
    },
  }
}

const refusal = (
  field: keyof FeedFilter,
  patterns: readonly string[] | undefined,
  shape: RegExp,
): FilterResult | undefined => {
  if (patterns === undefined) return undefined
  if (patterns.length > MAX_FILTER_PATTERNS) {
    const message = `At most ${String(MAX_FILTER_PATTERNS)} patterns`
    return { kind: 'invalid', field, message, code: 'TOO_LONG' }
  }
  const wrong = patterns.find((each) => each.length > MAX_PATTERN_LENGTH || !shape.test(each))
  if (wrong === undefined) return undefined
  const code = field === 'species' ? 'INVALID_ENUM_VALUE' : 'INVALID_FORMAT'
  return { kind: 'invalid', field, message: MUST_BE[field], code }
}

const MUST_BE: Readonly<Record<keyof FeedFilter, string>> = {
  types: 'Not a pattern such as pet.adopted, pet.* or *',
  subjects: 'Not a pattern such as pets/<id> or pets/*',
  shelters: "Not a shelter's id",
  species: `Not one of ${SPECIES.join(', ')}`,
}

type TraitNames = Readonly<{
  shelters: readonly string[] | undefined // undefined: any, and none
  species: readonly string[] | undefined
}>

const upper = (name: string): string => name.toUpperCase()

const namesOf = (
  given: readonly string[] | undefined,
  normal: (name: string) => string = (name) => name,
): readonly string[] | undefined =>
  given === undefined || given.length === 0 ? undefined : [...new Set(given.map(normal))]

/** Both at one time: a pet that was a cat and is at this shelter now was no cat of this shelter. */
const traitTest = (names: TraitNames): CompiledFilter['matchesTraits'] => {
  if (names.shelters === undefined && names.species === undefined) return undefined
  const shelters = names.shelters === undefined ? undefined : new Set<string | null>(names.shelters)
  const species = names.species === undefined ? undefined : new Set<string | null>(names.species)
  const matches = (each: Traits) =>
    (shelters?.has(each.shelterId) ?? true) && (species?.has(each.species) ?? true)
  return (traits) => traits.some(matches)
}

/**
 * Patterns that another one includes are left out, so that no event finds a filter under two keys.
 */
const patternsOf = (given: readonly string[] | undefined, separator: string): Patterns => {
  const patterns = [...new Set(given ?? [])]
  if (patterns.length === 0 || patterns.includes('*')) {
    return { all: true, exact: [], prefixes: [], globs: [] }
  }
  const tail = `${separator}*`
  const isPrefix = (each: string) => each.endsWith(tail) && each.indexOf('*') === each.length - 1
  const prefixes = patterns.filter(isPrefix).map((each) => each.slice(0, -tail.length))
  const below = (name: string) => prefixes.some((prefix) => name.startsWith(prefix + separator))
  return {
    all: false,
    exact: patterns.filter((each) => !each.includes('*') && !below(each)),
    prefixes: prefixes.filter((each) => !below(each)),
    globs: patterns.filter((each) => each.includes('*') && !isPrefix(each)).map(globOf),
  }
}

/**
 * Only `*` is special, and runs of it count once; the alphabet of patterns has one other character
 * to escape.
 */
const globOf = (pattern: string): RegExp =>
  new RegExp(`^${pattern.replaceAll(/\*+/g, '*').replaceAll('.', '\\.').replaceAll('*', '.*')}$`)

const matcher = (patterns: Patterns, separator: string): ((name: string) => boolean) => {
  if (patterns.all) return () => true
  const exact = new Set(patterns.exact)
  const prefixes = patterns.prefixes.map((prefix) => prefix + separator)
  return (name) =>
    exact.has(name) ||
    prefixes.some((prefix) => name.startsWith(prefix)) ||
    patterns.globs.some((glob) => glob.test(name))
}

/**
 * Exact subjects single out most, then a shelter, types, a species and a whole collection. Globs can
 * only be tried one by one.
 */
const keysOf = (types: Patterns, subjects: Patterns, traits: TraitNames): IndexKeys => {
  const onlyExactSubjects = !subjects.all && subjects.prefixes.length === 0
  if (onlyExactSubjects) return { by: 'subject', exact: subjects.exact, prefixes: [] }
  const { shelters, species } = traits
  if (shelters !== undefined) return { by: 'shelter', exact: shelters, prefixes: [] }
  if (!types.all && types.globs.length === 0) {
    return { by: 'type', exact: types.exact, prefixes: types.prefixes }
  }
  if (species !== undefined) return { by: 'species', exact: species, prefixes: [] }
  if (!subjects.all) {
    return { by: 'subject', exact: subjects.exact, prefixes: subjects.prefixes }
  }
  return types.all ? { by: 'all' } : { by: 'general' }
}
