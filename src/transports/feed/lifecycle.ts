// The changes of one subscription's state: full, drained, demoted, live again, stalled, closed.
import type { Clock } from '../../core/clock.ts'
import type { Position } from '../../core/event.ts'
import type { Logger } from '../../core/logger.ts'
import type { Metrics } from '../../core/metrics.ts'
import type { Pump } from './catch-up.ts'
import type { FeedLimits } from './limits.ts'
import type { Delivery, Subscriber } from './subscriber.ts'
import type { SubscriptionIndex } from './subscription-index.ts'
import type { TimerWheel } from './timer-wheel.ts'
import type { CloseReason, SubscriptionState } from './types.ts'

export type LifecycleOptions = Readonly<{
  index: SubscriptionIndex<Subscriber>
  wheel: TimerWheel
  delivery: Delivery
  limits: FeedLimits
  clock: Clock
  metrics: Metrics
  logger: Logger
  pump: Pump
  onClosed: (subscriber: Subscriber) => void
}>

export type Lifecycle = Readonly<{
  begin: (subscriber: Subscriber) => void
  onFull: (subscriber: Subscriber) => void
  onDrain: (subscriber: Subscriber) => void
  goLive: (subscriber: Subscriber) => void
  /** From live to catch-up, though its sink takes frames: it has something to read first. */
  setAside: (subscriber: Subscriber) => void
  close: (subscriber: Subscriber, reason: CloseReason) => void
  positionOf: (subscriber: Subscriber) => Position
  counts: () => Readonly<{ live: number; catchUp: number }>
}>

export const createLifecycle = (options: LifecycleOptions): Lifecycle => {
  const { index, wheel, delivery, limits, clock, metrics, logger, pump, onClosed } = options
  const count = createStateCounter(metrics)

  /** Of a live one the tenant's last event counts: it was handed out, or did not concern it. */
  const positionOf = (subscriber: Subscriber): Position =>
    subscriber.state === 'live'
      ? Math.max(subscriber.position, index.lastPosition(subscriber.tenantId))
      : subscriber.position

  const demote = (subscriber: Subscriber): void => {
    subscriber.position = positionOf(subscriber)
    index.remove(subscriber)
    count.move(subscriber, 'catch-up')
  }

  const close = (subscriber: Subscriber, reason: CloseReason): void => {
    if (subscriber.state === 'closed') return
    const position = positionOf(subscriber)
    const checkpoint = delivery.checkpointOf(subscriber, position)
    if (subscriber.state === 'live') index.remove(subscriber)
    count.move(subscriber, 'closed')
    metrics.count('pawtrail_feed_closed_total', 1, { transport: subscriber.transport, reason })
    wheel.cancel(subscriber.stalling)
    wheel.cancel(subscriber.ending)
    onClosed(subscriber)
    try {
      subscriber.sink.close({ ...checkpoint, reason, position }, subscriber.to)
    } catch (cause) {
      logger.error({ cause, transport: subscriber.transport }, 'a sink of the feed could not close')
    }
  }

  const cut = (subscriber: Subscriber) => close(subscriber, 'stalled')

  return {
    begin: (subscriber) => count.move(subscriber, 'catch-up'),
    goLive(subscriber) {
      count.move(subscriber, 'live')
      index.add(subscriber)
      // What the filter left out on the way: the consumer need not go through it again.
      if (subscriber.isWritable) delivery.checkpoint(subscriber, subscriber.position)
    },
    onFull(subscriber) {
      if (!subscriber.isWritable) return
      subscriber.isWritable = false
      subscriber.fullSinceMs ??= clock()
      subscriber.stalling = wheel.schedule(limits.stallTimeoutMs, cut, subscriber)
      if (subscriber.state !== 'live') return
      demote(subscriber)
      metrics.count('pawtrail_feed_demotions_total', 1, { transport: subscriber.transport })
    },
    setAside(subscriber) {
      demote(subscriber)
      pump(subscriber)
    },
    onDrain(subscriber) {
      if (subscriber.state === 'closed' || subscriber.isWritable) return
      subscriber.isWritable = true
      wheel.cancel(subscriber.stalling)
      subscriber.stalling = undefined
      pump(subscriber)
    },
    close,
    positionOf,
    counts: count.totals,
  }
}

/** Moves a subscriber from state to state, and keeps the gauge of each transport. */
const createStateCounter = (metrics: Metrics) => {
  const counts = new Map<string, { live: number; 'catch-up': number }>()
  const show = (transport: string, state: 'live' | 'catch-up', value: number) => {
    metrics.gauge('pawtrail_feed_subscribers', value, { transport, state })
  }
  return {
    move(subscriber: Subscriber, to: SubscriptionState): void {
      const { transport } = subscriber
      const of = counts.get(transport) ?? { live: 0, 'catch-up': 0 }
      counts.set(transport, of)
      if (subscriber.state !== 'closed') {
        of[subscriber.state] -= 1
        show(transport, subscriber.state, of[subscriber.state])
      }
      if (to !== 'closed') {
        of[to] += 1
        show(transport, to, of[to])
      }
      subscriber.state = to
    },
    totals: () => {
      const all = [...counts.values()]
      return {
        live: all.reduce((sum, each) => sum + each.live, 0),
        catchUp: all.reduce((sum, each) => sum + each['catch-up'], 0),
      }
    },
  }
}
