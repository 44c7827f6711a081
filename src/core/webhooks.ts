// The ports between webhook endpoints and what delivers to them. An endpoint is a cursor: what is owed
// to it is what the log has after its position, and a row is kept only for a stream whose event
// failed, and for an event that was given up.
import type { Position, Version } from './event.ts'
import type { TenantId } from './ids.ts'
import type { OutboundTimes } from './outbound.ts'

export const MAX_ENDPOINTS_PER_TENANT = 50
export const MAX_ATTEMPTS_KEPT = 500 // per endpoint, in its log
export const MAX_IN_FLIGHT = 50 // calls to one endpoint at once
export const DEFAULT_IN_FLIGHT = 8
export const MAX_ANSWER_KEPT = 4_096 // characters
export const MAX_OPEN_REPLAYS = 10 // per endpoint

export type WebhookFormat = 'cloudevents' | 'petstore'
export type WebhookMode = 'parallel' | 'strict'

/** What the log says of an endpoint, as far as delivery needs it. */
export type EndpointFacts = Readonly<{
  tenantId: TenantId
  id: string
  version: Version // of the endpoint's stream
  url: string
  events: readonly string[]
  format: WebhookFormat
  mode: WebhookMode
  visibility: 'public' | 'staff'
  subjects: readonly string[] | null
  maxInFlight: number
  asymmetric: boolean // signed by a key pair too
  keeper: string | null // the user who said where it goes, when it was one
  isActive: boolean
  secrets: readonly Readonly<{ id: string; expiresAt: string | null }>[]
  start: Readonly<{ number: number; after: Position }>
}>

/** How the receiver has been doing; times are epoch milliseconds. */
export type Health = Readonly<{
  windowStartedAtMs: number
  attempts: number // in the window
  failures: number // in the window
  openUntilMs: number | null // calls are held back until then, but for one probe
  openForMs: number // how long it was held back the last time; 0 after a success
  failingSinceMs: number | null // of the first failure since the last success
  lastSuccessAtMs: number | null
}>

export const GOOD_HEALTH: Health = {
  windowStartedAtMs: 0,
  attempts: 0,
  failures: 0,
  openUntilMs: null,
  openForMs: 0,
  failingSinceMs: null,
  lastSuccessAtMs: null,
}

/**
 * A stream whose event at `version` failed and is tried again. Its later events wait behind it: up to the endpoint's
 * position they are this row's to send.
 */
export type Blocked = Readonly<{
  category: string
  streamId: string
  version: Version
  position: Position
  attempts: number
  dueAtMs: number
}>

export type DeadLetter = Readonly<{
  eventId: string
  type: string
  subject: string
  position: Position
  attempts: number
  cause: string
  diedAt: string
}>

/** Events of a part of the log that are sent once more, one after another. */
export type Replay = Readonly<{
  id: string
  after: Position // how far it is
  upTo: Position
  attempts: number // at the event that comes next
  dueAtMs: number // when that is tried
  types: readonly string[] | null // narrows the endpoint's own filter
  subjects: readonly string[] | null
}>

export type Attempt = Readonly<{
  eventId: string
  type: string
  subject: string
  position: Position | null // null: a test, which is in no log
  attempt: number
  at: string
  outcome: 'delivered' | 'failed' | 'dead' | 'refused'
  detail: string // of what did not go well
  status: number | null
  durationMs: number
  times: OutboundTimes
  answer: string
  secretIds: readonly string[]
  nextAttemptAt: string | null
}>
export type LoggedAttempt = Attempt & Readonly<{ id: number }>

export type Endpoint = EndpointFacts & Readonly<{ position: Position; health: Health }>
export type LeasedEndpoint = Endpoint &
  Readonly<{ fence: number; blocked: readonly Blocked[]; replays: readonly Replay[] }>

/** What came of a while of work, stored as one. */
export type Progress = Readonly<{
  position: Position
  health: Health
  block: readonly Blocked[] // new, or changed
  unblock: readonly Pick<Blocked, 'category' | 'streamId'>[]
  bury: readonly DeadLetter[]
  replay?: Replay // as far as it is now; `after` at `upTo` ends it
  attempts: readonly Attempt[] // to be logged
  arrived: readonly Position[] // what was delivered since the last time
}>

export type AttemptPage = Readonly<{
  before: number | undefined // the id of an attempt: older ones only
  skip?: number
  limit: number
  eventId?: string | undefined
}>

export type EndpointStanding = Readonly<{
  position: Position
  health: Health
  blocked: number
  deadLetters: number
  replays: readonly Replay[]
}>

/**
 * Guaranteed: of many who ask for an endpoint one gets it, until the lease ends or is given back; who was replaced
 * stores nothing any more (Fault `fenced`); `commit` stores all of its progress or nothing.
 */
export interface WebhookStore {
  /** Brings the row in line with the log. An older version changes nothing; a new start begins anew. */
  sync(facts: EndpointFacts, nowMs: number): Promise<void>
  remove(tenantId: TenantId, id: string): Promise<void>
  ids(tenantId: TenantId): Promise<readonly string[]> // oldest first
  endpoints(tenantId: TenantId): Promise<readonly Endpoint[]>
  /** Of active endpoints that were to be worked before the time, of any tenant. */
  overdue(beforeMs: number, limit: number): Promise<readonly Pick<Endpoint, 'tenantId' | 'id'>[]>
  /** Active endpoints of all tenants, page by page. */
  active(
    after: Pick<Endpoint, 'tenantId' | 'id'> | undefined,
    limit: number,
  ): Promise<readonly Pick<Endpoint, 'tenantId' | 'id'>[]>
  standing(tenantId: TenantId, id: string): Promise<EndpointStanding | undefined>

  acquire(
    tenantId: TenantId,
    id: string,
    lease: Readonly<{ owner: string; leaseMs: number }>,
  ): Promise<LeasedEndpoint | 'busy' | undefined>
  renew(endpoint: LeasedEndpoint, leaseMs: number): Promise<void>
  /** Answers whether the endpoint is still what it was when it was leased. */
  commit(endpoint: LeasedEndpoint, progress: Progress): Promise<boolean>
  /** `dueAtMs`: when it is to be worked next; null: not before something happens. */
  release(endpoint: LeasedEndpoint, dueAtMs: number | null): Promise<void>

  logAttempt(tenantId: TenantId, id: string, attempt: Attempt): Promise<void>
  /** The newest first. */
  attempts(tenantId: TenantId, id: string, page: AttemptPage): Promise<readonly LoggedAttempt[]>
  countAttempts(tenantId: TenantId, id: string, eventId?: string): Promise<number>
  deadLetters(tenantId: TenantId, id: string, limit: number): Promise<readonly DeadLetter[]>
  /** False: the endpoint has as many replays under way as it may have. */
  addReplay(tenantId: TenantId, id: string, replay: Replay): Promise<boolean>
  /** Where an event of an attempt or a dead letter is in the log. */
  positionOf(tenantId: TenantId, id: string, eventId: string): Promise<Position | undefined>

  /** Changes nothing when there is one of this id. */
  putSecret(tenantId: TenantId, id: string, secret: StoredSecret): Promise<void>
  secrets(tenantId: TenantId, id: string): Promise<readonly StoredSecret[]>
  /** Seals those that were stored before secrets were sealed; answers how many those were. */
  sealSecrets(): Promise<number>
  dropSecret(tenantId: TenantId, id: string, secretId: string): Promise<void>

  /** How far the log was searched for changes of endpoints; the given position when nobody has yet. */
  startSearch(head: Position): Promise<Position>
  advanceSearch(position: Position): Promise<void>
}

export type StoredSecret = Readonly<{ id: string; secret: string }>

/** Beside each secret lies the private key of a pair, which is never shown. Both sign and expire together. */
export const keyIdOf = (secretId: string): string => `${secretId}.ed25519`

/** A public key as receivers read it (RFC 8037); `kid` is the id of the secret beside it. */
export type PublicKey = Readonly<{
  kty: 'OKP'
  crv: 'Ed25519'
  x: string
  kid: string
  use: 'sig'
  alg: 'EdDSA'
}>

/** What a test or a resent event came to. */
export type TryResult = Readonly<{
  isDelivered: boolean
  status: number | null
  detail: string
  durationMs: number
  times: OutboundTimes
  answer: string
}>

export type ReplayRequest = Readonly<{
  what:
    | Readonly<{ kind: 'event'; eventId: string }>
    | Readonly<{ kind: 'range'; after: Position; upTo: Position }>
    | Readonly<{ kind: 'time'; from: string; to: string | undefined }>
  types: readonly string[] | null
  subjects: readonly string[] | null
  isDryRun: boolean
}>

export type ReplayOutcome =
  /** `isWhole` false: there are more than were counted. */
  | Readonly<{ kind: 'counted'; events: number; isWhole: boolean }>
  | Readonly<{ kind: 'started'; events: number; isWhole: boolean; replayId: string }>
  | Readonly<{ kind: 'unknown_event' | 'too_many' | 'bad_types' | 'bad_subjects' }>

/** What the routes ask of the engine. Undefined: there is no such endpoint. */
export interface WebhookDeliveries {
  test(tenantId: TenantId, id: string): Promise<TryResult | undefined>
  replay(tenantId: TenantId, id: string, request: ReplayRequest): Promise<ReplayOutcome | undefined>
  /** Of those that sign now, the newest first; undefined as well when the endpoint has none. */
  publicKeys(tenantId: TenantId, id: string): Promise<readonly PublicKey[] | undefined>
}

/** Other names of events that the documents of this API use, by the name that they have here. */
const ALIASES: Readonly<Record<string, string>> = {
  'order.statusChanged': 'order.status_changed',
  orderStatusChanged: 'order.status_changed',
  paymentSucceeded: 'payment.succeeded',
  petAdopted: 'pet.adopted',
}

export const canonicalEventName = (name: string): string => ALIASES[name] ?? name
