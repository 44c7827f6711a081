// The flow of one subscription: attached to the feed, or parked. Parked it costs its cursor and
// nothing else.
import type { Position } from '../../core/event.ts'
import type { CompiledFilter } from '../feed/filter.ts'
import type { CloseReason, Sink, Subscription } from '../feed/types.ts'
import type { Audience } from './audience.ts'
import { framingOf } from './framing.ts'
import type { Line } from './line.ts'
import type { ServerMessage } from './protocol.ts'
import { refusalOf } from './refusals.ts'
import type { Common } from './settings.ts'

export type Channel = {
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

export type FlowOptions = Readonly<{
  common: Common
  line: Line
  /** The feed has ended one: the connection goes with it. */
  onEnded: (reason: CloseReason) => void
}>

export type Flow = Readonly<{
  /** False: the feed has no room for it; it is told so, and forgotten. */
  attach: (channel: Channel) => boolean
  detach: (channel: Channel) => void
  position: (channel: Channel) => Position
  /** How far it is, and how many events that were. */
  place: (channel: Channel) => Readonly<{ cursor: string; n: number }>
}>

export const createFlow = (options: FlowOptions, forget: (channel: Channel) => void): Flow => {
  const { feed, cursors } = options.common
  const { refuse } = options.line

  const detach = (channel: Channel): void => {
    const { subscription } = channel
    if (subscription === undefined) return
    channel.position = subscription.position()
    channel.delivered += subscription.delivered()
    channel.subscription = undefined
    subscription.close('cancelled')
  }

  return {
    attach(channel) {
      const { tenantId, visibility, limitKey } = channel.audience
      const outcome = feed.subscribe({
        ...{ tenantId, visibility, filter: channel.filter, after: channel.position },
        latestOnly: channel.latestOnly,
        ...{ transport: 'websocket', principal: limitKey },
        sink: sinkOf(channel, options, { park: detach, forget }),
      })
      if (outcome.kind === 'subscribed') {
        channel.subscription = outcome.subscription
        return true
      }
      forget(channel)
      const { reason, retryAfterMs } = outcome
      refuse({ ...refusalOf(reason, 'event streams'), id: channel.id, retryAfterMs })
      return false
    },
    detach,
    position: positionOf,
    place: (channel) => ({
      cursor: cursors.encode(channel.audience.tenantId, positionOf(channel)),
      n: channel.delivered + (channel.subscription?.delivered() ?? 0),
    }),
  }
}

const positionOf = ({ subscription, position }: Channel): Position =>
  subscription?.position() ?? position

type Leaving = Readonly<Record<'park' | 'forget', (channel: Channel) => void>>

const sinkOf = (
  channel: Channel,
  { line: { outbox, send }, onEnded }: FlowOptions,
  { park, forget }: Leaving,
): Sink => {
  const { ch } = channel
  let stopWaiting: () => void = () => {}
  const say = (message: ServerMessage): boolean => {
    send(message)
    return !outbox.isFull()
  }
  return {
    framing: framingOf(ch),
    write(frame) {
      const hasRoom = outbox.write(frame)
      channel.credit -= 1
      if (channel.credit > 0) return hasRoom
      park(channel)
      return false
    },
    checkpoint: ({ cursor, delivered }) =>
      say({ op: 'cp', ch, cursor, n: channel.delivered + delivered }),
    heartbeat: () => true, // the connection has pings
    lag: (behindMs) => say({ op: 'lag', ch, behindMs: Math.round(behindMs) }),
    onDrain(resume) {
      stopWaiting = outbox.onDrain(resume)
    },
    cork: () => {}, // the outbox sends what comes in one turn together
    uncork: () => {},
    close({ reason, cursor, delivered }) {
      stopWaiting()
      if (reason === 'cancelled') return
      channel.subscription = undefined
      forget(channel)
      const place = { ch, cursor, n: channel.delivered + delivered }
      if (reason === 'revoked') send({ op: 'revoked', id: channel.id, ...place })
      else send({ op: 'cp', ...place })
      onEnded(reason)
    },
  }
}
