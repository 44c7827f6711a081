// Brings a subscription that is behind back to live: from the ring when it reaches back far enough,
// else by pages of the log, and only while its sink takes frames. What it keeps between two pages
// is the position.
import type { Position } from '../../core/event.ts'
import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/logger.ts'
import type { FeedEntry } from './entry.ts'
import { isWanted } from './filter.ts'
import type { FeedLimits } from './limits.ts'
import type { LogReader } from './log-reader.ts'
import type { Ring } from './ring.ts'
import { newestOfEach } from './newest.ts'
import type { Delivery, Subscriber } from './subscriber.ts'
import type { TimerWheel } from './timer-wheel.ts'
import type { TraitBook } from './traits.ts'

export type CatchUpOptions = Readonly<{
  ring: Ring
  reader: LogReader
  fill: TraitBook['fill']
  wheel: TimerWheel
  delivery: Delivery
  limits: FeedLimits
  clock: Clock
  logger: Logger
  tail: () => Position
  goLive: (subscriber: Subscriber) => void
  fail: (subscriber: Subscriber) => void
  onPause: () => void // a run is over: live again, full, or closed
}>

/**
 * Starts a run for the subscriber, unless one is under way. Never writes before it has returned.
 */
export type Pump = (subscriber: Subscriber) => void

export const createPump = (options: CatchUpOptions): Pump => {
  const { limits, logger, wheel } = options

  const run = async (subscriber: Subscriber): Promise<void> => {
    let retryMs = limits.retryMinMs
    await nextTurn()
    tellLag(subscriber, options)
    while (isRunnable(subscriber)) {
      try {
        if (await step(subscriber, options)) return
        retryMs = limits.retryMinMs
      } catch (cause) {
        logger.warn({ cause, retryMs }, 'the feed could not read the log; it will try again')
        const delayMs = retryMs
        await new Promise<void>((resolve) => wheel.schedule(delayMs, resolve))
        retryMs = Math.min(limits.retryMaxMs, retryMs * 2)
      }
    }
  }

  const runAlone = async (subscriber: Subscriber): Promise<void> => {
    subscriber.isPumping = true
    try {
      await run(subscriber)
    } catch (cause) {
      logger.error({ cause }, 'catching up a subscription failed')
      options.fail(subscriber)
    } finally {
      subscriber.isPumping = false
      options.onPause()
      // It may have been set back, or have drained, between the run's last look and this one.
      if (isRunnable(subscriber)) pump(subscriber)
    }
  }

  const pump = (subscriber: Subscriber): void => {
    if (!subscriber.isPumping) void runAlone(subscriber)
  }
  return pump
}

const isRunnable = (subscriber: Subscriber): boolean =>
  subscriber.state === 'catch-up' && subscriber.isWritable

/** One page. True: it is live now. */
const step = async (subscriber: Subscriber, options: CatchUpOptions): Promise<boolean> => {
  const { ring, reader, fill, limits, tail, delivery } = options
  if (subscriber.position >= ring.floor()) {
    const most = subscriber.latestOnly ? limits.latestEvents : limits.sliceEvents
    const entries = ring.after(subscriber.tenantId, subscriber.position, most)
    const unsure = entries.findIndex((entry) => isUnsure(subscriber, entry))
    hand(subscriber, unsure === -1 ? entries : entries.slice(0, unsure), delivery)
    if (!isRunnable(subscriber)) return false
    if (unsure !== -1) {
      await fill(entries.filter((entry) => isUnsure(subscriber, entry)))
      return false
    }
    if (entries.length < most) {
      // No await between reading the ring's end and being filed as live: nothing can come between.
      subscriber.position = Math.max(subscriber.position, tail())
      options.goLive(subscriber)
      return true
    }
    await nextTurn()
    return false
  }
  const tailBefore = tail()
  const page = await reader.readShared(subscriber.tenantId, subscriber.position)
  if (!isRunnable(subscriber)) return false
  await fill(page.entries.filter((entry) => isUnsure(subscriber, entry)))
  if (!isRunnable(subscriber)) return false
  hand(subscriber, page.entries, delivery)
  if (!isRunnable(subscriber)) return false
  // A log with nothing more of this tenant need not say how far it looked: it is at least what we
  // had seen ourselves.
  const upTo = page.exhausted ? tailBefore : page.upTo
  subscriber.position = Math.max(subscriber.position, upTo)
  await nextTurn()
  return false
}

const hand = (subscriber: Subscriber, entries: readonly FeedEntry[], delivery: Delivery): void => {
  delivery.corked(subscriber, () => {
    for (const entry of subscriber.latestOnly ? newestOfEach(entries, subscriber) : entries) {
      if (entry.event.position <= subscriber.position) continue
      if (isWanted(subscriber.filter, entry) !== true) continue
      if (!delivery.offer(subscriber, entry)) return
    }
    const last = entries.at(-1)
    if (last !== undefined) {
      subscriber.position = Math.max(subscriber.position, last.event.position)
    }
  })
}

const isUnsure = ({ filter, position }: Subscriber, entry: FeedEntry): boolean =>
  entry.event.position > position && isWanted(filter, entry) === undefined

const tellLag = (subscriber: Subscriber, { clock, limits, delivery }: CatchUpOptions): void => {
  const since = subscriber.fullSinceMs
  if (since === undefined || !isRunnable(subscriber)) return
  subscriber.fullSinceMs = undefined
  const behindMs = clock() - since
  if (behindMs >= limits.lagNoticeMs) delivery.lag(subscriber, behindMs)
}

/** Lets sockets and other subscriptions have their turn. */
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
