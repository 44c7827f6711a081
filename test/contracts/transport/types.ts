// What every transport of events offers to the common suite: a stage with a log and a server on it,
// and connections that hand out events. A stage is made new for each case.
import type { Principal } from '../../../src/core/auth.ts'
import type { CursorCodec } from '../../../src/core/cursor.ts'
import type { EventStore } from '../../../src/core/event-store.ts'
import type { TenantId } from '../../../src/core/ids.ts'
import type { FeedFilter } from '../../../src/transports/feed/filter.ts'

export type Delivered = Readonly<{
  id: string
  cursor: string
  type: string
  subject: string
  data: unknown
}>

export type Connection = Readonly<{
  /** Ends when the connection has ended, whoever ended it. */
  events: AsyncIterable<Delivered>
  /** The newest one that the server has told, when it tells any. */
  checkpoint: () => Readonly<{ cursor: string; delivered: number }> | undefined
  /** From now on nothing is read. */
  freeze: () => void
  /** Cuts the connection, without goodbye. */
  drop: () => void
  close: () => void | Promise<void>
}>

export type Wanted = Readonly<{
  token?: string // the name of a principal of the stage; the public without it
  tenant?: TenantId // the shared pool without it
  filter?: FeedFilter
  after?: string // now, without it
}>

export type Stage = Readonly<{
  store: EventStore
  cursors: CursorCodec
  /** Who is known, by token. A token that is over is good for nothing. */
  principals: Map<string, Principal>
  now: () => number
  /** Lets time go by. */
  pass: (ms: number) => void
  /** Rejects when the transport refuses. */
  connect: (wanted: Wanted) => Promise<Connection>
  /** Bytes that the server's side holds for each of its connections, where that can be told. */
  buffered?: () => readonly number[]
}>

export type TransportFeatures = Readonly<{
  /** Checkpoints say how many events were sent; off: there are none. */
  countsDeliveries: boolean
  /** A cursor of an earlier log is refused, or the consumer is told of a gap and goes on from now. */
  earlierLog: 'refused' | 'goes-on-from-now'
  /** A connection is the tenant's: it ends with the account of who made it, not with the token. */
  outlivesToken?: true
  /** The stage tells what is buffered: a consumer that reads nothing is shown to cost little. */
  tellsBuffered?: boolean
  /** What a user holds open ends with the user, and is not opened again. */
  endsWithUser?: boolean
  /** Of the case with random breaks: fewer, where each event is a request of its own. */
  randomEvents?: number
}>

/** A case rejects when the transport breaks the promise in its title. */
export type Case = readonly [
  title: string,
  run: (stage: Stage, features: TransportFeatures) => Promise<void>,
  /** For transports that have this; for all, without it. */
  needs?: 'tellsBuffered' | 'endsWithUser',
]
