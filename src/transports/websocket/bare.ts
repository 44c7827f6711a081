// The sub-protocol `cloudevents.json`: one subscription a connection, asked for in the request that opens
// it, and nothing but CloudEvents on it. What makes no sense is refused before the upgrade, in HTTP; how it
// ends, the close code says. Who comes back gives the `cursor` of the last event it got.
import type { CloseReason, RefusalReason, Sink } from '../feed/types.ts'
import type { BareRequest } from './bare-request.ts'
import type { Connection, ConnectionOptions } from './connection.ts'
import { BARE_FRAMING } from './framing.ts'
import { createLine, type Line } from './line.ts'
import { CLOSE, type CloseCode } from './protocol.ts'
import { createPulse } from './pulse.ts'
import { CODE_OF } from './refusals.ts'

export const createBareConnection = (
  { audience, filter, position }: BareRequest,
  options: ConnectionOptions,
): Connection => {
  const { common, ws, socket } = options
  const { feed, bounds, clock, random } = common
  const { tenantId, visibility, limitKey, expiresAtMs } = audience
  let end: () => undefined = () => undefined
  const line = createLine({ ws, socket, bounds, random, isBare: true, onEnd: () => end() })
  const pulse = createPulse(ws, bounds)
  const base = { tenantId, transport: 'websocket', principal: limitKey } as const
  ws.on('message', () => line.leave(CLOSE.malformed)) // nothing is said to the server
  ws.on('pong', pulse.felt)
  ws.on('close', () => options.onClosed())
  const connected = feed.connect({ ...base, onRevoked: () => line.leave(CLOSE.forbidden) })
  if (connected.kind === 'refused') line.leave(REFUSED[connected.reason])
  else {
    const outcome = feed.subscribe({
      ...{ ...base, visibility, filter, after: position, expiresAtMs },
      sink: bareSink(line, (reason) => line.leave(CODE_OF[reason])),
    })
    end = () => {
      if (outcome.kind === 'subscribed') outcome.subscription.close('cancelled')
      connected.disconnect()
      return undefined
    }
    if (outcome.kind === 'refused') line.leave(REFUSED[outcome.reason])
  }
  options.onSettled()
  return {
    sweep() {
      if (line.isEnded()) return
      if (expiresAtMs <= clock()) line.leave(CLOSE.tokenExpired)
      else pulse.sweep()
    },
    leave: line.leave,
    cut: () => ws.terminate(),
  }
}

const REFUSED: Readonly<Record<RefusalReason, CloseCode>> = {
  principal_limit: CLOSE.limit,
  tenant_limit: CLOSE.limit,
  total_limit: CLOSE.unavailable,
  stopped: CLOSE.drain,
  revoked: CLOSE.forbidden,
}

const bareSink = ({ outbox }: Line, onEnded: (reason: CloseReason) => void): Sink => {
  let stopWaiting: () => void = () => {}
  return {
    framing: BARE_FRAMING,
    write: outbox.write,
    checkpoint: () => true, // events alone: each has its cursor
    heartbeat: () => true, // the connection has pings
    lag: () => true,
    onDrain(resume) {
      stopWaiting = outbox.onDrain(resume)
    },
    cork: () => {}, // the outbox sends what comes in one turn together
    uncork: () => {},
    close({ reason }) {
      stopWaiting()
      if (reason !== 'cancelled') onEnded(reason)
    },
  }
}
