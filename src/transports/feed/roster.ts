// Who is subscribed: admitted within the limits, kept alive by heartbeats, ended when the token
// expires or the user is deleted, and told goodbye when the process stops.
import type { Clock } from '../../core/clock.ts'
import type { Position } from '../../core/event.ts'
import { createEntrance, type EntranceOptions } from './entrance.ts'
import { createHolders } from './holders.ts'
import type { FeedLimits } from './limits.ts'
import type { Pump } from './catch-up.ts'
import type { Lifecycle } from './lifecycle.ts'
import type { Delivery, Subscriber } from './subscriber.ts'
import type { TimerWheel } from './timer-wheel.ts'
import type { SubscribeOutcome, Subscription, SubscriptionRequest } from './types.ts'

export type RosterOptions = EntranceOptions &
  Readonly<{
    wheel: TimerWheel
    delivery: Delivery
    lifecycle: Lifecycle
    limits: FeedLimits
    clock: Clock
    pump: Pump
    tail: () => Position
  }>

export type Roster = Readonly<{
  subscribe: (request: SubscriptionRequest) => SubscribeOutcome
  /** To be told of each subscription that was closed. */
  onClosed: (subscriber: Subscriber) => void
  /** Ends what a deleted user holds. */
  bar: (tenantId: string, userId: string) => void
  /** From now on the lag of each transport is measured now and then. */
  start: () => void
  /** Closes all, some at a time, and admits nobody from now on. */
  stop: () => Promise<void>
}>

const STOP_SLICE = 500 // told goodbye before sockets get their turn

export const createRoster = (options: RosterOptions): Roster => {
  const { wheel, delivery, lifecycle, limits, clock, pump } = options
  const subscribers = new Set<Subscriber>()
  const holders = createHolders<Subscriber>()
  const reportLag = createLagReport(options)
  const admitted = createEntrance(options)
  let isStopped = false

  /** A checkpoint says more than a heartbeat and serves as one. */
  const beat = (subscriber: Subscriber): void => {
    // The wheel counts ticks: a machine that slept, or a clock set forth, is noticed here.
    if (subscriber.expiresAtMs <= clock()) return lifecycle.close(subscriber, 'token_expired')
    subscriber.cancelTimers[0] = wheel.schedule(limits.heartbeatMs, () => beat(subscriber))
    if (!subscriber.isWritable) return
    const hasMoved = delivery.checkpoint(subscriber, lifecycle.positionOf(subscriber))
    if (!hasMoved) delivery.heartbeat(subscriber)
  }

  const begin = (subscriber: Subscriber, { sink, lifetime }: SubscriptionRequest): void => {
    subscribers.add(subscriber)
    holders.add(subscriber)
    lifecycle.begin(subscriber)
    subscriber.cancelTimers[0] = wheel.schedule(limits.heartbeatMs, () => beat(subscriber))
    if (lifetime !== undefined) {
      const end = () => lifecycle.close(subscriber, lifetime.reason)
      subscriber.cancelTimers.push(wheel.schedule(lifetime.ms, end))
    }
    if (Number.isFinite(subscriber.expiresAtMs)) {
      const expire = () => lifecycle.close(subscriber, 'token_expired')
      const leftMs = Math.max(0, subscriber.expiresAtMs - clock())
      subscriber.cancelTimers.push(wheel.schedule(leftMs, expire))
    }
    sink.onDrain(() => lifecycle.onDrain(subscriber))
    pump(subscriber)
  }

  return {
    subscribe(request) {
      const refused = admitted(request, isStopped)
      if (refused !== undefined) return refused
      const subscriber = subscriberOf(request)
      begin(subscriber, request)
      return { kind: 'subscribed', subscription: handleOf(subscriber, lifecycle) }
    },
    onClosed(subscriber) {
      subscribers.delete(subscriber)
      holders.remove(subscriber)
      options.admission.leave(subscriber.tenantId, subscriber.principal)
    },
    bar(tenantId, userId) {
      for (const each of holders.of(tenantId, userId)) lifecycle.close(each, 'revoked')
    },
    start() {
      const report = () => {
        wheel.schedule(limits.lagReportMs, report)
        reportLag(subscribers)
      }
      wheel.schedule(limits.lagReportMs, report)
    },
    async stop() {
      isStopped = true
      let closed = 0
      for (const subscriber of subscribers) {
        lifecycle.close(subscriber, 'shutdown')
        closed += 1
        if (closed % STOP_SLICE === 0) await new Promise<void>((resolve) => setImmediate(resolve))
      }
    },
  }
}

const handleOf = (subscriber: Subscriber, lifecycle: Lifecycle): Subscription => ({
  close: (reason) => lifecycle.close(subscriber, reason),
  position: () => lifecycle.positionOf(subscriber),
  delivered: () => subscriber.delivered,
  state: () => subscriber.state,
})

/** A live one has no lag: it is handed what comes in the turn in which it comes. */
const createLagReport = ({ metrics, tail }: RosterOptions) => {
  const transports = new Set<string>() // one that nobody is subscribed to any more goes back to 0
  return (subscribers: Iterable<Subscriber>): void => {
    const furthest = new Map([...transports].map((each) => [each, 0]))
    for (const { state, transport, position } of subscribers) {
      const behind = state === 'catch-up' ? Math.max(0, tail() - position) : 0
      furthest.set(transport, Math.max(furthest.get(transport) ?? 0, behind))
      transports.add(transport)
    }
    for (const [transport, behind] of furthest) {
      metrics.gauge('pawtrail_feed_lag_events', behind, { transport })
    }
  }
}

const subscriberOf = (request: SubscriptionRequest): Subscriber => ({
  tenantId: request.tenantId,
  visibility: request.visibility,
  filter: request.filter,
  sink: request.sink,
  transport: request.transport,
  principal: request.principal,
  latestOnly: request.latestOnly ?? false,
  expiresAtMs: request.expiresAtMs ?? Infinity,
  state: 'closed', // until it is counted in
  position: request.after,
  toldPosition: request.after,
  delivered: 0,
  isWritable: true,
  isPumping: false,
  fullSinceMs: undefined,
  cancelTimers: [],
  cancelStall: undefined,
})
