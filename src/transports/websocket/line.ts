// A connection's line to its client: what is said on it, and how it is hung up.
import type { Duplex } from 'node:stream'
import { WebSocket } from 'ws'
import type { ProblemError } from '../http/problem.ts'
import { messageFrame } from './framing.ts'
import { createOutbox, type Outbox } from './outbox.ts'
import { type CloseCode, problemOf, type ServerMessage } from './protocol.ts'
import type { Refused } from './refusals.ts'
import type { WebSocketLimits } from './settings.ts'

export type LineOptions = Readonly<{
  ws: WebSocket
  socket: Duplex
  bounds: WebSocketLimits
  random: () => number // in [0, 1)
  /** Once, whoever ends it: `isTold` when the client is still there to be told. */
  onEnd: (options: Readonly<{ isTold: boolean }>) => void
}>

export type Line = Readonly<{
  outbox: Outbox
  send: (message: ServerMessage) => void
  refuse: (refused: Refused) => void
  /** Says goodbye and closes. */
  leave: (code: CloseCode) => void
  /** Says why, and leaves. */
  give: (problem: ProblemError, code: CloseCode) => void
  isEnded: () => boolean
}>

const RETRY_MIN_MS = 1_000
const RETRY_SPREAD_MS = 3_000
const NO_RETRY_FROM = 4_500

export const createLine = ({ ws, socket, bounds, random, onEnd }: LineOptions): Line => {
  const isOpen = () => ws.readyState === WebSocket.OPEN
  const outbox = createOutbox({ socket, isOpen, maxBytes: bounds.bufferedBytes })
  let isEnded = false

  const send = (message: ServerMessage): void => void outbox.write(messageFrame(message))
  const refuse = ({ problem, ...more }: Refused): void =>
    send({ op: 'err', ...more, problem: problemOf(problem) })

  const leave = (code: CloseCode): void => {
    if (isEnded) return
    isEnded = true
    onEnd({ isTold: true })
    const retryAfterMs = RETRY_MIN_MS + Math.floor(random() * RETRY_SPREAD_MS)
    send({ op: 'bye', code, ...(code < NO_RETRY_FROM ? { retryAfterMs } : {}) })
    outbox.end()
    ws.close(code)
    // Nobody may be reading.
    setTimeout(() => ws.terminate(), bounds.closeGraceMs).unref()
  }

  ws.on('error', () => {}) // what it leads to is told by the close
  ws.on('close', () => {
    if (!isEnded) onEnd({ isTold: false })
    isEnded = true
    outbox.end()
  })

  return {
    ...{ outbox, send, refuse, leave },
    give(problem, code) {
      refuse({ problem })
      leave(code)
    },
    isEnded: () => isEnded,
  }
}
