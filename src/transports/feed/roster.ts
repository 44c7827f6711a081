// Who is subscribed: admitted within the limits, kept alive by heartbeats, and told goodbye when
// the process stops.
import type { Admission, FeedLimits } from './limits.ts'
import type { Pump } from './catch-up.ts'
import type { Lifecycle } from './lifecycle.ts'
import type { Delivery, Subscriber } from './subscriber.ts'
import type { TimerWheel } from './timer-wheel.ts'
import type { RefusalReason, SubscribeOutcome, Subscription, SubscriptionRequest } from './types.ts'

export type RosterOptions = Readonly<{
  wheel: TimerWheel
  delivery: Delivery
  lifecycle: Lifecycle
  limits: FeedLimits
  admission: Admission
  pump: Pump
}>

export type Roster = Readonly<{
  subscribe: (request: SubscriptionRequest) => SubscribeOutcome
  /** To be told of each subscription that was closed. */
  onClosed: (subscriber: Subscriber) => void
  /** Closes all, some at a time, and admits nobody from now on. */
  stop: () => Promise<void>
}>

const STOP_SLICE = 500 // told goodbye before sockets get their turn

const RETRY_AFTER_MS: Readonly<Record<RefusalReason, number>> = {
  principal_limit: 30_000,
  tenant_limit: 30_000,
  total_limit: 10_000,
  stopped: 1_000,
}

export const createRoster = (options: RosterOptions): Roster => {
  const { wheel, delivery, lifecycle, limits, admission, pump } = options
  const subscribers = new Set<Subscriber>()
  let isStopped = false

  /** A checkpoint says more than a heartbeat and serves as one. */
  const beat = (subscriber: Subscriber): void => {
    subscriber.cancelTimers[0] = wheel.schedule(limits.heartbeatMs, () => beat(subscriber))
    if (!subscriber.isWritable) return
    const hasMoved = delivery.checkpoint(subscriber, lifecycle.positionOf(subscriber))
    if (!hasMoved) delivery.heartbeat(subscriber)
  }

  const begin = (subscriber: Subscriber, { sink, lifetime }: SubscriptionRequest): void => {
    subscribers.add(subscriber)
    lifecycle.begin(subscriber)
    subscriber.cancelTimers[0] = wheel.schedule(limits.heartbeatMs, () => beat(subscriber))
    if (lifetime !== undefined) {
      const end = () => lifecycle.close(subscriber, lifetime.reason)
      subscriber.cancelTimers[1] = wheel.schedule(lifetime.ms, end)
    }
    sink.onDrain(() => lifecycle.onDrain(subscriber))
    pump(subscriber)
  }

  return {
    subscribe(request) {
      const refused = isStopped ? 'stopped' : admission.admit(request.tenantId, request.principal)
      if (refused !== undefined) {
        return { kind: 'refused', reason: refused, retryAfterMs: RETRY_AFTER_MS[refused] }
      }
      const subscriber = subscriberOf(request)
      begin(subscriber, request)
      const subscription: Subscription = {
        close: (reason) => lifecycle.close(subscriber, reason),
        position: () => lifecycle.positionOf(subscriber),
        delivered: () => subscriber.delivered,
        state: () => subscriber.state,
      }
      return { kind: 'subscribed', subscription }
    },
    onClosed(subscriber) {
      subscribers.delete(subscriber)
      admission.leave(subscriber.tenantId, subscriber.principal)
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

const subscriberOf = (request: SubscriptionRequest): Subscriber => ({
  tenantId: request.tenantId,
  visibility: request.visibility,
  filter: request.filter,
  sink: request.sink,
  transport: request.transport,
  principal: request.principal,
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
