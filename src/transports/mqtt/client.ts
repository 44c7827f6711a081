// All that is kept of one connection and of each of its subscriptions, in flat records: ten thousand
// connections are open for hours and say little. What is done with them are functions that are given
// them (ADR 39); what most of them never need is undefined until it is needed.
import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import type { Application } from '../../application.ts'
import type { Principal } from '../../core/auth.ts'
import type { Clock } from '../../core/clock.ts'
import type { CursorCodec } from '../../core/cursor.ts'
import type { Position } from '../../core/event.ts'
import type { IdGenerator, TenantId } from '../../core/ids.ts'
import type { Logger } from '../../core/logger.ts'
import type { Metrics } from '../../core/metrics.ts'
import type { MqttSessionKey, MqttSessions } from '../../core/mqtt-sessions.ts'
import type { Counter } from '../feed/counter.ts'
import type { ConnectionPlace, Feed, Subscription } from '../feed/types.ts'
import type { MqttLimits } from './limits.ts'
import type { Message } from './messages.ts'
import { NOTHING, type ProtocolVersion } from './packets.ts'
import type { RetainedReader } from './retained.ts'
import type { Roster, Seats } from './roster.ts'
import type { SignIn } from './sign-in.ts'
import type { Stock } from './stock.ts'
import type { StoredSession, StoredSubscription } from './stored-session.ts'
import type { TopicKind } from './topics.ts'
import type { TopicFilter } from './wanted.ts'

/** The server, as its connections see it. */
export type House = Readonly<{
  application: Pick<Application, 'pets' | 'orders' | 'adoptions' | 'readModel'>
  feed: Feed
  cursors: CursorCodec
  retained: RetainedReader
  stock: Stock<Client>
  signIn: SignIn
  sessions: MqttSessions
  roster: Roster<Client>
  limits: MqttLimits
  logger: Logger
  metrics: Metrics
  clock: Clock
  ids: IdGenerator
  clients: Set<Client>
  pending: Counter // of those that are on their way in, by address
}>

/** What TCP and WebSocket do differently. All functions are given the connection. */
export type Wire = Readonly<{
  /** From now on the connection is told what comes. */
  listen: (client: Client) => void
  /** What is written is still sent. */
  isOpen: (client: Client) => boolean
  /** Open, and fewer than `unsentBytes` wait to leave. When there is room again the connection is told. */
  hasRoom: (client: Client) => boolean
  /** Does nothing when it is not open. */
  write: (client: Client, bytes: Buffer) => void
  pause: (client: Client) => void
  resume: (client: Client) => void
  /** When all that was written has left. `reasonCode`: of MQTT 5, where there is one. */
  close: (client: Client, reasonCode: number | undefined) => void
  /** At once. */
  cut: (client: Client) => void
}>

/** What a connection came on. `ws`: on top of the socket, or undefined over TCP and TLS. */
export type Line = Readonly<{ wire: Wire; socket: Duplex; ws: WebSocket | undefined }>

/** Of a session that outlives its connection. */
export type Kept = {
  readonly owner: string
  keepMs: number // after the client has left; 0: it ends with the connection after all
  savedText: string
  savedAtMs: number
}

export type Client = Line & {
  readonly house: House
  readonly address: string
  // What comes in.
  version: ProtocolVersion
  waiting: Buffer
  isBusy: boolean // with a packet: until it is done with, no other is looked at
  isOver: boolean // nothing more comes
  silentMs: number // since its last packet, or since it came, at most: see `watch`
  keepAliveMs: number // 0: it may be silent
  // Where it is: it comes, is let in, ends, and has left.
  isPending: boolean // counted as one that is on its way in
  isIn: boolean
  isEnding: boolean
  isLeaving: boolean // nothing is read any more
  hasLeft: boolean // and its session is stored
  leaving: (() => void)[] | undefined // who waits for that
  // Who it is.
  principal: Principal | null
  clientId: string
  seats: Seats<Client> | undefined // of its principal
  place: ConnectionPlace | undefined // in the feed's count
  method: string | undefined // of enhanced authentication
  username: string | undefined // that a fresh token is used under
  // Its session.
  kept: Kept | undefined
  subscriptions: readonly SessionSubscription[] // most have one: a list is looked through
  checkpoints: StoredSession['checkpoints'] // undefined: they are not told
  stockOf: readonly TenantId[] // is told to it
  turn: Promise<void> | undefined // of snapshots, which are sent one after the other
  // What goes out.
  isFull: boolean // of a WebSocket: more than is held for it has not left
  onRoom: (() => void) | undefined // set while a packet waits for room for its answer
  nextId: number
  mostInFlight: number
  maxPacketBytes: number // that the client takes
  inFlight: Map<number, () => void> | undefined // QoS 1 messages without an acknowledgement, by packet id
  reserved: Set<number> | undefined // ids of an earlier connection that may be in the client's hands still
}

/** An event whose messages wait for room, or under their packet ids for an acknowledgement. */
export type Track = {
  readonly position: Position
  left: number
  ids: Map<TopicKind, number> | undefined
}
type InFlight = StoredSubscription['inFlight'][number]
export type Waiting = Readonly<{ message: Message; track: Track; packetId: number | undefined }>

/** One filter of a session. */
export type SessionSubscription = {
  readonly client: Client
  readonly wanted: TopicFilter
  // How messages are sent.
  qos: 0 | 1
  retainAsPublished: boolean
  id: number | undefined
  // How far it is.
  place: Subscription | undefined // in the feed
  position: Position // where it begins or stood when its place was closed
  delivered: number // events, since the connection began
  isStarted: boolean
  isClosed: boolean
  isFull: boolean // the feed waits for us
  needsSnapshot: boolean
  onRoom: (() => void) | undefined // set while the snapshot waits
  isCheckpointDue: boolean
  // What was taken from the feed and is not finished.
  tracks: Track[] | undefined
  waiting: readonly Waiting[] | undefined // for room; of one event at most
  states: Map<string, Message> | undefined // that wait for room, by topic
  seenUpTo: Position
  sentUpTo: Position // by an earlier connection, which left these in flight
  earlier: readonly InFlight[] // until they have come again
}

export const NO_SUBSCRIPTIONS: readonly SessionSubscription[] = []
export const NO_TENANTS: readonly TenantId[] = []
const LARGEST_PACKET = 268_435_460 // that MQTT knows

export const createClient = (house: House, line: Line, address: string): Client => ({
  house,
  wire: line.wire,
  socket: line.socket,
  ws: line.ws,
  address,
  version: 4,
  waiting: NOTHING,
  isBusy: false,
  isOver: false,
  silentMs: -house.limits.watchIntervalMs,
  keepAliveMs: 0,
  isPending: false,
  isIn: false,
  isEnding: false,
  isLeaving: false,
  hasLeft: false,
  leaving: undefined,
  principal: null,
  clientId: '',
  seats: undefined,
  place: undefined,
  method: undefined,
  username: undefined,
  kept: undefined,
  subscriptions: NO_SUBSCRIPTIONS,
  checkpoints: undefined,
  stockOf: NO_TENANTS,
  turn: undefined,
  isFull: false,
  onRoom: undefined,
  nextId: 1,
  mostInFlight: house.limits.inFlight,
  maxPacketBytes: LARGEST_PACKET,
  inFlight: undefined,
  reserved: undefined,
})

/** Of a client that has a seat. */
export const seatsOf = ({ seats }: Client): Seats<Client> => {
  if (seats === undefined) throw new Error('a client without a seat has no session')
  return seats
}

export const keyOf = (client: Client): MqttSessionKey => {
  const { tenantId, principal } = seatsOf(client)
  return { tenantId, principal, clientId: client.clientId }
}
