// How an event is declared: once, with everything that store, transports and documentation need to
// know of it.
import type { z } from 'zod'
import type { JsonObject } from '../core/json.ts'

/** Lifts stored data of one schema version to the next. */
export type Upcast = (data: JsonObject) => JsonObject

export type EventDefinition<
  Type extends string = string,
  Schema extends z.ZodType = z.ZodType,
> = Readonly<{
  type: Type
  /** The current schema version, from 1. */
  version: number
  summary: string // one sentence, for the catalogue
  schema: Schema // of the current version's data
  sample: z.input<Schema>
  /** Paths in data that hold personal data, for example `email`. */
  personal: readonly string[]
  /**
   * Which top-level fields of data the public may see; `all`, or `none` when even the event's
   * existence is hidden.
   */
  visibleToPublic: 'all' | 'none' | readonly string[]
  /**
   * Paths below visible fields that the public may not see all the same, for example
   * `profile.microchipId`.
   */
  hiddenFromPublic: readonly string[]
  /** upcasts[n] lifts version n to n + 1. One for each version below the current one. */
  upcasts: Readonly<Record<number, Upcast>>
}>

type Defaulted = 'upcasts' | 'hiddenFromPublic'

export const defineEvent = <const Type extends string, Schema extends z.ZodType>(
  definition: Omit<EventDefinition<Type, Schema>, Defaulted> &
    Partial<Pick<EventDefinition<Type, Schema>, Defaulted>>,
): EventDefinition<Type, Schema> => ({ upcasts: {}, hiddenFromPublic: [], ...definition })

/** A fact before it is stored: its type, its data and when it happened. */
export type EventOf<D extends EventDefinition> =
  D extends EventDefinition<infer Type, infer Schema>
    ? Readonly<{ type: Type; data: z.output<Schema>; occurredAt: string }>
    : never

/** The events of one aggregate. `collection` is its name in subjects and paths: `pets/<id>`. */
export type AggregateEvents = Readonly<{
  category: string
  collection: string
  events: readonly EventDefinition[]
}>
