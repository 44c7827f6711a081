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
  /** Nothing is said on it but events. */
  isBare: boolean
  /**
   * Once, whoever ends it: `isTold` when the client is still there to be told. Answers up to which
   * cursor everything was sent, in all of its subscriptions.
   */
  onEnd: (options: Readonly<{ isTold: boolean }>) => string | undefined
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

export const createLine = (options: LineOptions): Line => {
  const { ws, socket, bounds, random, isBare, onEnd } = options
  const isOpen = () => ws.readyState === WebSocket.OPEN
  const outbox = createOutbox({ socket, isOpen, maxBytes: bounds.bufferedBytes })
  let isEnded = false

  const send = (message: ServerMessage): void => {
    if (!isBare) outbox.write(messageFrame(message))
  }
  const refuse = ({ problem, ...more }: Refused): void =>
    send({ op: 'err', ...more, problem: problemOf(problem) })

  const leave = (code: CloseCode): void => {
    if (isEnded) return
    isEnded = true
    const cursor = onEnd({ isTold: true })
    const retryAfterMs = RETRY_MIN_MS + Math.floor(random() * RETRY_SPREAD_MS)
    const again = code < NO_RETRY_FROM ? { retryAfterMs } : {}
    send({ op: 'bye', code, ...again, ...(cursor === undefined ? {} : { cursor }) })
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
    outbox,
    send,
    refuse,
    leave,
    give(problem, code) {
      refuse({ problem })
      leave(code)
    },
    isEnded: () => isEnded,
  }
}
