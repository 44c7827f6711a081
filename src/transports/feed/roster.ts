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
import { createRounds } from './rounds.ts'
import type {
  CloseReason,
  Sink,
  SubscribeOutcome,
  Subscription,
  SubscriptionRequest,
} from './types.ts'

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
  subscribe: <To>(request: SubscriptionRequest<To>) => SubscribeOutcome
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
  const holders = createHolders<Subscriber>()
  const reportLag = createLagReport(options)
  const admitted = createEntrance(options)
  let isStopped = false

  /** A checkpoint says more than a heartbeat and serves as one. */
  const beat = (subscriber: Subscriber): void => {
    // The wheel counts ticks: a machine that slept, or a clock set forth, is noticed here.
    if (subscriber.expiresAtMs <= clock()) return lifecycle.close(subscriber, 'token_expired')
    if (!subscriber.isWritable) return
    const hasMoved = delivery.checkpoint(subscriber, lifecycle.positionOf(subscriber))
    if (!hasMoved) delivery.heartbeat(subscriber)
  }

  const subscribers = createRounds<Subscriber>({ wheel, periodMs: limits.heartbeatMs, run: beat })
  const handleOf = createHandles(lifecycle)
  const endInTime = createEnding(options)

  const begin = (subscriber: Subscriber, lifetime: SubscriptionRequest['lifetime']): void => {
    subscriber.round = subscribers.add(subscriber)
    holders.add(subscriber)
    lifecycle.begin(subscriber)
    endInTime(subscriber, lifetime)
    subscriber.sink.onDrain?.(() => lifecycle.onDrain(subscriber), subscriber.to)
    pump(subscriber)
  }

  return {
    subscribe(request) {
      const refused = admitted(request, isStopped)
      if (refused !== undefined) return refused
      const subscriber = subscriberOf(request)
      begin(subscriber, request.lifetime)
      return { kind: 'subscribed', subscription: handleOf(subscriber) }
    },
    onClosed(subscriber) {
      subscribers.remove(subscriber, subscriber.round)
      holders.remove(subscriber)
      options.admission.leave(subscriber.tenantId, subscriber.principal)
    },
    bar(tenantId, userId) {
      for (const each of holders.of(tenantId, userId)) lifecycle.close(each, 'revoked')
    },
    start() {
      const report = () => {
        wheel.schedule(limits.lagReportMs, report)
        reportLag(subscribers.all())
      }
      wheel.schedule(limits.lagReportMs, report)
      subscribers.start()
    },
    async stop() {
      isStopped = true
      let closed = 0
      for (const subscriber of subscribers.all()) {
        lifecycle.close(subscriber, 'shutdown')
        closed += 1
        if (closed % STOP_SLICE === 0) await new Promise<void>((resolve) => setImmediate(resolve))
      }
    },
  }
}

/** One timer, of what comes first: the lifetime's end or the token's. */
const createEnding = ({ wheel, clock, lifecycle }: RosterOptions) => {
  const end = (subscriber: Subscriber) => lifecycle.close(subscriber, 'lifetime')
  const expire = (subscriber: Subscriber) => lifecycle.close(subscriber, 'token_expired')
  return (subscriber: Subscriber, lifetime: SubscriptionRequest['lifetime']): void => {
    const tokenMs = Math.max(0, subscriber.expiresAtMs - clock())
    const { ms, reason } = lifetime ?? { ms: Infinity, reason: 'lifetime' }
    const leftMs = Math.min(tokenMs, ms)
    if (leftMs === Infinity) return
    const isToken = tokenMs < ms || reason === 'token_expired'
    subscriber.ending = wheel.schedule(leftMs, isToken ? expire : end, subscriber)
  }
}

type Handle = Subscription & { subscriber: Subscriber }

/** What each subscription can do, once for all of them: a handle holds its subscriber alone. */
const createHandles = (lifecycle: Lifecycle) => {
  const table = {
    close(this: Handle, reason: CloseReason) {
      lifecycle.close(this.subscriber, reason)
    },
    position(this: Handle) {
      return lifecycle.positionOf(this.subscriber)
    },
    delivered(this: Handle) {
      return this.subscriber.delivered
    },
    state(this: Handle) {
      return this.subscriber.state
    },
    drained(this: Handle) {
      lifecycle.onDrain(this.subscriber)
    },
  }
  return (subscriber: Subscriber): Subscription => {
    const handle = Object.create(table) as Handle
    handle.subscriber = subscriber
    return handle
  }
}

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

const subscriberOf = <To>(request: SubscriptionRequest<To>): Subscriber => ({
  tenantId: request.tenantId,
  visibility: request.visibility,
  filter: request.filter,
  sink: request.sink as Sink<unknown>,
  to: request.to,
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
  round: 0,
  ending: undefined,
  stalling: undefined,
})
