// One filter of a session: a subscription of the feed with a cursor of its own. The cursor moves
// when messages are acknowledged, so that what was not is found in the log again.
import type { Position, StoredEvent } from '../../core/event.ts'
import type { Closing, RefusalReason, Sink } from '../feed/types.ts'
import { isOver, mayReceive, visibilityOf } from './access.ts'
import { type Client, seatsOf, type SessionSubscription } from './client.ts'
import {
  acknowledgedUpTo,
  deliveryState,
  NO_EARLIER,
  sendWaiting,
  take,
  waitingBytes,
} from './deliveries.ts'
import { end } from './line.ts'
import { checkpointMessage, type Message, messagesOfFrame, MQTT_FRAMING } from './messages.ts'
import { hasRoom, publish, reserve } from './outlet.ts'
import { REASON } from './packets.ts'
import { keepState, sendStates, startSnapshot, stateBytes } from './states.ts'
import type { StoredSubscription } from './stored-session.ts'
import { matchesTopic } from './topic-filter.ts'
import type { TopicFilter } from './wanted.ts'

/** How messages are sent. */
export type Flow = Pick<StoredSubscription, 'qos' | 'retainAsPublished' | 'id'>

/** `position`: where its cursor is. */
export const createSubscription = (
  client: Client,
  wanted: TopicFilter,
  stored: Omit<StoredSubscription, 'filter' | 'cursor'>,
  position: Position,
): SessionSubscription => {
  for (const [, , id] of stored.inFlight) reserve(client, id)
  return {
    client,
    wanted,
    qos: stored.qos,
    retainAsPublished: stored.retainAsPublished,
    id: stored.id,
    place: undefined,
    position,
    delivered: 0,
    isStarted: false,
    isClosed: false,
    isFull: false,
    needsSnapshot: stored.needsSnapshot,
    onRoom: undefined,
    isCheckpointDue: false,
    tracks: undefined,
    waiting: undefined,
    states: undefined,
    seenUpTo: 0,
    sentUpTo: stored.sentUpTo,
    earlier: stored.inFlight.length === 0 ? NO_EARLIER : stored.inFlight,
  }
}

/** Opens its place in the feed. Undefined: done. */
export const openPlace = (subscription: SessionSubscription): RefusalReason | undefined => {
  const { client, wanted, position } = subscription
  const { tenantId, feedFilter, relative } = wanted
  if (relative[0] === 'inventory') return undefined
  const outcome = client.house.feed.subscribe({
    tenantId,
    visibility: visibilityOf(client, tenantId),
    filter: feedFilter,
    after: position,
    transport: 'mqtt',
    principal: seatsOf(client).principal,
    sink: SINK,
    to: subscription,
  })
  if (outcome.kind === 'refused') return outcome.reason
  subscription.place = outcome.subscription
  return undefined
}

/** Begins to send: the retained state first, when it has any. */
export const start = (subscription: SessionSubscription): void => {
  subscription.isStarted = true
  subscription.isCheckpointDue = true
  if (subscription.needsSnapshot) startSnapshot(subscription, pump)
  else pump(subscription)
}

/** The same filter was subscribed to again. Its cursor stays; what follows is sent as it says. */
export const renew = (
  subscription: SessionSubscription,
  { qos, retainAsPublished, id }: Flow,
  isSnapshotWanted: boolean,
): void => {
  subscription.qos = qos
  subscription.retainAsPublished = retainAsPublished
  subscription.id = id
  if (!isSnapshotWanted || subscription.needsSnapshot) return
  subscription.needsSnapshot = true
  startSnapshot(subscription, pump)
}

/** Tells that there may be room again. */
export const pump = (subscription: SessionSubscription): void => {
  const { client, onRoom } = subscription
  if (subscription.isClosed || !subscription.isStarted || isOver(client)) return
  if (subscription.needsSnapshot) {
    if (!hasRoom(client, subscription.qos)) return
    subscription.onRoom = undefined
    onRoom?.()
    return
  }
  sendWaiting(subscription)
  if (!sendStates(subscription)) return
  const isWaiting = subscription.waiting !== undefined
  if (!isWaiting) sendCheckpoint(subscription)
  if (isWaiting || !hasRoom(client, subscription.qos) || !subscription.isFull) return
  subscription.isFull = false
  if (subscription.place !== undefined) subscription.place.drained()
  else if (openPlace(subscription) !== undefined) end(client, REASON.specificError)
}

export const offerState = (subscription: SessionSubscription, message: Message): void => {
  if (keepState(subscription, message)) pump(subscription)
}

/** Says on the topic of checkpoints how far it is, as soon as there is room. */
export const tellCheckpoint = (subscription: SessionSubscription): void => {
  // Of what waits still, nothing is said before it was sent.
  if (subscription.waiting === undefined && !subscription.needsSnapshot) {
    subscription.isCheckpointDue = true
  }
  pump(subscription)
}

export const queuedBytes = (subscription: SessionSubscription): number =>
  waitingBytes(subscription) + stateBytes(subscription)

export const storedOf = (subscription: SessionSubscription): StoredSubscription => {
  const { client, wanted, qos, retainAsPublished, id, needsSnapshot } = subscription
  const at = acknowledgedUpTo(subscription) ?? reached(subscription)
  return {
    filter: wanted.text,
    qos,
    retainAsPublished,
    ...(id === undefined ? {} : { id }),
    ...deliveryState(subscription),
    cursor: client.house.cursors.encode(wanted.tenantId, at),
    needsSnapshot,
  }
}

export const close = (subscription: SessionSubscription): void => {
  subscription.isClosed = true
  subscription.place?.close('cancelled')
  subscription.onRoom?.()
}

const reached = ({ place, position }: SessionSubscription): Position =>
  place?.position() ?? position

const write = (subscription: SessionSubscription, frame: Buffer, event: StoredEvent): boolean => {
  const { client, wanted } = subscription
  const { tenantId, relative } = wanted
  const matching = messagesOfFrame(frame).filter((each) => matchesTopic(relative, each.relative))
  if (isOver(client)) {
    // Taken and never sent: whoever comes back with a fresh token finds it after the cursor.
    take(subscription, event.position, matching)
    end(client, REASON.notAuthorized)
    return false
  }
  const messages = matching.filter((each) => mayReceive(client, tenantId, each.relative))
  if (take(subscription, event.position, messages)) subscription.delivered += 1
  const isHeld = !subscription.isStarted || subscription.needsSnapshot
  if (!isHeld) sendWaiting(subscription)
  subscription.isFull =
    subscription.waiting !== undefined || isOver(client) || !hasRoom(client, subscription.qos)
  return !subscription.isFull
}

const onClose = (subscription: SessionSubscription, { position, reason }: Closing): void => {
  subscription.position = position
  subscription.place = undefined
  // It took nothing for long, and may go on doing so: only its cursor is kept until it does.
  if (reason === 'stalled' || subscription.isClosed) return
  end(subscription.client, reason === 'revoked' ? REASON.notAuthorized : REASON.specificError)
}

/**
 * Only the newest is worth telling, and events come first. At QoS 0: a lost one is followed by a newer
 * one.
 */
const sendCheckpoint = (subscription: SessionSubscription): void => {
  const { client, wanted, delivered } = subscription
  const { checkpoints, house } = client
  const isLogged = wanted.relative[0] !== 'inventory' // which is counted
  if (!subscription.isCheckpointDue || checkpoints === undefined || !isLogged) return
  if (isOver(client) || !hasRoom(client, 0)) return
  subscription.isCheckpointDue = false
  const cursor = house.cursors.encode(wanted.tenantId, reached(subscription))
  publish(client, checkpointMessage({ filter: wanted.text, cursor, delivered }), {
    ...{ qos: 0, retain: false, dup: false, onDone: () => {} },
    ...(checkpoints.id === undefined ? {} : { subscriptionId: checkpoints.id }),
  })
}

const SINK: Sink<SessionSubscription> = {
  framing: MQTT_FRAMING,
  write: (frame, event, subscription) => write(subscription, frame, event),
  checkpoint: (_checkpoint, subscription) => {
    subscription.isCheckpointDue = true
    if (subscription.isStarted) sendCheckpoint(subscription)
    return true
  },
  heartbeat: () => true,
  lag: () => true,
  cork: () => {},
  uncork: () => {},
  close: (closing, subscription) => onClose(subscription, closing),
}
