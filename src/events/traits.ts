// What consumers may choose events by beside type and subject: the species and the shelter of the
// pet that an event is about. Only some events of a pet say them, so they are folded from its stream.
import type { StoredEvent } from '../core/event.ts'
import type { Json, JsonObject } from '../core/json.ts'
import { petAdmitted, petEvents, petUpdated, speciesSchema } from './pet.ts'
import { shelterEvents } from './shelter.ts'

/** Null: not known, or of no shelter. */
export type Traits = Readonly<{ species: string | null; shelterId: string | null }>

/**
 * What was so before the event and after it: two only where the event changed it, and none where
 * nobody has a say. Whoever asked for either of the two is concerned: the shelter that a pet leaves
 * hears of it.
 */
export type TraitsAround = readonly Traits[]

export const NO_TRAITS: Traits = { species: null, shelterId: null }

export const SPECIES: readonly string[] = speciesSchema.options

/**
 * Where an event's traits come from: `none` has none, `own` says them by itself, `stream`: what the
 * stream said up to this event.
 */
export type TraitSource =
  | Readonly<{ kind: 'none' }>
  | Readonly<{ kind: 'own'; traits: Traits }>
  | Readonly<{ kind: 'stream' }>

const NONE: TraitSource = { kind: 'none' }
const STREAM: TraitSource = { kind: 'stream' }

export const traitSourceOf = (event: Pick<StoredEvent, 'category' | 'streamId'>): TraitSource => {
  if (event.category === petEvents.category) return STREAM
  if (event.category !== shelterEvents.category) return NONE
  return { kind: 'own', traits: { species: null, shelterId: event.streamId } }
}

/** The same object when the decoded event changes nothing of it. */
export const traitsAfter = (
  before: Traits,
  { type, data }: Pick<StoredEvent, 'type' | 'data'>,
): Traits => {
  const said = saidBy(type, data)
  if (said === undefined) return before
  const species = textOr(said['species'], before.species)
  const shelterId = textOr(said['shelterId'], before.shelterId)
  if (species === before.species && shelterId === before.shelterId) return before
  return { species, shelterId }
}

const saidBy = (type: string, data: JsonObject): JsonObject | undefined => {
  if (type === petAdmitted.type) return objectOr(data['profile'])
  return type === petUpdated.type ? objectOr(data['changes']) : undefined
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const objectOr = (value: Json | undefined): JsonObject | undefined =>
  isObject(value) ? value : undefined

/** Null is said as well: the pet is of no shelter any more. */
const textOr = (said: Json | undefined, before: string | null): string | null =>
  said === null || typeof said === 'string' ? said : before
