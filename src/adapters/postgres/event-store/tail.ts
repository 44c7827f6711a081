// The end of the log in memory: one reader per process follows it and all subscriptions at the end
// are served from its ring. Who is further behind reads pages by SQL until it has reached the ring.
import type { Position, StoredEvent } from '../../../core/event.ts'
import type { LogFilter, LogPage, LogSubscription } from '../../../core/event-store.ts'
import type { Logger } from '../../../core/logger.ts'
import { matchesFilter, pageSizeOf, pulledPages, type PageSource } from '../../../core/log-pages.ts'
import type { Notifications } from '../../../core/notifications.ts'
import type { CommittedBatch } from './committed.ts'
import type { EventStoreLimits } from './limits.ts'
import type { Reader } from './reader.ts'
import { createRing, type Ring } from './ring.ts'

export const FEED_CHANNEL = 'pawtrail_feed'

export type TailOptions = Readonly<{
  reader: Reader
  notifications: Notifications
  limits: EventStoreLimits
  logger: Logger
  /** A batch of this process is on its way. */
  isAppending: () => boolean
}>

export type Tail = Readonly<{
  subscribe(subscription: LogSubscription): AsyncIterable<LogPage>
  /** Told of each batch that this process stored: what follows the ring's head need not be read back. */
  committed(batch: CommittedBatch): void
  close(): Promise<void>
}>

type State = {
  readonly options: TailOptions
  readonly open: Set<object>
  readonly waiting: Set<() => void>
  signalTimer: NodeJS.Timeout | undefined
  signalledTo: Position
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
    signalTimer: undefined,
    signalledTo: 0,
    ring: undefined,
    isReading: false,
    isReadDue: false,
    isClosed: false,
    poll: undefined,
    listening: undefined,
  }
  return {
    subscribe: (subscription) => pulledPages(subscription, () => openSource(state, subscription)),
    committed: (batch) => committed(state, batch),
    close: async () => {
      state.isClosed = true
      stop(state)
      wakeAll(state)
    },
  }
}

type Wanted = Pick<LogSubscription, 'filter' | 'pageSize' | 'onPassedOver'>

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
  wanted: Wanted,
  { after, signal }: Readonly<{ after: Position; signal: AbortSignal }>,
): Promise<LogPage> => {
  const { filter, pageSize, onPassedOver } = wanted
  const limit = pageSizeOf(pageSize)
  for (let from = after; ;) {
    const page = await pageAfter(state, { after: from, limit, filter })
    if (page.events.length > 0 || signal.aborted) return page
    if (page.upTo > from) {
      if (onPassedOver === undefined) return page
      from = page.upTo
      onPassedOver(from)
    }
    from = await moved(state, wanted, { after: from, signal })
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

// Resolves once there is something to give after the position, or on abort, with the position up to
// which there is nothing. Who hears of what is passed over is not woken for it: it would be for
// nearly every batch, and be one of many.
const moved = (
  state: State,
  { filter, onPassedOver }: Wanted,
  { after, signal }: Readonly<{ after: Position; signal: AbortSignal }>,
): Promise<Position> =>
  new Promise((resolve) => {
    let from = after
    const finish = (): void => {
      state.waiting.delete(check)
      signal.removeEventListener('abort', finish)
      resolve(from)
    }
    const check = (): void => {
      const { ring, isClosed } = state
      if (isClosed) return finish()
      if (ring === undefined || ring.head() <= from) return
      if (onPassedOver === undefined || from < ring.floor() || hasMatch(ring, from, filter)) {
        return finish()
      }
      from = ring.head()
      onPassedOver(from)
    }
    state.waiting.add(check)
    signal.addEventListener('abort', finish)
    if (signal.aborted) finish()
    else check()
  })

const hasMatch = (ring: Ring, after: Position, filter: LogFilter | undefined): boolean => {
  for (let index = ring.indexAfter(after); ; index += 1) {
    const event = ring.at(index)
    if (event === undefined) return false
    if (matchesFilter(filter, event)) return true
  }
}

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
  clearTimeout(state.signalTimer)
  state.signalTimer = undefined
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
    .listen(FEED_CHANNEL, (payload) =>
      signalled(state, payload === '' ? Infinity : Number(payload)),
    )
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

// The signal of a batch of our own often comes before the answer to it, which brings the events
// along. So while one is under way a signal waits a moment; what it was for may be here by then.
const signalled = (state: State, position: Position): void => {
  if (!state.options.isAppending()) return wake(state, position)
  state.signalledTo = Math.max(state.signalledTo, position)
  state.signalTimer ??= setTimeout(() => {
    const upTo = state.signalledTo
    state.signalTimer = undefined
    state.signalledTo = 0
    wake(state, upTo)
  }, state.options.limits.ownSignalGraceMs)
}

const committed = (state: State, batch: CommittedBatch): void => {
  const { ring } = state
  if (ring === undefined || batch.first !== ring.head() + 1) return wake(state, batch.newest)
  ring.push(batch.page())
  wakeAll(state)
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
      const after = ring.head()
      const page = await reader.readAll({ after, limit: limits.tailPageEvents })
      // A batch of our own that came meanwhile has moved the head: the rest is read once more.
      if (ring.head() === after) ring.push(page)
      if (ring.head() < page.head) state.isReadDue = true
    }
    wakeAll(state)
  }
}
