// The live engine: one tail reader, a ring of the newest events, an index of subscriptions, and for
// each subscription two states: LIVE (handed out as events come) and CATCH-UP (its own pace, from
// the ring or the log). It knows no protocol.
import type { Clock } from '../../core/clock.ts'
import type { CursorCodec } from '../../core/cursor.ts'
import type { EventStore } from '../../core/event-store.ts'
import type { Logger } from '../../core/logger.ts'
import type { Metrics } from '../../core/metrics.ts'
import { createPump } from './catch-up.ts'
import { createEntryMaker } from './entry.ts'
import { createAdmission, FEED_LIMITS, type FeedLimits } from './limits.ts'
import { createFanOut } from './fan-out.ts'
import { createLifecycle, type Lifecycle } from './lifecycle.ts'
import { createLogReader } from './log-reader.ts'
import { createPageReader } from './page.ts'
import { createRing } from './ring.ts'
import { createDelivery, type Subscriber } from './subscriber.ts'
import { createSubscriptionIndex } from './subscription-index.ts'
import { createRoster, type Roster } from './roster.ts'
import { createTailReader } from './tail.ts'
import { createTimerWheel } from './timer-wheel.ts'
import type { EventCatalogue, Feed } from './types.ts'

export type FeedOptions = Readonly<{
  eventStore: EventStore
  catalogue: EventCatalogue
  cursors: CursorCodec
  logger: Logger
  metrics: Metrics
  clock: Clock
  settings?: Partial<FeedLimits>
  /** Before `/schemas/<type>/<version>` in dataschema, without a slash at its end. */
  schemaBase?: string
}>

const DEFAULT_SCHEMA_BASE = 'https://petstoreapi.com' // where the types of problems are named, too
const WHEEL_TICK_MS = 100

export const createFeed = (options: FeedOptions): Feed => {
  const { eventStore, catalogue, cursors, logger, metrics, clock } = options
  const limits: FeedLimits = { ...FEED_LIMITS, ...options.settings }
  const entries = createEntryMaker({
    ...{ catalogue, cursors, logger },
    schemaBase: options.schemaBase ?? DEFAULT_SCHEMA_BASE,
  })
  const ring = createRing({ events: limits.ringEvents, bytes: limits.ringBytes })
  const index = createSubscriptionIndex<Subscriber>()
  const wheel = createTimerWheel(Math.min(WHEEL_TICK_MS, limits.heartbeatMs))
  const reader = createLogReader({ eventStore, entries, limits })
  const delivery = createDelivery({
    ...{ entries, cursors, logger },
    onFull: (subscriber) => lifecycle.onFull(subscriber),
    close: (subscriber, reason) => lifecycle.close(subscriber, reason),
  })
  const fanOut = createFanOut({ index, ring, delivery, make: entries.make })
  const reportSent = () => {
    for (const [transport, count] of delivery.takeSent()) {
      metrics.count('pawtrail_feed_events_sent_total', count, { transport })
    }
  }
  const tailReader = createTailReader({
    ...{ eventStore, logger, limits },
    onStart: (head) => ring.reset(head),
    onEvent: fanOut.take,
    onSliceEnd: () => {
      fanOut.flush()
      reportSent()
    },
  })
  const tail = tailReader.position
  const pump = createPump({
    ...{ ring, reader, wheel, delivery, limits, clock, logger, tail },
    goLive: (subscriber) => lifecycle.goLive(subscriber),
    fail: (subscriber) => lifecycle.close(subscriber, 'failed'),
    onPause: reportSent,
  })
  const lifecycle: Lifecycle = createLifecycle({
    ...{ index, wheel, delivery, limits, clock, metrics, logger, pump },
    onClosed: (subscriber) => roster.onClosed(subscriber),
  })
  const admission = createAdmission(limits)
  const roster: Roster = createRoster({ wheel, delivery, lifecycle, limits, admission, pump })

  return {
    async start() {
      await tailReader.start()
      wheel.start()
    },
    async stop() {
      await roster.stop()
      await tailReader.stop()
      wheel.stop()
    },
    subscribe: roster.subscribe,
    readPage: createPageReader({ reader, entries, limits, tail }),
    head: tail,
    stats: () => ({
      ...{ ...lifecycle.counts(), ...ring.size(), ...reader.counts() },
      evaluations: index.evaluations(),
    }),
  }
}
