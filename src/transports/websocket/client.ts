// All that is kept of one connection, in one flat record: twenty thousand of them are open for hours
// and say little. What is done with it are functions that are given it (ADR 39).
import type { Duplex } from 'node:stream'
import type { RawData, WebSocket } from 'ws'
import type { Position } from '../../core/event.ts'
import type { CompiledFilter } from '../feed/filter.ts'
import type { ConnectionPlace, ConnectOutcome, Subscription } from '../feed/types.ts'
import type { Audience } from './audience.ts'
import type { Common } from './settings.ts'

/** What is spoken on a connection. */
export type Speech = Readonly<{
  /** Nothing is said on it but events. */
  isBare: boolean
  hear: (client: Client, data: RawData, isBinary: boolean) => void
  /**
   * Once, whoever ends it: `isTold` when the client is still there to be told. Answers up to which
   * cursor everything was sent, in all of its subscriptions.
   */
  end: (client: Client, isTold: boolean) => string | undefined
  /** Looks at deadlines. */
  watch: (client: Client) => void
}>

/** The server, as its connections see it. */
export type House = Readonly<{
  common: Common
  clients: Set<Client>
  pending: Readonly<{ add: (address: string, by: number) => void }>
}>

/** One subscription of a connection. */
export type Channel = {
  readonly client: Client
  readonly id: number
  readonly ch: string
  readonly audience: Audience
  readonly filter: CompiledFilter
  readonly latestOnly: boolean
  credit: number
  position: Position // where it stood when it was parked
  delivered: number // before the subscription that it has now
  subscription: Subscription | undefined // undefined: parked
}

export type Client = {
  readonly house: House
  readonly speech: Speech
  readonly ws: WebSocket
  readonly socket: Duplex
  readonly address: string
  readonly conn: string
  audience: Audience | undefined // undefined: it has not said who it is
  place: ConnectionPlace | undefined // in the feed's count
  channels: readonly Channel[] // most have one: a list is looked through
  isSettled: boolean // it is known who is there: it waits no more, or it has closed before
  hasNoticed: boolean // that its token ends soon
  isEnded: boolean
  // What leaves it.
  waiting: Buffer[] | undefined
  waitingBytes: number
  isScheduled: boolean
  isFull: boolean
  isSilent: boolean // nothing is written any more
  // What comes in: while a token is checked, messages that follow wait.
  queued: string[] | undefined
  isBusy: boolean
  messages: number // in this window
  // Time, as it is counted by sweeps.
  ageMs: number
  windowMs: number
  sincePingMs: number
  missedPings: number
}

export type ClientParts = Pick<Client, 'house' | 'speech' | 'ws' | 'socket' | 'address' | 'conn'>

export const NO_CHANNELS: readonly Channel[] = []

export const createClient = (parts: ClientParts): Client => ({
  house: parts.house,
  speech: parts.speech,
  ws: parts.ws,
  socket: parts.socket,
  address: parts.address,
  conn: parts.conn,
  audience: undefined,
  place: undefined,
  channels: NO_CHANNELS,
  isSettled: false,
  hasNoticed: false,
  isEnded: false,
  waiting: undefined,
  waitingBytes: 0,
  isScheduled: false,
  isFull: false,
  isSilent: false,
  queued: undefined,
  isBusy: false,
  messages: 0,
  ageMs: 0,
  windowMs: 0,
  sincePingMs: 0,
  missedPings: 0,
})

/** It waits no more. */
export const settle = (client: Client): void => {
  if (!client.isSettled) client.house.pending.add(client.address, -1)
  client.isSettled = true
}

/** Counts it against the feed's limits, and has it ended when its user is deleted. */
export const enlist = (
  client: Client,
  { tenantId, limitKey }: Audience,
  onRevoked: (client: Client) => void,
): ConnectOutcome => {
  const outcome = client.house.common.feed.connect({
    tenantId,
    principal: limitKey,
    transport: 'websocket',
    onRevoked,
    to: client,
  })
  if (outcome.kind === 'connected') client.place = outcome.place
  return outcome
}

/** Gives its place in the feed's count back. */
export const vacate = ({ place, house }: Client): void => {
  if (place !== undefined) house.common.feed.disconnect(place)
}
