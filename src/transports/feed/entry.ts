// One event in the engine, with its frames: each made when first wanted, once per class and
// framing, then shared by every subscriber as the same Buffer.
import { Fault } from '../../core/fault.ts'
import type { CursorCodec } from '../../core/cursor.ts'
import type { StoredEvent } from '../../core/event.ts'
import type { Json, JsonObject } from '../../core/json.ts'
import type { Logger } from '../../core/logger.ts'
import type { TraitsAround } from '../../events/registry.ts'
import { cloudEventJson } from './envelope.ts'
import type { TraitBook } from './traits.ts'
import type { EventCatalogue, Framing, Visibility } from './types.ts'

/**
 * The ring keeps thousands, mostly without anybody asking, so an entry is one flat record and holds
 * nothing that was not wanted yet. `bytes` estimates what it holds once somebody keeps it, whose
 * account is charged as it grows.
 */
export type FeedEntry = {
  readonly event: StoredEvent // decoded
  readonly subject: string
  readonly catalogue: EventCatalogue
  publicData: JsonObject | undefined | typeof NOT_MADE // undefined: hidden from the public
  publicText: string | undefined
  staffText: string | undefined
  frames: Map<string, Buffer> | undefined
  traits: TraitsAround | undefined // undefined: not known until its stream is read
  bytes: number
  account: { bytes: number } | undefined
}

const NOT_MADE = null

export type EntryMaker = Readonly<{
  /** Undefined for what this build does not know: it is logged, and passed over. */
  make: (event: StoredEvent) => FeedEntry | undefined
  /** Undefined: hidden from this class. */
  textOf: (entry: FeedEntry, visibility: Visibility) => string | undefined
  frameOf: (entry: FeedEntry, visibility: Visibility, framing: Framing) => Buffer | undefined
}>

export type EntryMakerOptions = Readonly<{
  catalogue: EventCatalogue
  cursors: CursorCodec
  know: TraitBook['know']
  logger: Logger
  schemaBase: string
}>

/** Not hidden from this class. */
export const isShown = (entry: FeedEntry, visibility: Visibility): boolean =>
  visibility === 'staff' || publicDataOf(entry) !== undefined

const publicDataOf = (entry: FeedEntry): JsonObject | undefined => {
  if (entry.publicData === NOT_MADE) entry.publicData = entry.catalogue.publicDataOf(entry.event)
  return entry.publicData
}

const OVERHEAD_BYTES = 1024 // objects, maps and strings around the data
const BYTES_PER_CHARACTER = 2

export const createEntryMaker = ({
  catalogue,
  cursors,
  know,
  logger,
  schemaBase,
}: EntryMakerOptions): EntryMaker => {
  const textOf = (entry: FeedEntry, visibility: Visibility): string | undefined => {
    const made = visibility === 'public' ? entry.publicText : entry.staffText
    if (made !== undefined) return made
    const data = visibility === 'public' ? publicDataOf(entry) : entry.event.data
    if (data === undefined) return undefined
    const { event, subject } = entry
    const cursor = cursors.encode(event.tenantId, event.position)
    const text = cloudEventJson({ event, subject, cursor, data, visibility, schemaBase })
    if (visibility === 'public') entry.publicText = text
    else entry.staffText = text
    charge(entry, text.length * BYTES_PER_CHARACTER)
    return text
  }

  const frameOf = (entry: FeedEntry, visibility: Visibility, framing: Framing) => {
    const key = `${visibility} ${framing.name}`
    const made = entry.frames?.get(key)
    if (made !== undefined) return made
    const json = textOf(entry, visibility)
    if (json === undefined) return undefined
    const { event, subject } = entry
    const cursor = cursors.encode(event.tenantId, event.position)
    const frame = framing.event({ json, cursor, subject, event })
    entry.frames ??= new Map()
    entry.frames.set(key, frame)
    charge(entry, frame.length)
    return frame
  }

  return { make: (event) => makeEntry(event, { catalogue, know, logger }), textOf, frameOf }
}

const makeEntry = (
  stored: StoredEvent,
  { catalogue, know, logger }: Pick<EntryMakerOptions, 'catalogue' | 'know' | 'logger'>,
): FeedEntry | undefined => {
  try {
    const event = catalogue.decode(stored)
    return {
      event,
      subject: catalogue.subjectOf(event),
      catalogue,
      publicData: NOT_MADE,
      publicText: undefined,
      staffText: undefined,
      frames: undefined,
      traits: know(event),
      bytes: 0,
      account: undefined,
    }
  } catch (cause) {
    // Passed over as well when its upcast is at fault: one event must not end the feed for
    // everybody.
    const { position, type, schemaVersion } = stored
    const isUnknown = cause instanceof Fault && cause.code === 'unknown_event'
    const fields = { position, type, schemaVersion, ...(isUnknown ? {} : { cause }) }
    logger[isUnknown ? 'warn' : 'error'](fields, 'the feed passes over an event it cannot read')
    return undefined
  }
}

/** Called by who keeps it: the size of the data is not worked out for entries that pass by. */
export const keep = (entry: FeedEntry, account: { bytes: number }): void => {
  entry.account = account
  charge(entry, OVERHEAD_BYTES + charactersOf(entry.event.data) * BYTES_PER_CHARACTER)
}

const NUMBER_CHARACTERS = 8
const FIELD_CHARACTERS = 4 // the signs around a name and its value

/** About the length of its JSON text, without making it. */
const charactersOf = (value: Json): number => {
  if (typeof value === 'string') return value.length
  if (typeof value !== 'object' || value === null) return NUMBER_CHARACTERS
  let characters = 0
  if (isArray(value)) {
    for (const inner of value) characters += FIELD_CHARACTERS + charactersOf(inner)
    return characters
  }
  for (const name in value) {
    const inner = value[name]
    if (inner !== undefined) characters += name.length + FIELD_CHARACTERS + charactersOf(inner)
  }
  return characters
}

const isArray = (value: JsonObject | readonly Json[]): value is readonly Json[] =>
  Array.isArray(value)

const charge = (entry: FeedEntry, bytes: number): void => {
  if (entry.account === undefined) return
  entry.bytes += bytes
  entry.account.bytes += bytes
}
