// One filter of a session: a subscription of the feed with a cursor of its own. The cursor moves
// when messages are acknowledged, so that what was not is found in the log again.
import type { CursorCodec } from '../../core/cursor.ts'
import type { Position, StoredEvent } from '../../core/event.ts'
import type { Logger } from '../../core/logger.ts'
import type { Closing, Feed, RefusalReason, Sink, Subscription } from '../feed/types.ts'
import type { Access } from './access.ts'
import { createDeliveries } from './deliveries.ts'
import { type Message, messagesOfFrame, MQTT_FRAMING } from './messages.ts'
import type { Outlet } from './outlet.ts'
import type { RetainedReader } from './retained.ts'
import type { StoredSubscription } from './stored-session.ts'
import { matchesTopic } from './topic-filter.ts'
import { feedFilterOf, type Wanted, wantsStock } from './topics.ts'

export type SessionSubscription = Readonly<{
  wanted: Wanted
  /** Opens its place in the feed. Undefined: done. */
  open: () => RefusalReason | undefined
  /** Begins to send: the retained state first, when it has any. */
  start: () => void
  /** There may be room again. */
  pump: () => void
  /** Newest of each topic; it waits for room by overwriting what waits. */
  offerState: (message: Message) => void
  /** The same filter was subscribed to again. Its cursor stays; what follows is sent as it says. */
  renew: (flow: Flow, isSnapshotWanted: boolean) => void
  stored: () => StoredSubscription
  close: () => void
}>

/** How messages are sent. */
export type Flow = Pick<StoredSubscription, 'qos' | 'retainAsPublished' | 'id'>

export type SubscriptionOptions = Readonly<{
  wanted: Wanted
  stored: StoredSubscription
  position: Position // where its cursor is
  outlet: Outlet
  access: Access
  feed: Feed
  cursors: CursorCodec
  retained: RetainedReader
  logger: Logger
  principal: string
  /** Resolves once the read model shows what happened up to there, or does not for long. */
  shows: (position: Position) => Promise<unknown>
  /** The feed gave it up and it could not be opened again. */
  fail: () => void
}>

export const createSubscription = (options: SubscriptionOptions): SessionSubscription => {
  const { wanted, stored, outlet, access, feed } = options
  const { tenantId, relative } = wanted
  let flow: Flow = stored
  let place: Subscription | undefined
  let position = options.position
  let isClosed = false
  let isStarted = false
  let needsSnapshot = stored.needsSnapshot
  let isFull = false // the feed waits for us
  let onRoom: (() => void) | undefined // set while the snapshot waits
  const waitingStates = new Map<string, Message>()

  const mayReceive = (message: Message) => access.mayReceive(tenantId, message.levels)
  const sendState = (message: Message, retain: boolean): void => {
    const { qos, id } = flow
    const common = { qos, dup: false, retain, onDone: () => {} }
    outlet.publish(message, { ...common, ...(id !== undefined && { subscriptionId: id }) })
  }
  const deliveries = createDeliveries({ stored, outlet, flow: () => flow })
  const isHeld = () => !isStarted || needsSnapshot

  const write = (frame: Buffer, event: StoredEvent): boolean => {
    const messages = messagesOfFrame(frame).filter(
      (message) => matchesTopic(relative, message.relative) && mayReceive(message),
    )
    deliveries.take(event.position, messages)
    if (!isHeld()) deliveries.send()
    isFull = deliveries.isWaiting() || !outlet.hasRoom(flow.qos)
    return !isFull
  }

  const onClose = ({ position: reached, reason }: Closing): void => {
    position = reached
    place = undefined
    // It took nothing for long, and may go on doing so: only its cursor is kept until it does.
    if (reason === 'failed' && !isClosed) options.fail()
  }

  let drained: () => void = () => {}
  const sink: Sink = {
    framing: MQTT_FRAMING,
    write,
    checkpoint: () => true,
    heartbeat: () => true,
    lag: () => true,
    onDrain: (callback) => (drained = callback),
    cork: () => {},
    uncork: () => {},
    close: onClose,
  }

  const open = (): RefusalReason | undefined => {
    if (relative[0] === 'inventory') return undefined
    const outcome = feed.subscribe({
      ...{ tenantId, after: position, sink, transport: 'mqtt', principal: options.principal },
      visibility: access.visibilityOf(tenantId),
      filter: feedFilterOf(relative),
    })
    if (outcome.kind === 'refused') return outcome.reason
    place = outcome.subscription
    return undefined
  }

  const pump = (): void => {
    if (isClosed || !isStarted) return
    const wake = onRoom
    if (needsSnapshot) {
      if (!outlet.hasRoom(flow.qos)) return
      onRoom = undefined
      wake?.()
      return
    }
    deliveries.send()
    for (const [topic, message] of waitingStates) {
      if (!outlet.hasRoom(flow.qos)) return
      waitingStates.delete(topic)
      sendState(message, flow.retainAsPublished)
    }
    if (deliveries.isWaiting() || !outlet.hasRoom(flow.qos) || !isFull) return
    isFull = false
    if (place !== undefined) drained()
    else if (open() !== undefined) options.fail()
  }

  const room = (): Promise<void> =>
    outlet.hasRoom(flow.qos) ? Promise.resolve() : new Promise((resolve) => (onRoom = resolve))

  const sendSnapshot = async (): Promise<void> => {
    // An older state must not follow a newer one that was already told.
    await options.shows(place?.position() ?? position)
    for await (const message of options.retained(tenantId, relative, mayReceive)) {
      while (!isClosed && !outlet.hasRoom(flow.qos)) await room()
      if (isClosed) return
      sendState(message, true)
    }
    needsSnapshot = false
    pump()
  }

  const startSnapshot = (): void => {
    sendSnapshot().catch((cause: unknown) => {
      options.logger.error({ cause }, 'the retained state of a subscription could not be read')
      options.fail()
    })
  }

  const cursorPosition = (): Position => deliveries.acknowledged() ?? place?.position() ?? position

  return {
    wanted,
    open,
    start() {
      isStarted = true
      if (needsSnapshot) startSnapshot()
      else pump()
    },
    renew(next, isSnapshotWanted) {
      flow = next
      if (!isSnapshotWanted || needsSnapshot) return
      needsSnapshot = true
      startSnapshot()
    },
    pump,
    offerState(message) {
      if (isClosed || !wantsStock(relative)) return
      if (!matchesTopic(relative, message.relative) || !mayReceive(message)) return
      waitingStates.set(message.topic, message)
      pump()
    },
    stored: () => ({
      ...stored,
      ...flow,
      ...deliveries.state(),
      cursor: options.cursors.encode(tenantId, cursorPosition()),
      needsSnapshot,
    }),
    close() {
      isClosed = true
      place?.close('cancelled')
      onRoom?.()
    },
  }
}
