// What a consumer wants of a tenant's events, by type and by subject. A filter says under which
// keys of the index it is filed, so that an event looks at the subscriptions it concerns and at no
// other.
//
// Types: `pet.adopted`, `pet.*` (everything below `pet.`), `*`, or any other use of `*` such as
// `*.status_changed`. Subjects: `pets/<id>`, `pets/*`, `*`. Patterns of one kind are alternatives;
// both kinds must hold.
//
// There is none by species or shelter: only some events of a pet say them, and a filter that
// overlooks the others would lose events without a sign.

export type FeedFilter = Readonly<{ types?: readonly string[]; subjects?: readonly string[] }>

export const MAX_FILTER_PATTERNS = 50
export const MAX_PATTERN_LENGTH = 120

export type IndexKeys =
  | Readonly<{ by: 'all' }>
  | Readonly<{ by: 'general' }>
  | Readonly<{ by: 'subject'; exact: readonly string[]; prefixes: readonly string[] }>
  | Readonly<{ by: 'type'; exact: readonly string[]; prefixes: readonly string[] }>

export type CompiledFilter = Readonly<{
  keys: IndexKeys
  matches: (type: string, subject: string) => boolean
}>

export type FilterResult =
  | Readonly<{ kind: 'filter'; filter: CompiledFilter }>
  | Readonly<{ kind: 'invalid'; field: 'types' | 'subjects'; message: string }>

const TYPE_PATTERN = /^[a-z0-9_.*]+$/
const SUBJECT_PATTERN = /^[A-Za-z0-9_-]+\/(\*|[A-Za-z0-9_.:-]+)$|^\*$/

/** `prefixes` end before the separator: `pet` for `pet.*`, `pets` for `pets/*`. */
type Patterns = Readonly<{
  all: boolean
  exact: readonly string[]
  prefixes: readonly string[]
  globs: readonly RegExp[]
}>

export const compileFilter = (filter: FeedFilter): FilterResult => {
  const invalid =
    refusal('types', filter.types, TYPE_PATTERN) ??
    refusal('subjects', filter.subjects, SUBJECT_PATTERN)
  if (invalid !== undefined) return invalid
  const types = patternsOf(filter.types, '.')
  const subjects = patternsOf(filter.subjects, '/')
  const matchesType = matcher(types, '.')
  const matchesSubject = matcher(subjects, '/')
  return {
    kind: 'filter',
    filter: {
      keys: keysOf(types, subjects),
      matches: (type, subject) => matchesType(type) && matchesSubject(subject),
    },
  }
}

const refusal = (
  field: 'types' | 'subjects',
  patterns: readonly string[] | undefined,
  shape: RegExp,
): FilterResult | undefined => {
  if (patterns === undefined) return undefined
  if (patterns.length > MAX_FILTER_PATTERNS) {
    return { kind: 'invalid', field, message: `At most ${String(MAX_FILTER_PATTERNS)} patterns` }
  }
  const wrong = patterns.find((each) => each.length > MAX_PATTERN_LENGTH || !shape.test(each))
  if (wrong === undefined) return undefined
  const example = field === 'types' ? 'pet.adopted, pet.* or *' : 'pets/<id> or pets/*'
  return { kind: 'invalid', field, message: `Not a pattern such as ${example}` }
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
 * Exact subjects single out most, then types, then a whole collection. Globs can only be tried one
 * by one.
 */
const keysOf = (types: Patterns, subjects: Patterns): IndexKeys => {
  const onlyExactSubjects = !subjects.all && subjects.prefixes.length === 0
  if (onlyExactSubjects) return { by: 'subject', exact: subjects.exact, prefixes: [] }
  if (!types.all && types.globs.length === 0) {
    return { by: 'type', exact: types.exact, prefixes: types.prefixes }
  }
  if (!subjects.all) {
    return { by: 'subject', exact: subjects.exact, prefixes: subjects.prefixes }
  }
  return types.all ? { by: 'all' } : { by: 'general' }
}
