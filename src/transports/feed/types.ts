// The vocabulary between the live engine and its faces (SSE, WebSocket, MQTT, webhooks): what a
// subscriber asks for, what it must offer as a sink, and what it gets back.
import type { Position, StoredEvent } from '../../core/event.ts'
import type { TenantId } from '../../core/ids.ts'
import type { JsonObject } from '../../core/json.ts'
import type { CompiledFilter } from './filter.ts'

/** What a consumer may see. An event's form is made once per class. */
export type Visibility = 'public' | 'staff'

/** What the engine must know of events; given by the registry and the codec. */
export type EventCatalogue = Readonly<{
  /**
   * Lifts to the current version; throws Fault `unknown_event` for what this build does not know.
   */
  decode: (event: StoredEvent) => StoredEvent
  subjectOf: (event: StoredEvent) => string
  /** Undefined: the public may not even know that it happened. */
  publicDataOf: (event: StoredEvent) => JsonObject | undefined
}>

/** An event as a transport's framing sees it. `json` is the CloudEvent on one line. */
export type Rendered = Readonly<{
  json: string
  cursor: string
  subject: string
  event: StoredEvent
}>

/**
 * How a transport writes an event. Frames are shared by name: equal names must give equal bytes.
 */
export type Framing = Readonly<{ name: string; event: (rendered: Rendered) => Buffer }>

/**
 * Everything that matches, up to the cursor, was handed over: `delivered` events in this
 * subscription.
 */
export type Checkpoint = Readonly<{ cursor: string; delivered: number }>

export type CloseReason =
  | 'shutdown' // the process stops; come back at once
  | 'stalled' // the sink took nothing for too long
  | 'lifetime' // the subscription's time is over; come back
  | 'token_expired' // come back with a fresh one
  | 'revoked' // the principal may not be served any more; do not come back
  | 'failed' // the sink threw
  | 'cancelled' // its owner closed it

export type Closing = Checkpoint & Readonly<{ reason: CloseReason; position: Position }>

/**
 * Where a subscription's frames go. A method that answers false has taken the frame, and wants no
 * other before the callback given to `onDrain`, or `drained` of the subscription, was called. No
 * method is called before `subscribe` has returned, and none after `close`. Each is given the
 * request's `to`, so that one sink may serve any number of subscriptions.
 */
export type Sink<To = undefined> = Readonly<{
  framing: Framing
  write: (frame: Buffer, event: StoredEvent, to: To) => boolean
  checkpoint: (checkpoint: Checkpoint, to: To) => boolean
  heartbeat: (to: To) => boolean
  /** It fell behind and is being caught up; called when it takes frames again. */
  lag: (behindMs: number, to: To) => boolean
  onDrain?: (resume: () => void, to: To) => void
  /** Frames between the two belong together: they are best sent in one piece. */
  cork: (to: To) => void
  uncork: (to: To) => void
  close: (closing: Closing, to: To) => void
}>

export type SubscriptionRequest<To = undefined> = Readonly<{
  tenantId: TenantId
  visibility: Visibility
  filter: CompiledFilter
  after: Position
  sink: Sink<To>
  transport: string // a label of metrics
  /** While it is behind, of the events it has missed only the newest of each subject. */
  latestOnly?: boolean
  /**
   * Limits are counted by it: `user:<id>`, `client:<name>`, or `address:<ip>` when nobody is named.
   * When a user is deleted, the engine ends what is open under that user's.
   */
  principal: string
  lifetime?: Readonly<{ ms: number; reason: 'lifetime' | 'token_expired' }>
  /** Of the token: ends the subscription by the clock, also when that is set forth. */
  expiresAtMs?: number
}> &
  (undefined extends To ? Readonly<{ to?: To }> : Readonly<{ to: To }>)

/** For transports whose connections carry several subscriptions, or none. */
export type ConnectionRequest<To = undefined> = Readonly<{
  tenantId: TenantId
  transport: string
  principal: string // as in a subscription's request
  /** Called once with `to`, when the principal may not be served any more. */
  onRevoked?: (to: To) => void
}> &
  (undefined extends To ? Readonly<{ to?: To }> : Readonly<{ to: To }>)

/** The place of a connection, for who made it to give back. */
export type ConnectionPlace = {
  readonly tenantId: TenantId
  readonly principal: string
  readonly transport: string
  readonly onRevoked: ((to: unknown) => void) | undefined
  readonly to: unknown
  isOpen: boolean
}

export type ConnectOutcome =
  | Readonly<{ kind: 'connected'; place: ConnectionPlace }>
  | Readonly<{ kind: 'refused'; reason: RefusalReason; retryAfterMs: number }>

export type Subscription = Readonly<{
  close: (reason: CloseReason) => void
  /** How far the consumer is: everything that matches up to here was handed to the sink. */
  position: () => Position
  delivered: () => number
  state: () => SubscriptionState
  /** Its sink takes frames again: for one that has no `onDrain`. */
  drained: () => void
}>

export type SubscriptionState = 'live' | 'catch-up' | 'closed'

export type SubscribeOutcome =
  | Readonly<{ kind: 'subscribed'; subscription: Subscription }>
  | Readonly<{ kind: 'refused'; reason: RefusalReason; retryAfterMs: number }>

export type RefusalReason =
  'principal_limit' | 'tenant_limit' | 'total_limit' | 'stopped' | 'revoked' // of a user who was deleted

export type PageRequest = Readonly<{
  tenantId: TenantId
  principal: string // as of a subscription: a deleted user is given no page
  visibility: Visibility
  filter: CompiledFilter
  after: Position
  limit: number
}>

/**
 * `full`: as many items as asked for; such a page is the same for ever. `upToDate`: the log's end
 * was reached.
 */
export type FeedPage = Readonly<{
  items: readonly string[] // CloudEvents as JSON text
  next: Position
  full: boolean
  upToDate: boolean
}>

export type PageOutcome =
  | Readonly<{ kind: 'page'; page: FeedPage }>
  | Readonly<{ kind: 'overloaded'; retryAfterMs: number }> // too many reads of the log are waiting
  | Readonly<{ kind: 'revoked' }> // the user was deleted

/** What the engine holds and has done, for tests, health and `status`. */
export type FeedStats = Readonly<{
  live: number
  catchUp: number
  ringEvents: number
  ringBytes: number
  readsInFlight: number
  evaluations: number // subscriptions looked at for an event, since start
  storeReads: number
  traitReads: number // of the streams of pets, for filters by shelter and species
  traitPets: number // remembered
  connections: number
}>

/**
 * Guaranteed:
 * - a subscription gets every event of its tenant after its position that its filter and class
 *   admit, in log order, with no hole and no duplicate, through any number of demotions;
 * - one of the newest only gets, of each subject, the newest of those; what it is not given has been
 *   followed, or will be, by a newer one of the same subject;
 * - a slow sink costs its cursor and what the sink itself buffers, and delays nobody;
 * - live and replayed events go through the same filter, the same visibility and the same bytes;
 * - nothing is handed over after the token's expiry, nor after the deletion of the user was seen in
 *   the log, wherever the subscription itself had got to.
 *
 * Not guaranteed: that what a sink took was received. A consumer that reconnects from its last
 * cursor may see an event twice and knows it by its id.
 */
export type Feed = Readonly<{
  start: () => Promise<void>
  /** Says goodbye to every sink, then stops reading the log. */
  stop: () => Promise<void>
  subscribe: <To = undefined>(request: SubscriptionRequest<To>) => SubscribeOutcome
  /** Counts a connection against the limits; to be disconnected by who made it. */
  connect: <To = undefined>(request: ConnectionRequest<To>) => ConnectOutcome
  /** Once or more. */
  disconnect: (place: ConnectionPlace) => void
  readPage: (request: PageRequest) => Promise<PageOutcome>
  /** The deletion of this user was seen in the log. */
  isBarred: (whom: Readonly<{ tenantId: string; principal: string }>) => boolean
  /** The newest position this process has seen: what `now` means. */
  head: () => Position
  stats: () => FeedStats
}>
