// One filter of a session: a subscription of the feed with a cursor of its own. The cursor moves
// when messages are acknowledged, so that what was not is found in the log again.
import type { CursorCodec } from '../../core/cursor.ts'
import type { Position, StoredEvent } from '../../core/event.ts'
import type { Logger } from '../../core/logger.ts'
import type { Closing, Feed, RefusalReason, Sink, Subscription } from '../feed/types.ts'
import type { Access } from './access.ts'
import { createDeliveries, type Deliveries } from './deliveries.ts'
import { type FilterCheckpoint, type Message, messagesOfFrame, MQTT_FRAMING } from './messages.ts'
import type { Outlet } from './outlet.ts'
import { REASON } from './packets.ts'
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
  /** Says on the topic of checkpoints how far it is, as soon as there is room. */
  tellCheckpoint: () => void
  queuedBytes: () => number
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
  /** Undefined: the client has not asked for them. */
  checkpointTo: () => ((checkpoint: FilterCheckpoint) => void) | undefined
  /** Snapshots of one session are read one after the other: the client takes no more anyway. */
  inTurn: (work: () => Promise<void>) => Promise<void>
  /** Ends the connection: nothing more may be sent, or it could not be found in the log again. */
  end: (reasonCode: number) => void
}>

type State = {
  readonly options: SubscriptionOptions
  readonly deliveries: Deliveries
  waitingStates: Map<string, Message> | undefined // made when it is wanted
  flow: Flow
  place: Subscription | undefined
  position: Position
  delivered: number // events, since the connection began
  checkpoint: FilterCheckpoint | undefined // waits for room; a newer one takes its place
  isClosed: boolean
  isStarted: boolean
  needsSnapshot: boolean
  isFull: boolean // the feed waits for us
  onRoom: (() => void) | undefined // set while the snapshot waits
}

export const createSubscription = (options: SubscriptionOptions): SessionSubscription => {
  const { wanted, stored, cursors } = options
  const state = stateOf(options)
  const pump = () => pumpAll(state)

  return {
    wanted,
    open: () => openPlace(state),
    start() {
      state.isStarted = true
      noteCheckpoint(state, cursors.encode(wanted.tenantId, state.position))
      if (state.needsSnapshot) startSnapshot(state, pump)
      else pump()
    },
    renew(next, isSnapshotWanted) {
      state.flow = next
      if (!isSnapshotWanted || state.needsSnapshot) return
      state.needsSnapshot = true
      startSnapshot(state, pump)
    },
    pump,
    tellCheckpoint() {
      // Of what waits still, nothing is said before it was sent.
      if (!state.deliveries.isWaiting() && !state.needsSnapshot) {
        noteCheckpoint(state, cursors.encode(wanted.tenantId, reachedPosition(state)))
      }
      pump()
    },
    queuedBytes: () => {
      const states = [...(state.waitingStates?.values() ?? [])]
      const waiting = states.reduce((sum, { payload }) => sum + payload.length, 0)
      return state.deliveries.queuedBytes() + waiting
    },
    offerState(message) {
      if (state.isClosed || !wantsStock(wanted.relative)) return
      if (!matchesTopic(wanted.relative, message.relative) || !mayReceive(state, message)) return
      state.waitingStates ??= new Map()
      state.waitingStates.set(message.topic, message)
      pump()
    },
    stored: () => ({
      ...stored,
      ...state.flow,
      ...state.deliveries.state(),
      cursor: cursors.encode(wanted.tenantId, cursorPosition(state)),
      needsSnapshot: state.needsSnapshot,
    }),
    close() {
      state.isClosed = true
      state.place?.close('cancelled')
      state.onRoom?.()
    },
  }
}

const stateOf = (options: SubscriptionOptions): State => {
  const { stored, outlet, position } = options
  const state: State = {
    options,
    deliveries: createDeliveries({ stored, outlet, flow: () => state.flow }),
    waitingStates: undefined,
    flow: stored,
    delivered: 0,
    checkpoint: undefined,
    place: undefined,
    position,
    isClosed: false,
    isStarted: false,
    needsSnapshot: stored.needsSnapshot,
    isFull: false,
    onRoom: undefined,
  }
  return state
}

const mayReceive = ({ options }: State, message: Message): boolean =>
  options.access.mayReceive(options.wanted.tenantId, message.levels)

const hasRoom = ({ options, flow }: State): boolean =>
  !options.access.isOver() && options.outlet.hasRoom(flow.qos)

const sendState = ({ options, flow }: State, message: Message, retain: boolean): void => {
  const { qos, id } = flow
  const common = { qos, dup: false, retain, onDone: () => {} }
  options.outlet.publish(message, { ...common, ...(id !== undefined && { subscriptionId: id }) })
}

const write = (state: State, frame: Buffer, event: StoredEvent): boolean => {
  const { options, deliveries } = state
  const wanted = messagesOfFrame(frame).filter((message) =>
    matchesTopic(options.wanted.relative, message.relative),
  )
  if (options.access.isOver()) {
    // Taken and never sent: whoever comes back with a fresh token finds it after the cursor.
    deliveries.take(event.position, wanted)
    options.end(REASON.notAuthorized)
    return false
  }
  const messages = wanted.filter((message) => mayReceive(state, message))
  if (deliveries.take(event.position, messages)) state.delivered += 1
  const isHeld = !state.isStarted || state.needsSnapshot
  if (!isHeld) deliveries.send()
  state.isFull = deliveries.isWaiting() || !hasRoom(state)
  return !state.isFull
}

const onClose = (state: State, { position: reached, reason }: Closing): void => {
  state.position = reached
  state.place = undefined
  // It took nothing for long, and may go on doing so: only its cursor is kept until it does.
  if (reason === 'stalled' || state.isClosed) return
  state.options.end(reason === 'revoked' ? REASON.notAuthorized : REASON.specificError)
}

const noteCheckpoint = (state: State, cursor: string): void => {
  const { stored, wanted } = state.options
  if (wanted.relative[0] === 'inventory') return // counted, not logged
  state.checkpoint = { filter: stored.filter, cursor, delivered: state.delivered }
}

/** Only the newest is worth telling, and events come first. */
const sendCheckpoint = (state: State): void => {
  const { checkpoint, options } = state
  const tell = options.checkpointTo()
  if (checkpoint === undefined || tell === undefined) return
  if (options.access.isOver() || !options.outlet.hasRoom(0)) return
  state.checkpoint = undefined
  tell(checkpoint)
}

const SINK: Sink<State> = {
  framing: MQTT_FRAMING,
  write: (frame, event, state) => write(state, frame, event),
  checkpoint: ({ cursor }, state) => {
    noteCheckpoint(state, cursor)
    if (state.isStarted) sendCheckpoint(state)
    return true
  },
  heartbeat: () => true,
  lag: () => true,
  cork: () => {},
  uncork: () => {},
  close: (closing, state) => onClose(state, closing),
}

const openPlace = (state: State): RefusalReason | undefined => {
  const { wanted, access, feed, principal } = state.options
  const { tenantId, relative } = wanted
  if (relative[0] === 'inventory') return undefined
  const outcome = feed.subscribe({
    ...{ tenantId, after: state.position, transport: 'mqtt', principal },
    visibility: access.visibilityOf(tenantId),
    filter: feedFilterOf(relative),
    sink: SINK,
    to: state,
  })
  if (outcome.kind === 'refused') return outcome.reason
  state.place = outcome.subscription
  return undefined
}

const pumpAll = (state: State): void => {
  if (state.isClosed || !state.isStarted || state.options.access.isOver()) return
  const { deliveries, waitingStates } = state
  const wake = state.onRoom
  if (state.needsSnapshot) {
    if (!hasRoom(state)) return
    state.onRoom = undefined
    wake?.()
    return
  }
  deliveries.send()
  for (const [topic, message] of waitingStates ?? []) {
    if (!hasRoom(state)) return
    waitingStates?.delete(topic)
    sendState(state, message, state.flow.retainAsPublished)
  }
  if (!deliveries.isWaiting()) sendCheckpoint(state)
  if (deliveries.isWaiting() || !hasRoom(state) || !state.isFull) return
  state.isFull = false
  if (state.place !== undefined) state.place.drained()
  else if (openPlace(state) !== undefined) state.options.end(REASON.specificError)
}

const room = (state: State): Promise<void> =>
  hasRoom(state) ? Promise.resolve() : new Promise((resolve) => (state.onRoom = resolve))

const sendSnapshot = async (state: State, pump: () => void): Promise<void> => {
  const { wanted, shows, retained } = state.options
  // An older state must not follow a newer one that was already told.
  await shows(state.place?.position() ?? state.position)
  const isSeen = (message: Message) => mayReceive(state, message)
  for await (const message of retained(wanted.tenantId, wanted.relative, isSeen)) {
    while (!isDone(state) && !hasRoom(state)) await room(state)
    if (isDone(state)) return
    sendState(state, message, true)
  }
  if (isDone(state)) return
  state.needsSnapshot = false
  pump()
}

/** A snapshot that was not sent to its end is sent anew to whoever comes back. */
const isDone = ({ isClosed, options }: State): boolean => isClosed || options.access.isOver()

const startSnapshot = (state: State, pump: () => void): void => {
  const { logger, end, inTurn } = state.options
  inTurn(() => sendSnapshot(state, pump)).catch((cause: unknown) => {
    logger.error({ cause }, 'the retained state of a subscription could not be read')
    end(REASON.specificError)
  })
}

const reachedPosition = ({ place, position }: State): Position => place?.position() ?? position

const cursorPosition = (state: State): Position =>
  state.deliveries.acknowledged() ?? reachedPosition(state)
