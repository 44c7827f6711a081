// One subscription over any number of connections: what has come, what was handled, and from where
// to go on. It takes as many events as its reader keeps up with, and each of them once.
import type { Checkpoint, CloudEvent, EventSubscription, SubscribeOptions } from './types.ts'

const WINDOW = 256
const REMEMBERED_IDS = 10_000

/** What the connection does for a subscription. */
export type Wire = Readonly<{
  say: (message: Readonly<Record<string, unknown>>) => void
  nextId: () => number
  onClosed: (feed: EventFeed) => void
}>

/** A subscription as the connection sees it. */
export type EventFeed = Readonly<{
  id: () => number
  subscription: EventSubscription
  /** Asks the server, on a connection that knows nothing of it yet. */
  ask: () => void
  /** The connection is gone, and with it what it was asked. */
  lost: () => void
  opened: (message: Readonly<{ ch: string; from: string; resumed: boolean }>) => void
  event: (event: CloudEvent) => void
  /** False: fewer or more have come than were sent; it asks again. */
  checkpoint: (cursor: string, n: number) => boolean
  gap: NonNullable<SubscribeOptions['onGap']>
  fail: (error: Error) => void
}>

type Reader = Readonly<{
  resolve: (result: IteratorResult<CloudEvent, undefined>) => void
  reject: (error: Error) => void
}>

export const createFeed = (options: SubscribeOptions, wire: Wire): EventFeed => {
  const window = options.window ?? WINDOW
  const queue: CloudEvent[] = []
  const seen = new Set<string>()
  let id = wire.nextId()
  let channel: string | undefined
  let isAsked = false
  let cursor = options.after ?? 'now' // after what has come
  let verified = cursor // up to here nothing is missing
  let received = 0 // on this channel
  let free = window // events that the server was not told of yet that there is room for
  let inHand: CloudEvent | undefined
  let handled: string | undefined
  let delivered = 0
  let reader: Reader | undefined
  let failure: Error | undefined
  let isOver = false
  const done = settleable()

  const ask = (): void => {
    free = window - queue.length
    if (isAsked || isOver || free < 1) return
    isAsked = true
    received = 0
    const { filter = {}, mode } = options
    wire.say({ op: 'sub', id, filter, after: cursor, mode, credit: free })
    free = 0
  }

  const release = (): void => {
    free += 1
    if (!isAsked) ask()
    else if (channel !== undefined && free * 2 >= window) {
      wire.say({ op: 'credit', ch: channel, n: free })
      free = 0
    }
  }

  const over = (error?: Error): void => {
    if (isOver) return
    isOver = true
    failure = error
    if (isAsked) wire.say({ op: 'unsub', id })
    wire.onClosed(feed)
    if (error === undefined) done.resolve()
    else done.reject(error)
    if (error === undefined) reader?.resolve({ done: true, value: undefined })
    else reader?.reject(error)
    reader = undefined
  }

  const take = (event: CloudEvent): IteratorResult<CloudEvent, undefined> => {
    inHand = event
    return { done: false, value: event }
  }

  const next = async (): Promise<IteratorResult<CloudEvent, undefined>> => {
    if (inHand !== undefined) {
      handled = inHand.cursor
      delivered += 1
      inHand = undefined
      release()
    }
    const event = queue.shift()
    if (event !== undefined) return take(event)
    if (failure !== undefined) throw failure
    if (isOver) return { done: true, value: undefined }
    return new Promise((resolve, reject) => (reader = { resolve, reject }))
  }

  const close = (): void => {
    queue.length = 0
    over()
  }

  const place = (): Checkpoint | undefined => {
    const isIdle = queue.length === 0 && inHand === undefined
    const at = isIdle && cursor !== 'now' ? cursor : handled
    return at === undefined ? undefined : { cursor: at, delivered }
  }

  const feed: EventFeed = {
    id: () => id,
    subscription: {
      [Symbol.asyncIterator]: () => ({
        next,
        return: async () => {
          close()
          return { done: true, value: undefined }
        },
      }),
      checkpoint: place,
      done: done.promise,
      close,
    },
    ask,
    lost() {
      isAsked = false
      channel = undefined
    },
    opened({ ch, from, resumed }) {
      channel = ch
      // A word would mean another place the next time.
      if (!resumed || cursor === 'now') cursor = verified = from
    },
    event(event) {
      received += 1
      cursor = event.cursor
      if (seen.has(event.id)) return release()
      seen.add(event.id)
      for (const oldest of seen) {
        if (seen.size <= REMEMBERED_IDS) break
        seen.delete(oldest)
      }
      const waiting = reader
      reader = undefined
      if (waiting === undefined) queue.push(event)
      else waiting.resolve(take(event))
    },
    checkpoint(at, n) {
      if (n === received) {
        cursor = verified = at
        return true
      }
      // Something got lost on the way. What has come since is known by its id.
      wire.say({ op: 'unsub', id })
      id = wire.nextId()
      cursor = verified
      feed.lost()
      ask()
      return false
    },
    gap: (gap) => options.onGap?.(gap),
    fail: (error) => {
      isAsked = false
      over(error)
    },
  }
  return feed
}

const settleable = () => {
  let resolve: () => void = () => {}
  let reject: (error: Error) => void = () => {}
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve
    reject = onReject
  })
  promise.catch(() => {}) // whoever reads the events is told as well
  return { promise, resolve, reject }
}
