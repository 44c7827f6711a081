// What is made of a topic filter: once for all who subscribe to the same topics, since there may be ten
// thousand of them.
import type { CompiledFilter } from '../feed/filter.ts'
import { createRecent } from '../feed/recent.ts'
import { hasRetained } from './retained.ts'
import { feedFilterOf, parseWanted, type Wanted, type WantedResult, wantsStock } from './topics.ts'

export type TopicFilter = Wanted &
  Readonly<{
    text: string // as the client has it
    feedFilter: CompiledFilter
    isOfStock: boolean // it reaches topics of stock
    isRetained: boolean // it reaches topics that have retained state
  }>

export type TopicFilterResult =
  | Readonly<{ kind: 'wanted'; wanted: TopicFilter }>
  | Exclude<WantedResult, Readonly<{ kind: 'wanted' }>>

const MAX_SHARED = 500
const shared = createRecent<TopicFilter>(MAX_SHARED)

export const topicFilterOf = (text: string): TopicFilterResult => {
  const parsed = parseWanted(text)
  if (parsed.kind !== 'wanted') return parsed
  const { after, levels } = parsed.wanted
  const topics = levels.join('/')
  const known = shared.get(topics) ?? made(topics, parsed.wanted)
  return { kind: 'wanted', wanted: after === undefined ? known : { ...known, text, after } }
}

const made = (text: string, { tenantId, levels, relative }: Wanted): TopicFilter => {
  const filter: TopicFilter = {
    tenantId,
    levels,
    relative,
    after: undefined,
    text,
    feedFilter: feedFilterOf(relative),
    isOfStock: wantsStock(relative),
    isRetained: hasRetained(relative),
  }
  shared.put(text, filter)
  return filter
}
