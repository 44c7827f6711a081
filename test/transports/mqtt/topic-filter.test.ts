// Filters and topics, against a matcher that is too simple to be wrong.
import fc from 'fast-check'
import t, { type Test } from 'tap'
import {
  containsFilter,
  isTopicFilter,
  levelsOf,
  matchesTopic,
} from '../../../src/transports/mqtt/topic-filter.ts'

const SEED = 20_260_822
const RUNS = 3_000

const name = fc.constantFrom('a', 'b', '', '$s')
const topic = fc.array(name, { minLength: 1, maxLength: 4 })
const filter = fc
  .tuple(fc.array(fc.oneof(name, fc.constant('+')), { minLength: 0, maxLength: 4 }), fc.boolean())
  .map(([levels, open]) => (open ? [...levels, '#'] : levels))
  .filter((levels) => levels.length > 0)

/** By a regular expression over the text, where ours walks levels. */
const naive = (levels: readonly string[], path: readonly string[]): boolean => {
  const wild = levels[0] === '+' || levels[0] === '#'
  if (wild && path[0]?.startsWith('$') === true) return false
  const text = levels.map((level) => (level === '+' ? '[^/]*' : level.replace('$', '\\$')))
  const open = text.at(-1) === '#'
  if (open) text.pop()
  if (open && text.length === 0) return true
  return new RegExp(`^${text.join('/')}${open ? '(/.*)?' : ''}$`).test(path.join('/'))
}

/** Says with which example a property does not hold. */
const holds = <Values>(t: Test, property: fc.IProperty<Values>): void => {
  const outcome = fc.check(property, { seed: SEED, numRuns: RUNS })
  t.notOk(outcome.failed, fc.defaultReportMessage(outcome) ?? 'holds')
  t.equal(outcome.numRuns, RUNS)
}

t.test('a filter matches what a naive matcher matches', async (t) => {
  holds(
    t,
    fc.property(
      filter,
      topic,
      (levels, path) => matchesTopic(levels, path) === naive(levels, path),
    ),
  )
})

t.test('what a contained filter matches, the containing one matches', async (t) => {
  holds(
    t,
    fc.property(filter, filter, topic, (outer, inner, path) => {
      if (containsFilter(outer, inner) && naive(inner, path)) return naive(outer, path)
      return true
    }),
  )
})

/** Topics of a filter in which every wildcard stands for a name that no filter has. */
const witnesses = (levels: readonly string[]): readonly (readonly string[])[] => {
  const named = levels
    .filter((level) => level !== '#')
    .map((level) => (level === '+' ? 'w' : level))
  if (levels.at(-1) !== '#') return [named]
  const tails = [[], ['w'], ['w', 'w'], ['w', 'w', 'w', 'w', 'w']]
  return tails.map((tail) => [...named, ...tail]).filter((path) => path.length > 0)
}

t.test('a filter that is not contained has a topic that the other does not match', async (t) => {
  holds(
    t,
    fc.property(filter, filter, (outer, inner) => {
      // Every topic has a level, so that `+/#` matches all that `#` does. Nobody is granted either.
      if (inner[0] === '#' && outer[0] === '+') return !containsFilter(outer, inner)
      const all = witnesses(inner).every((path) => !naive(inner, path) || naive(outer, path))
      return containsFilter(outer, inner) === all
    }),
  )
})

t.test('wildcards stand for whole levels, and # comes last', async (t) => {
  for (const good of ['#', '+', 'a/#', '+/a/+', '/', 'a//b', '/+', '$SYS/#']) {
    t.ok(isTopicFilter(good), good)
  }
  for (const bad of ['', 'a#', '#/a', 'a+', '+a', 'a/#/b', 'a\0b', '##']) {
    t.notOk(isTopicFilter(bad), JSON.stringify(bad))
  }
})

t.test('the examples of the standard hold', async (t) => {
  const matches = (one: string, other: string) => matchesTopic(levelsOf(one), levelsOf(other))
  t.ok(matches('sport/tennis/player1/#', 'sport/tennis/player1'))
  t.ok(matches('sport/tennis/player1/#', 'sport/tennis/player1/score/wimbledon'))
  t.ok(matches('#', 'anything/at/all'))
  t.notOk(matches('sport/+', 'sport'))
  t.ok(matches('sport/+', 'sport/'))
  t.ok(matches('+/+', '/finance'))
  t.ok(matches('/+', '/finance'))
  t.notOk(matches('+', '/finance'))
  t.notOk(matches('#', '$SYS/monitor'))
  t.notOk(matches('+/monitor/Clients', '$SYS/monitor/Clients'))
  t.ok(matches('$SYS/#', '$SYS/monitor'))
})
