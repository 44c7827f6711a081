// What happened to a pet, step by step: each event with the members of the pet's state that it
// changed, and what it says besides. Read from the log itself, so that it is never behind and also
// shows pets that were removed.
import type { Application, HistoryEntry } from '../application.ts'
import type { EventStore } from '../core/event-store.ts'
import type { StoredEvent, Version } from '../core/event.ts'
import type { TenantId } from '../core/ids.ts'
import { decodeEvent } from '../events/codec.ts'
import type { PetEvent } from '../events/pet.ts'
import { petDetailsOf } from '../events/pet-details.ts'
import { evolvePet, noPet, type PetState } from '../events/pet-state.ts'
import { decodeListCursor, encodeListCursor } from '../projections/paging.ts'

type History = Application['pets']['history']
type Page = Parameters<History>[2]
type Request = Readonly<{ tenantId: TenantId; petId: string; page: Page }>

/** Undefined: there never was such a pet in this tenant. */
export const petHistory = async (
  eventStore: EventStore,
  { tenantId, petId, page }: Request,
): ReturnType<History> => {
  const list = `history/${petId}` // a cursor of another pet's is none of this
  const after = versionBefore(list, page)
  if (after === undefined) return 'bad_cursor'
  const last = after + page.limit
  const stream = { tenantId, category: 'pet', id: petId }
  const { version, events } = await eventStore.readStream(stream, { toVersion: last })
  if (version === 0) return undefined
  const nextCursor = version > last ? encodeListCursor(list, String(last)) : null
  return { items: stepByStep(events).slice(after), totalItems: version, nextCursor, version }
}

const versionBefore = (list: string, { limit, place }: Page): Version | undefined => {
  if ('version' in place) return place.version
  if ('page' in place) return (place.page - 1) * limit
  if (place.after === null) return 0
  const version = decodeListCursor(list, place.after)
  return version !== undefined && /^[1-9]\d{0,8}$/.test(version) ? Number(version) : undefined
}

/** `events` start at version 1. */
const stepByStep = (events: readonly StoredEvent[]): readonly HistoryEntry[] => {
  let state: PetState = noPet
  return events.map((stored) => {
    const event = decodeEvent(stored)
    const before = membersOf(state)
    // The category holds pets' events only; this is where the wide type becomes the union.
    const petEvent = event as unknown as PetEvent
    state = evolvePet(state, petEvent)
    const changes = differences(before, membersOf(state))
    return { event, changes, details: petDetailsOf(petEvent) }
  })
}

type Members = Readonly<Record<string, unknown>>

const membersOf = (state: PetState): Members => {
  switch (state.kind) {
    case 'none':
      return {}
    case 'present': {
      const { profile, status, reservedFor, inCare, intake, photos } = state
      return { ...profile, status, reservedFor, inCare, intake, photos }
    }
    case 'removed':
      return { ...membersOf(state.last), removed: true }
  }
}

const differences = (before: Members, after: Members): HistoryEntry['changes'] =>
  Object.keys(after)
    .map((field) => ({ field, before: before[field] ?? null, after: after[field] ?? null }))
    .filter((change) => JSON.stringify(change.before) !== JSON.stringify(change.after))
