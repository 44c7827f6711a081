// The species and shelter of the pet that an event is about, as its own stream says them up to that
// very event: so live, from the ring and replayed after years give the same answer. Nothing but the
// log is asked, since a read model knows only what is so now, and events keep their stored form.
//
// What passes by is folded into a bounded memory, one look-up an event. What that does not know costs
// one read of the pet's stream, for whoever filters by it and for nobody else.
import type { EventStore } from '../../core/event-store.ts'
import type { StoredEvent } from '../../core/event.ts'
import { oldestFirst } from '../../core/oldest-first.ts'
import {
  NO_TRAITS,
  type Traits,
  type TraitsAround,
  traitsAfter,
  traitSourceOf,
} from '../../events/registry.ts'
import type { Gate } from './gate.ts'
import type { FeedLimits } from './limits.ts'
import type { EventCatalogue } from './types.ts'

/** An entry, as far as this book is concerned. */
type Holder = { readonly event: StoredEvent; traits: TraitsAround | undefined }

export type TraitBook = Readonly<{
  /** Of a decoded event. Undefined: its stream must be read. */
  know: (event: StoredEvent) => TraitsAround | undefined
  /** Reads what is missing of the entries. Throws when the log cannot be read. */
  fill: (entries: readonly Holder[]) => Promise<void>
  counts: () => Readonly<{ traitPets: number; traitReads: number }>
}>

export type TraitBookOptions = Readonly<{
  eventStore: EventStore
  decode: EventCatalogue['decode']
  gate: Gate
  limits: Pick<FeedLimits, 'traitPets' | 'catchUpPageEvents' | 'concurrentReads'>
}>

/** Its traits from each version on at which they changed, up to a version. */
type History = { knownTo: number; changes: readonly Change[] }
type Change = Readonly<{ version: number; traits: Traits; alone: TraitsAround }>

const NOTHING: TraitsAround = []
const MAX_CHANGES_REMEMBERED = 64 // of one pet: one that changes oftener is read when wanted

export const createTraitBook = (options: TraitBookOptions): TraitBook => {
  const { eventStore, decode, gate, limits } = options
  const memory = createMemory(limits.traitPets)
  const underWay = new Map<string, Promise<History>>()
  let reads = 0

  const read = async (event: StoredEvent): Promise<History> => {
    const { tenantId, category, streamId: id } = event
    const history: History = { knownTo: 0, changes: [] }
    let fromVersion = 1
    while (fromVersion <= event.version) {
      await gate.enter()
      try {
        reads += 1
        const range = { fromVersion, toVersion: event.version, limit: limits.catchUpPageEvents }
        const { events } = await eventStore.readStream({ tenantId, category, id }, range)
        for (const each of events) foldStored(history, each, decode)
        fromVersion = (events.at(-1)?.version ?? event.version) + 1
      } finally {
        gate.leave()
      }
    }
    history.knownTo = event.version
    memory.offer(keyOf(event), history)
    return history
  }

  const readShared = (event: StoredEvent): Promise<History> => {
    const key = `${keyOf(event)} ${String(event.version)}`
    const started = underWay.get(key) ?? read(event).finally(() => underWay.delete(key))
    underWay.set(key, started)
    return started
  }

  return {
    know(event) {
      const source = traitSourceOf(event)
      if (source.kind === 'none') return NOTHING
      return source.kind === 'own' ? [source.traits] : memory.know(event)
    },
    async fill(entries) {
      // The newest of a pet first: its read tells about the older ones, too.
      const missing = entries.filter(({ traits }) => traits === undefined).reverse()
      const newest = new Map<string, Holder>()
      for (const entry of missing) {
        const key = keyOf(entry.event)
        if (!newest.has(key)) newest.set(key, entry)
      }
      const histories = new Map<string, History>()
      const wanted = [...newest]
      for (let from = 0; from < wanted.length; from += limits.concurrentReads) {
        const some = wanted.slice(from, from + limits.concurrentReads)
        const read = some.map(async ([key, { event }]) => {
          histories.set(key, await readShared(event))
        })
        await Promise.all(read)
      }
      for (const entry of missing) {
        const history = histories.get(keyOf(entry.event))
        entry.traits = history === undefined ? NOTHING : around(history, entry.event.version)
      }
    },
    counts: () => ({ traitPets: memory.size(), traitReads: reads }),
  }
}

const keyOf = (event: StoredEvent): string => `${event.tenantId} ${event.streamId}`

/** Those that were not asked for longest are forgotten first. */
const createMemory = (maxPets: number) => {
  const histories = new Map<string, History>()
  const takeOldest = oldestFirst(histories)
  const put = (key: string, history: History): void => {
    histories.delete(key)
    histories.set(key, history)
    if (histories.size > maxPets) takeOldest()
  }
  return {
    know(event: StoredEvent): TraitsAround | undefined {
      const key = keyOf(event)
      const history =
        histories.get(key) ?? (event.version === 1 ? { knownTo: 0, changes: [] } : undefined)
      if (history === undefined || event.version > history.knownTo + 1) return undefined
      if (event.version > history.knownTo) fold(history, event)
      if (history.changes.length > MAX_CHANGES_REMEMBERED) histories.delete(key)
      else put(key, history)
      return around(history, event.version)
    },
    offer(key: string, history: History): void {
      if (history.changes.length > MAX_CHANGES_REMEMBERED) return
      if ((histories.get(key)?.knownTo ?? 0) < history.knownTo) put(key, history)
    },
    size: () => histories.size,
  }
}

/** One that this build cannot read says nothing, as it is passed over everywhere. */
const foldStored = (history: History, stored: StoredEvent, decode: EventCatalogue['decode']) => {
  try {
    fold(history, decode(stored))
  } catch {
    history.knownTo = stored.version
  }
}

const fold = (history: History, event: StoredEvent): void => {
  const before = history.changes.at(-1)?.traits
  const traits = traitsAfter(before ?? NO_TRAITS, event)
  if (traits !== before) {
    const change: Change = { version: event.version, traits, alone: [traits] }
    history.changes = before === undefined ? [change] : [...history.changes, change]
  }
  history.knownTo = event.version
}

const around = ({ changes }: History, version: number): TraitsAround => {
  const after = changes.findLastIndex((change) => change.version <= version)
  const change = changes[after]
  if (change === undefined) return NOTHING
  const before = changes[after - 1]
  if (change.version < version || before === undefined) return change.alone
  return [before.traits, change.traits]
}
