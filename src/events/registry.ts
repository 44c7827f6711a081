// Every event this build knows, by type and by category. A new aggregate is added to the list below
// and nowhere else.
import { Fault } from '../core/fault.ts'
import type { StoredEvent } from '../core/event.ts'
import type { JsonObject } from '../core/json.ts'
import type { AggregateEvents, EventDefinition } from './definition.ts'
import { type AdoptionEvent, adoptionEvents } from './adoption.ts'
import { type OrderEvent, orderEvents } from './order.ts'
import { type PetEvent, petEvents } from './pet.ts'
import { publicView } from './public-view.ts'
import { type ShelterEvent, shelterEvents } from './shelter.ts'
import { type UserEvent, userDeleted, userEvents } from './user.ts'

export {
  NO_TRAITS,
  SPECIES,
  type Traits,
  type TraitsAround,
  traitsAfter,
  traitSourceOf,
} from './traits.ts'
import { type WebhookEvent, webhookEvents } from './webhook.ts'

export const aggregates: readonly AggregateEvents[] = [
  petEvents,
  orderEvents,
  adoptionEvents,
  shelterEvents,
  userEvents,
  webhookEvents,
]

export type DomainEvent =
  PetEvent | OrderEvent | AdoptionEvent | ShelterEvent | UserEvent | WebhookEvent

export const definitions: readonly EventDefinition[] = aggregates.flatMap(({ events }) => events)

const byType = new Map(definitions.map((definition) => [definition.type, definition]))
const byCategory = new Map(aggregates.map((aggregate) => [aggregate.category, aggregate]))
const publicViews = new Map(definitions.map((each) => [each.type, publicView(each)]))

export const definitionOf = (type: string): EventDefinition | undefined => byType.get(type)

export const aggregateOf = (category: string): AggregateEvents | undefined =>
  byCategory.get(category)

/** What an event is about, in the form of a path: `pets/<id>`. */
export const subjectOf = (event: Pick<StoredEvent, 'category' | 'streamId'>): string =>
  `${collectionOf(event.category)}/${event.streamId}`

/**
 * What the public may see of a decoded event's data; undefined when even that it happened is
 * hidden. The same object as the event's data when nothing of it is hidden.
 */
export const publicDataOf = (event: Pick<StoredEvent, 'type' | 'data'>): JsonObject | undefined =>
  publicViews.get(event.type)?.(event.data)

/** The user whom an event bars: what they hold open ends with it. */
export const barredUserOf = (event: Pick<StoredEvent, 'type' | 'streamId'>): string | undefined =>
  event.type === userDeleted.type ? event.streamId : undefined

const collectionOf = (category: string): string => {
  const aggregate = byCategory.get(category)
  if (aggregate === undefined) {
    throw new Fault('unknown_event', `no aggregate of this build has the category ${category}`)
  }
  return aggregate.collection
}
