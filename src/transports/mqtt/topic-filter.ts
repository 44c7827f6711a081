// Topic filters as the MQTT standards define them: which are valid, which topics they match, and
// whether one filter is contained in another. Levels are split once, by whoever holds the filter.

export type Levels = readonly string[]

export const levelsOf = (text: string): Levels => text.split('/')

/** `+` and `#` stand for a whole level, and `#` comes last. */
export const isTopicFilter = (text: string): boolean => {
  if (text === '' || text.includes('\0')) return false
  const levels = levelsOf(text)
  return levels.every(
    (level, index) =>
      level === '+' ||
      (level === '#' && index === levels.length - 1) ||
      (!level.includes('+') && !level.includes('#')),
  )
}

/** Names that begin with `$` are the server's own: a leading wildcard passes them by. */
const isOwnName = (level: string | undefined): boolean => level?.startsWith('$') === true

const startsWithWildcard = (filter: Levels): boolean => filter[0] === '+' || filter[0] === '#'

/** `#` matches the level above it, too. */
export const matchesTopic = (filter: Levels, topic: Levels): boolean => {
  if (startsWithWildcard(filter) && isOwnName(topic[0])) return false
  for (const [index, level] of filter.entries()) {
    if (level === '#') return true
    const name = topic[index]
    if (name === undefined || (level !== '+' && level !== name)) return false
  }
  return filter.length === topic.length
}

/** True when every topic that `inner` matches is matched by `outer`. */
export const containsFilter = (outer: Levels, inner: Levels): boolean => {
  if (startsWithWildcard(outer) && isOwnName(inner[0])) return false
  for (const [index, level] of outer.entries()) {
    if (level === '#') return true
    const asked = inner[index]
    if (asked === undefined || asked === '#') return false
    if (level !== '+' && level !== asked) return false
  }
  return outer.length === inner.length
}
