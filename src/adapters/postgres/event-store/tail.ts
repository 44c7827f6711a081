// The end of the log in memory: one reader per process follows it and all subscriptions at the end
// are served from its ring. Who is further behind reads pages by SQL until it has reached the ring.
import type { Position, StoredEvent } from '../../../core/event.ts'
import type { LogFilter, LogPage, LogSubscription } from '../../../core/event-store.ts'
import type { Logger } from '../../../core/logger.ts'
import { matchesFilter, pageSizeOf, pulledPages, type PageSource } from '../../../core/log-pages.ts'
import type { Notifications } from '../../../core/notifications.ts'
import type { EventStoreLimits } from './limits.ts'
import type { Reader } from './reader.ts'
import { createRing, type Ring } from './ring.ts'

export const FEED_CHANNEL = 'pawtrail_feed'

export type TailOptions = Readonly<{
  reader: Reader
  notifications: Notifications
  limits: EventStoreLimits
  logger: Logger
}>

export type Tail = Readonly<{
  subscribe(subscription: LogSubscription): AsyncIterable<LogPage>
  /** There may be events up to this position. */
  wake(position: Position): void
  close(): Promise<void>
}>

type State = {
  readonly options: TailOptions
  readonly open: Set<object>
  readonly waiting: Set<() => void>
  ring: Ring | undefined // undefined until the end of the log was first seen
  isReading: boolean
  isReadDue: boolean
  isClosed: boolean
  poll: NodeJS.Timeout | undefined
  listening: Promise<(() => Promise<void>) | undefined> | undefined
}

export const createTail = (options: TailOptions): Tail => {
  const state: State = {
    options,
    open: new Set(),
    waiting: new Set(),
    ring: undefined,
    isReading: false,
    isReadDue: false,
    isClosed: false,
    poll: undefined,
    listening: undefined,
  }
  return {
    subscribe: (subscription) => pulledPages(subscription, () => openSource(state, subscription)),
    wake: (position) => wake(state, position),
    close: async () => {
      state.isClosed = true
      stop(state)
      wakeAll(state)
    },
  }
}

type Wanted = Pick<LogSubscription, 'filter' | 'pageSize'>

const openSource = (state: State, wanted: Wanted): PageSource => {
  const source: PageSource = {
    next: (after, signal) => nextPage(state, wanted, { after, signal }),
    close: () => {
      state.open.delete(source)
      if (state.open.size === 0) stop(state)
    },
  }
  state.open.add(source)
  if (state.open.size === 1 && !state.isClosed) start(state)
  return source
}

const nextPage = async (
  state: State,
  { filter, pageSize }: Wanted,
  { after, signal }: Readonly<{ after: Position; signal: AbortSignal }>,
): Promise<LogPage> => {
  const limit = pageSizeOf(pageSize)
  for (;;) {
    const page = await pageAfter(state, { after, limit, filter })
    if (page.upTo > after || signal.aborted) return page
    await moved(state, after, signal)
  }
}

type Ask = Readonly<{ after: Position; limit: number; filter: LogFilter | undefined }>

const pageAfter = async (state: State, { after, limit, filter }: Ask): Promise<LogPage> => {
  if (state.ring !== undefined && after >= state.ring.floor()) {
    return ringPage(state.ring, { after, limit, filter })
  }
  const read = filter === undefined ? { after, limit } : { after, limit, filter }
  const { events, upTo } = await state.options.reader.readAll(read)
  return { events, upTo }
}

const ringPage = (ring: Ring, { after, limit, filter }: Ask): LogPage => {
  const events: StoredEvent[] = []
  for (let index = ring.indexAfter(after); ; index += 1) {
    const event = ring.at(index)
    if (event === undefined) return { events, upTo: Math.max(after, ring.head()) }
    if (!matchesFilter(filter, event)) continue
    events.push(event)
    if (events.length === limit) return { events, upTo: event.position }
  }
}

// Resolves once the end of the log lies beyond the position, or on abort.
const moved = (state: State, after: Position, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const finish = (): void => {
      state.waiting.delete(check)
      signal.removeEventListener('abort', finish)
      resolve()
    }
    const check = (): void => {
      if (state.isClosed || (state.ring !== undefined && state.ring.head() > after)) finish()
    }
    state.waiting.add(check)
    signal.addEventListener('abort', finish)
    if (signal.aborted) finish()
    else check()
  })

const wakeAll = (state: State): void => {
  for (const check of [...state.waiting]) check()
}

const start = (state: State): void => {
  const { limits } = state.options
  state.poll = setInterval(() => {
    listen(state)
    readOn(state)
  }, limits.tailPollMs)
  listen(state)
  readOn(state)
}

const stop = (state: State): void => {
  clearInterval(state.poll)
  const { listening } = state
  state.listening = undefined
  state.ring = undefined
  void listening?.then((unlisten) => unlisten?.())
}

// Without the signal the poll still finds every event, so a failure here is only worth a line, and
// the next poll's try.
const listen = (state: State): void => {
  if (state.listening !== undefined) return
  const { notifications, logger } = state.options
  const listening = notifications
    .listen(FEED_CHANNEL, (payload) => wake(state, payload === '' ? Infinity : Number(payload)))
    .then((unlisten) => {
      readOn(state) // what was committed before the channel was open gave no signal
      return unlisten
    })
    .catch((error: unknown) => {
      logger.warn(
        { error: String(error) },
        'the feed is polled until its channel can be listened to',
      )
      if (state.listening === listening) state.listening = undefined
      return undefined
    })
  state.listening = listening
}

const wake = (state: State, position: Position): void => {
  if (state.open.size > 0 && position > (state.ring?.head() ?? 0)) readOn(state)
}

const readOn = (state: State): void => {
  state.isReadDue = true
  if (state.isReading) return
  state.isReading = true
  readWhileDue(state)
    .catch((error: unknown) => {
      state.options.logger.warn({ error: String(error) }, 'the end of the log cannot be read')
    })
    .finally(() => {
      state.isReading = false
    })
}

const readWhileDue = async (state: State): Promise<void> => {
  const { reader, limits } = state.options
  while (state.isReadDue && state.open.size > 0) {
    state.isReadDue = false
    if (state.ring === undefined) {
      const ring = createRing(await reader.head(), limits)
      if (state.open.size > 0) state.ring = ring
    } else {
      const { ring } = state
      const page = await reader.readAll({ after: ring.head(), limit: limits.tailPageEvents })
      ring.push(page)
      if (page.upTo < page.head) state.isReadDue = true
    }
    wakeAll(state)
  }
}
