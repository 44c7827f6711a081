// One subscription from the inside, and the handing over of frames to its sink. Everything that
// writes to a sink goes through here, so that a sink that throws ends its own subscription and
// nothing else.
import type { CursorCodec } from '../../core/cursor.ts'
import type { Clock } from '../../core/clock.ts'
import type { Position } from '../../core/event.ts'
import type { TenantId } from '../../core/ids.ts'
import type { Logger } from '../../core/logger.ts'
import type { EntryMaker, FeedEntry } from './entry.ts'
import type { CompiledFilter } from './filter.ts'
import type { Timer } from './timer-wheel.ts'
import type { Checkpoint, CloseReason, Sink, SubscriptionState, Visibility } from './types.ts'

/**
 * All that is kept of a subscription: for one that is behind, this record and its sink, and no
 * event.
 */
export type Subscriber = {
  readonly tenantId: TenantId
  readonly visibility: Visibility
  readonly filter: CompiledFilter
  readonly sink: Sink<unknown>
  readonly to: unknown // is given to the sink
  readonly transport: string
  readonly principal: string
  readonly latestOnly: boolean
  readonly expiresAtMs: number // Infinity: it has no token that expires
  state: SubscriptionState
  position: Position // everything up to here was handed over or does not concern it
  toldPosition: Position // the last position whose cursor the consumer was given
  delivered: number
  isWritable: boolean
  isPumping: boolean
  fullSinceMs: number | undefined
  round: number // of heartbeats that it takes part in
  ending: Timer | undefined // at the end of its time
  stalling: Timer | undefined // while it is full
}

export type Delivery = Readonly<{
  /**
   * False: the sink is full, and has taken this one. Hidden and unwanted entries are passed over.
   */
  offer: (subscriber: Subscriber, entry: FeedEntry) => boolean
  /**
   * Tells how far it is, if that moved since it was last told. Answers whether anything was
   * written.
   */
  checkpoint: (subscriber: Subscriber, position: Position) => boolean
  heartbeat: (subscriber: Subscriber) => void
  lag: (subscriber: Subscriber, behindMs: number) => void
  checkpointOf: (subscriber: Subscriber, position: Position) => Checkpoint
  /** Runs the work between cork and uncork. */
  corked: (subscriber: Subscriber, work: () => void) => void
  /** Counts since the last call, by transport. */
  takeSent: () => ReadonlyMap<string, number>
}>

export type DeliveryOptions = Readonly<{
  entries: EntryMaker
  cursors: CursorCodec
  clock: Clock
  logger: Logger
  onFull: (subscriber: Subscriber) => void
  close: (subscriber: Subscriber, reason: CloseReason) => void
}>

export const createDelivery = (options: DeliveryOptions): Delivery => {
  const { entries, cursors, clock, logger, onFull, close } = options
  let sent = new Map<string, number>()

  const guarded = (subscriber: Subscriber, write: () => boolean): void => {
    try {
      if (!write() && subscriber.state !== 'closed') onFull(subscriber)
    } catch (cause) {
      logger.error({ cause, transport: subscriber.transport }, 'a sink of the feed threw')
      close(subscriber, 'failed')
    }
  }

  const checkpointOf = (subscriber: Subscriber, position: Position): Checkpoint => ({
    cursor: cursors.encode(subscriber.tenantId, position),
    delivered: subscriber.delivered,
  })

  return {
    offer(subscriber, entry) {
      const { sink, to, visibility } = subscriber
      if (subscriber.expiresAtMs <= clock()) {
        close(subscriber, 'token_expired')
        return false
      }
      subscriber.position = entry.event.position
      const frame = entries.frameOf(entry, visibility, sink.framing)
      if (frame === undefined) return true
      subscriber.delivered += 1
      subscriber.toldPosition = entry.event.position
      sent.set(subscriber.transport, (sent.get(subscriber.transport) ?? 0) + 1)
      guarded(subscriber, () => sink.write(frame, entry.event, to))
      return subscriber.isWritable && subscriber.state !== 'closed'
    },
    checkpoint(subscriber, position) {
      if (position <= subscriber.toldPosition) return false
      subscriber.toldPosition = position
      const { sink, to } = subscriber
      guarded(subscriber, () => sink.checkpoint(checkpointOf(subscriber, position), to))
      return true
    },
    heartbeat(subscriber) {
      guarded(subscriber, () => subscriber.sink.heartbeat(subscriber.to))
    },
    lag(subscriber, behindMs) {
      guarded(subscriber, () => subscriber.sink.lag(behindMs, subscriber.to))
    },
    checkpointOf,
    corked(subscriber, work) {
      subscriber.sink.cork(subscriber.to)
      try {
        work()
      } finally {
        if (subscriber.state !== 'closed') subscriber.sink.uncork(subscriber.to)
      }
    },
    takeSent() {
      const counts = sent
      sent = new Map()
      return counts
    },
  }
}
