// The live engine: one tail reader, a ring of the newest events, an index of subscriptions, and for
// each subscription two states: LIVE (handed out as events come) and CATCH-UP (its own pace, from
// the ring or the log). It knows no protocol.
import type { Clock } from '../../core/clock.ts'
import type { CursorCodec } from '../../core/cursor.ts'
import type { StoredEvent } from '../../core/event.ts'
import type { EventStore } from '../../core/event-store.ts'
import type { Logger } from '../../core/logger.ts'
import type { Metrics } from '../../core/metrics.ts'
import { barredUserOf } from '../../events/registry.ts'
import { createBarred } from './barred.ts'
import { createPump } from './catch-up.ts'
import { createConnections } from './connections.ts'
import { createEntryMaker } from './entry.ts'
import { createAdmission, FEED_LIMITS, type FeedLimits } from './limits.ts'
import { createFanOut } from './fan-out.ts'
import { createGate } from './gate.ts'
import { createLifecycle, type Lifecycle } from './lifecycle.ts'
import { createLogReader } from './log-reader.ts'
import { createPageReader } from './page.ts'
import { createRing } from './ring.ts'
import { createDelivery, type Subscriber } from './subscriber.ts'
import { createSubscriptionIndex } from './subscription-index.ts'
import { createRoster, type Roster, type RosterOptions } from './roster.ts'
import { createTailReader } from './tail.ts'
import { createTimerWheel } from './timer-wheel.ts'
import { createTraitBook } from './traits.ts'
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

export const DEFAULT_SCHEMA_BASE = 'https://petstoreapi.com' // where the types of problems are named, too
const WHEEL_TICK_MS = 100

export const createFeed = (options: FeedOptions): Feed => {
  const { metrics, clock } = options
  const limits: FeedLimits = { ...FEED_LIMITS, ...options.settings }
  const sources = createSources(options, limits)
  const { entries, fill, reader, ring } = sources
  const index = createSubscriptionIndex<Subscriber>()
  const wheel = createTimerWheel(Math.min(WHEEL_TICK_MS, limits.heartbeatMs))
  const delivery = createDelivery({
    ...{ ...options, entries },
    onFull: (subscriber) => lifecycle.onFull(subscriber),
    close: (subscriber, reason) => lifecycle.close(subscriber, reason),
  })
  const setAside = (subscriber: Subscriber) => lifecycle.setAside(subscriber)
  const fanOut = createFanOut({ index, ring, delivery, make: entries.make, setAside })
  const reportSent = () => {
    for (const [transport, count] of delivery.takeSent()) {
      metrics.count('pawtrail_feed_events_sent_total', count, { transport })
    }
  }
  const tailReader = createTailReader({
    ...{ ...options, limits },
    onStart: (head) => ring.reset(head),
    onEvent: (stored) => {
      doors.watch(stored)
      fanOut.take(stored)
    },
    onSliceEnd: () => {
      fanOut.flush()
      reportSent()
    },
  })
  const tail = tailReader.position
  const pump = createPump({
    ...{ ...options, ring, reader, fill, wheel, delivery, limits, tail },
    goLive: (subscriber) => lifecycle.goLive(subscriber),
    fail: (subscriber) => lifecycle.close(subscriber, 'failed'),
    onPause: reportSent,
  })
  const lifecycle: Lifecycle = createLifecycle({
    ...{ ...options, index, wheel, delivery, limits, pump },
    onClosed: (subscriber) => doors.roster.onClosed(subscriber),
  })
  const doors = createDoors({ wheel, delivery, lifecycle, limits, clock, metrics, pump, tail })
  const { roster, connections } = doors

  return {
    async start() {
      await tailReader.start()
      wheel.start()
      roster.start()
    },
    async stop() {
      connections.stop()
      await roster.stop()
      await tailReader.stop()
      wheel.stop()
    },
    subscribe: roster.subscribe,
    connect: connections.connect,
    disconnect: connections.disconnect,
    readPage: createPageReader({ reader, entries, fill, limits, tail, barred: doors.barred }),
    isBarred: doors.barred.has,
    head: tail,
    stats: () => ({
      ...{ ...lifecycle.counts(), ...sources.counts(), connections: connections.total() },
      evaluations: index.evaluations(),
    }),
  }
}

/** What the events come from: the log, and what is remembered of it. */
const createSources = (options: FeedOptions, limits: FeedLimits) => {
  const { eventStore, catalogue, schemaBase = DEFAULT_SCHEMA_BASE } = options
  const gate = createGate(limits.concurrentReads)
  const traits = createTraitBook({ eventStore, decode: catalogue.decode, gate, limits })
  const entries = createEntryMaker({ ...options, know: traits.know, schemaBase })
  const ring = createRing({ events: limits.ringEvents, bytes: limits.ringBytes })
  const reader = createLogReader({ eventStore, entries, gate, limits })
  const counts = () => ({ ...ring.size(), ...reader.counts(), ...traits.counts() })
  return { entries, fill: traits.fill, reader, ring, counts }
}

/** Who comes in, and who is shown out: by limits, and by what the log says of users. */
const createDoors = (options: Omit<RosterOptions, 'admission' | 'barred'>) => {
  const { limits, clock, metrics } = options
  const barred = createBarred({ clock, limits })
  const roster: Roster = createRoster({
    ...{ ...options, barred },
    admission: createAdmission({
      total: limits.subscriptions,
      perTenant: limits.subscriptionsPerTenant,
      perPrincipal: limits.subscriptionsPerPrincipal,
    }),
  })
  const connections = createConnections({
    ...{ barred, metrics },
    admission: createAdmission({
      total: limits.connections,
      perTenant: limits.connectionsPerTenant,
      perPrincipal: limits.connectionsPerPrincipal,
    }),
  })
  return {
    barred,
    roster,
    connections,
    watch({ tenantId, type, streamId }: StoredEvent): void {
      const userId = barredUserOf({ type, streamId })
      if (userId === undefined) return
      barred.add(tenantId, userId)
      roster.bar(tenantId, userId)
      connections.bar(tenantId, userId)
    },
  }
}
