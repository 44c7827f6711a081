// A page of the feed: read from the log, through the same filter, visibility and text as what is
// sent live. A user who was deleted is given nothing that came after.
import { barredUserOf } from '../../events/registry.ts'
import { type Barred, principalOf } from './barred.ts'
import type { EntryMaker, FeedEntry } from './entry.ts'
import { isWanted } from './filter.ts'
import type { FeedLimits } from './limits.ts'
import type { LogReader } from './log-reader.ts'
import type { TraitBook } from './traits.ts'
import type { FeedPage, PageOutcome, PageRequest } from './types.ts'
import type { Position } from '../../core/event.ts'

export type PageReaderOptions = Readonly<{
  reader: LogReader
  entries: EntryMaker
  fill: TraitBook['fill']
  limits: FeedLimits
  barred: Barred
  tail: () => Position
}>

const RETRY_AFTER_MS = 1_000

export const createPageReader = (options: PageReaderOptions) => {
  const { reader, entries, fill, limits, barred, tail } = options
  // The log may tell it to a reader of a page sooner than to this process's own tail, or from before its start.
  const barIfDeleted = ({ event }: FeedEntry, { tenantId, principal }: PageRequest): boolean => {
    const userId = barredUserOf(event)
    if (userId === undefined || principalOf(userId) !== principal) return false
    barred.add(tenantId, userId)
    return true
  }
  return async (request: PageRequest): Promise<PageOutcome> => {
    const { tenantId, visibility, filter, limit } = request
    if (barred.has(request)) return { kind: 'revoked' }
    const items: string[] = []
    const done = (next: Position, state: Pick<FeedPage, 'full' | 'upToDate'>): PageOutcome => ({
      kind: 'page',
      page: { items, next, ...state },
    })
    // Everything up to here is in the log: a page that reached it is up to date.
    const tailBefore = tail()
    const pageEvents = filter.keys.by === 'all' ? limit : Math.max(limit, limits.catchUpPageEvents)
    let position = request.after
    for (let scanned = 0; scanned < limits.pageScanEvents; scanned += pageEvents) {
      const page = await reader.readFresh(tenantId, position, pageEvents)
      if (page === undefined) return { kind: 'overloaded', retryAfterMs: RETRY_AFTER_MS }
      await fill(page.entries.filter((entry) => isWanted(filter, entry) === undefined))
      for (const entry of page.entries) {
        const text =
          isWanted(filter, entry) === true ? entries.textOf(entry, visibility) : undefined
        if (text !== undefined) items.push(text)
        const full = items.length === limit
        const isTheirEnd = barIfDeleted(entry, request)
        if (full || isTheirEnd) {
          return done(entry.event.position, { full, upToDate: false })
        }
      }
      position = Math.max(page.upTo, page.exhausted ? tailBefore : 0)
      const isEnd = page.exhausted || (page.events < pageEvents && position >= tailBefore)
      if (isEnd) return done(position, { full: false, upToDate: true })
    }
    return done(position, { full: false, upToDate: false })
  }
}
