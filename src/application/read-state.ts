// What something is by its events in the log, page by page: never behind.
import { MAX_STREAM_PAGES } from '../commands/handle.ts'
import { type EventStore, MAX_STREAM_READ } from '../core/event-store.ts'
import type { StreamRef, Version } from '../core/event.ts'
import { decodeEventOf } from '../events/codec.ts'
import type { DomainEvent } from '../events/registry.ts'

export type Fold<State, Event> = Readonly<{
  initial: State
  evolve: (state: State, event: Event) => State
}>

export const readState = async <State, Event extends DomainEvent>(
  eventStore: EventStore,
  stream: StreamRef,
  { initial, evolve }: Fold<State, Event>,
): Promise<Readonly<{ state: State; version: Version }>> => {
  let state = initial
  let version = 0
  for (let page = 0; page < MAX_STREAM_PAGES; page += 1) {
    const read = { fromVersion: version + 1, limit: MAX_STREAM_READ }
    const slice = await eventStore.readStream(stream, read)
    for (const stored of slice.events) state = evolve(state, decodeEventOf<Event>(stored))
    version = slice.events.at(-1)?.version ?? version
    if (version >= slice.version) return { state, version }
  }
  throw new Error(`${stream.category} ${stream.id} has too many events to be read`)
}
