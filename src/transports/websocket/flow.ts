// The flow of one subscription: attached to the feed, or parked. Parked it costs its cursor and
// nothing else.
import type { Position } from '../../core/event.ts'
import type { Sink } from '../feed/types.ts'
import type { Channel } from './client.ts'
import { BARE_FRAMING, framingOf } from './framing.ts'
import { leave, refuse, send } from './line.ts'
import { write } from './outbox.ts'
import type { ServerMessage } from './protocol.ts'
import { CODE_OF, refusalOf } from './refusals.ts'

/** Undefined: it is in the feed; else why the feed has no room for it. */
export const join = (channel: Channel, sink: Sink<Channel>) => {
  const { audience, client, latestOnly, filter } = channel
  const outcome = client.house.common.feed.subscribe({
    tenantId: audience.tenantId,
    visibility: audience.visibility,
    filter,
    after: channel.position,
    latestOnly,
    transport: 'websocket',
    principal: audience.limitKey,
    sink,
    to: channel,
  })
  if (outcome.kind === 'refused') return outcome
  channel.subscription = outcome.subscription
  return undefined
}

/** False: the feed has no room for it; it is told so, and forgotten. */
export const attach = (channel: Channel): boolean => {
  const refused = join(channel, sinkOf(channel.ch))
  if (refused === undefined) return true
  forget(channel)
  const { reason, retryAfterMs } = refused
  const refusal = refusalOf(reason, 'event streams')
  refuse(channel.client, { ...refusal, id: channel.id, retryAfterMs })
  return false
}

export const detach = (channel: Channel): void => {
  const { subscription } = channel
  if (subscription === undefined) return
  channel.position = subscription.position()
  channel.delivered += subscription.delivered()
  channel.subscription = undefined
  subscription.close('cancelled')
}

export const forget = ({ client, id }: Channel): void => {
  client.channels = client.channels.filter((each) => each.id !== id)
}

export const positionOf = ({ subscription, position }: Channel): Position =>
  subscription?.position() ?? position

/** How far it is, and how many events that were. */
export const placeOf = (channel: Channel): Readonly<{ cursor: string; n: number }> => {
  const { client, audience, delivered, subscription } = channel
  const { cursors } = client.house.common
  return {
    cursor: cursors.encode(audience.tenantId, positionOf(channel)),
    n: delivered + (subscription?.delivered() ?? 0),
  }
}

const say = ({ client }: Channel, message: ServerMessage): boolean => {
  send(client, message)
  return !client.isFull
}

/** By name of the channel; there are as many as a connection may have subscriptions. */
const sinks = new Map<string, Sink<Channel>>()

const sinkOf = (ch: string): Sink<Channel> => {
  const known = sinks.get(ch)
  if (known !== undefined) return known
  const sink: Sink<Channel> = { ...SINK, framing: framingOf(ch) }
  sinks.set(ch, sink)
  return sink
}

const SINK: Omit<Sink<Channel>, 'framing'> = {
  write(frame, _event, channel) {
    const hasRoom = write(channel.client, frame)
    channel.credit -= 1
    if (channel.credit > 0) return hasRoom
    detach(channel)
    return false
  },
  checkpoint: ({ cursor, delivered }, channel) =>
    say(channel, { op: 'cp', ch: channel.ch, cursor, n: channel.delivered + delivered }),
  heartbeat: () => true, // the connection has pings
  lag: (behindMs, channel) =>
    say(channel, { op: 'lag', ch: channel.ch, behindMs: Math.round(behindMs) }),
  cork: () => {}, // the outbox sends what comes in one turn together
  uncork: () => {},
  close({ reason, cursor, delivered }, channel) {
    if (reason === 'cancelled') return
    const { client, id, ch } = channel
    channel.subscription = undefined
    forget(channel)
    const place = { ch, cursor, n: channel.delivered + delivered }
    if (reason === 'revoked') send(client, { op: 'revoked', id, ...place })
    else send(client, { op: 'cp', ...place })
    leave(client, CODE_OF[reason]) // the feed has ended one: the connection goes with it
  },
}

/** Events alone: each has its cursor, and how it ends the close code says. */
export const BARE_SINK: Sink<Channel> = {
  framing: BARE_FRAMING,
  write: (frame, _event, { client }) => write(client, frame),
  checkpoint: () => true,
  heartbeat: () => true,
  lag: () => true,
  cork: () => {},
  uncork: () => {},
  close({ reason }, { client }) {
    if (reason !== 'cancelled') leave(client, CODE_OF[reason])
  },
}
