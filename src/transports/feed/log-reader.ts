// Reads of the log for subscriptions that are behind and for pages of the feed: few at a time, and
// those who want the same page at the same time share one read.
import type { Position } from '../../core/event.ts'
import type { EventStore } from '../../core/event-store.ts'
import type { TenantId } from '../../core/ids.ts'
import type { EntryMaker, FeedEntry } from './entry.ts'
import type { Gate } from './gate.ts'
import type { FeedLimits } from './limits.ts'

/** Everything of the tenant in (after, upTo]. `exhausted`: the log had no more when it was read. */
export type EntryPage = Readonly<{
  entries: readonly FeedEntry[]
  events: number // read, known to this build or not
  upTo: Position
  exhausted: boolean
}>

export type LogReader = Readonly<{
  /**
   * Shared with whoever asks for the same while it is under way: it may miss what was stored since
   * it began.
   */
  readShared: (tenantId: TenantId, after: Position) => Promise<EntryPage>
  /** Sees everything stored before the call. Undefined: too many are waiting. */
  readFresh: (tenantId: TenantId, after: Position, limit: number) => Promise<EntryPage | undefined>
  counts: () => Readonly<{ readsInFlight: number; storeReads: number }>
}>

export type LogReaderOptions = Readonly<{
  eventStore: EventStore
  entries: EntryMaker
  gate: Gate
  limits: FeedLimits
}>

export const createLogReader = (options: LogReaderOptions): LogReader => {
  const shared = new Map<string, Promise<EntryPage>>()
  const { gate } = options
  let reads = 0

  const read = async (tenantId: TenantId, after: Position, limit: number): Promise<EntryPage> => {
    await gate.enter()
    try {
      reads += 1
      const page = await options.eventStore.readAll({ after, limit, filter: { tenantId } })
      const entries = page.events
        .map((event) => options.entries.make(event))
        .filter((entry) => entry !== undefined)
      const upTo = Math.max(after, page.upTo)
      const events = page.events.length
      return { entries, events, upTo, exhausted: events === 0 && upTo === after }
    } finally {
      gate.leave()
    }
  }

  return {
    readShared(tenantId, after) {
      const key = `${tenantId} ${String(after)}`
      const underWay = shared.get(key)
      if (underWay !== undefined) return underWay
      const started = read(tenantId, after, options.limits.catchUpPageEvents).finally(() =>
        shared.delete(key),
      )
      shared.set(key, started)
      return started
    },
    async readFresh(tenantId, after, limit) {
      if (gate.waiting() >= options.limits.queuedPageReads) return undefined
      return read(tenantId, after, limit)
    },
    counts: () => ({ readsInFlight: gate.inside(), storeReads: reads }),
  }
}
