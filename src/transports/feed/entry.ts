// One event in the engine, with its frames: each made when first wanted, once per class and
// framing, then shared by every subscriber as the same Buffer.
import { Fault } from '../../core/fault.ts'
import type { CursorCodec } from '../../core/cursor.ts'
import type { StoredEvent } from '../../core/event.ts'
import type { JsonObject } from '../../core/json.ts'
import { once } from '../../core/once.ts'
import type { Logger } from '../../core/logger.ts'
import type { TraitsAround } from '../../events/registry.ts'
import { cloudEventJson } from './envelope.ts'
import type { TraitBook } from './traits.ts'
import type { EventCatalogue, Framing, Visibility } from './types.ts'

/**
 * `bytes` estimates what the entry holds once somebody keeps it, whose account is charged as it
 * grows.
 */
export type FeedEntry = {
  readonly event: StoredEvent // decoded
  readonly subject: string
  readonly publicData: () => JsonObject | undefined // undefined: hidden from the public
  readonly texts: Map<Visibility, string>
  readonly frames: Map<string, Buffer>
  traits: TraitsAround | undefined // undefined: not known until its stream is read
  bytes: number
  account: { bytes: number } | undefined
}

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
export const isShown = ({ publicData }: FeedEntry, visibility: Visibility): boolean =>
  visibility === 'staff' || publicData() !== undefined

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
    const made = entry.texts.get(visibility)
    if (made !== undefined) return made
    const data = visibility === 'public' ? entry.publicData() : entry.event.data
    if (data === undefined) return undefined
    const { event, subject } = entry
    const cursor = cursors.encode(event.tenantId, event.position)
    const text = cloudEventJson({ event, subject, cursor, data, visibility, schemaBase })
    entry.texts.set(visibility, text)
    charge(entry, text.length * BYTES_PER_CHARACTER)
    return text
  }

  const frameOf = (entry: FeedEntry, visibility: Visibility, framing: Framing) => {
    const key = `${visibility} ${framing.name}`
    const made = entry.frames.get(key)
    if (made !== undefined) return made
    const json = textOf(entry, visibility)
    if (json === undefined) return undefined
    const { event, subject } = entry
    const cursor = cursors.encode(event.tenantId, event.position)
    const frame = framing.event({ json, cursor, subject, event })
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
      publicData: once(() => catalogue.publicDataOf(event)), // mostly nobody asks
      texts: new Map(),
      frames: new Map(),
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
  charge(entry, OVERHEAD_BYTES + JSON.stringify(entry.event.data).length * BYTES_PER_CHARACTER)
}

const charge = (entry: FeedEntry, bytes: number): void => {
  if (entry.account === undefined) return
  entry.bytes += bytes
  entry.account.bytes += bytes
}
