// How a subscription is pulled: one page at a time, and nothing is read before it is asked for.
// Shared by the adapters of the event store, so that ending one works the same everywhere.
import type { Position, StoredEvent } from './event.ts'
import {
  DEFAULT_LOG_PAGE,
  MAX_LOG_PAGE,
  type LogFilter,
  type LogPage,
  type LogSubscription,
} from './event-store.ts'

export const matchesFilter = (filter: LogFilter | undefined, event: StoredEvent): boolean =>
  filter === undefined ||
  ((filter.tenantId === undefined || filter.tenantId === event.tenantId) &&
    (filter.categories === undefined || filter.categories.includes(event.category)) &&
    (filter.types === undefined || filter.types.includes(event.type)))

/** A page size within its bounds. */
export const pageSizeOf = (asked: number | undefined): number =>
  Math.min(Math.max(Math.trunc(asked ?? DEFAULT_LOG_PAGE), 1), MAX_LOG_PAGE)

export type PageSource = Readonly<{
  /** The next page, with `upTo` beyond `after`; waits for it. After an abort it is discarded. */
  next(after: Position, signal: AbortSignal): Promise<LogPage>
  close(): void
}>

/**
 * Opens the source with the first pull, and closes it once: on abort, on `return`, on a fault.
 * Abort and `return` also end a pull that waits.
 */
export const pulledPages = (
  subscription: LogSubscription,
  open: () => PageSource,
): AsyncIterable<LogPage> => ({
  [Symbol.asyncIterator]: () => {
    const ended = new AbortController()
    const pages = pull(subscription, { open, ended })
    return {
      next: () => pages.next(),
      return: () => {
        ended.abort()
        return pages.return(undefined)
      },
    }
  },
})

type Pull = Readonly<{ open: () => PageSource; ended: AbortController }>

async function* pull(
  { after, signal }: LogSubscription,
  { open, ended }: Pull,
): AsyncGenerator<LogPage, undefined> {
  if (signal.aborted || ended.signal.aborted) return
  const source = open()
  const end = (): void => ended.abort()
  // Closed here and not in `finally`: a consumer that never pulls again after an abort leaves
  // nothing open either.
  ended.signal.addEventListener('abort', () => {
    signal.removeEventListener('abort', end)
    source.close()
  })
  signal.addEventListener('abort', end)
  try {
    let position = after
    for (;;) {
      const page = await beforeAbort(source.next(position, ended.signal), ended.signal)
      if (page === undefined) return
      position = page.upTo
      yield page
    }
  } finally {
    ended.abort()
  }
}

const beforeAbort = <T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> =>
  new Promise((resolve, reject) => {
    const onAbort = (): void => resolve(undefined)
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort)
    work
      .then((value) => resolve(signal.aborted ? undefined : value), reject)
      .finally(() => signal.removeEventListener('abort', onAbort))
  })
