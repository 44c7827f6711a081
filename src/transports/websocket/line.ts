// A connection's line to its client: what is said on it, and how it is hung up.
import type { ProblemError } from '../http/problem.ts'
import type { Client } from './client.ts'
import { messageFrame } from './framing.ts'
import { silence, write } from './outbox.ts'
import { type CloseCode, problemOf, type ServerMessage } from './protocol.ts'
import type { Refused } from './refusals.ts'

const RETRY_MIN_MS = 1_000
const RETRY_SPREAD_MS = 3_000
const NO_RETRY_FROM = 4_500

export const send = (client: Client, message: ServerMessage): void => {
  if (!client.speech.isBare) write(client, messageFrame(message))
}

export const refuse = (client: Client, { problem, ...more }: Refused): void =>
  send(client, { op: 'err', ...more, problem: problemOf(problem) })

/** Tells each subscription its place, says goodbye and closes. */
export const leave = (client: Client, code: CloseCode): void => {
  if (client.isEnded) return
  client.isEnded = true
  const { ws, speech, house } = client
  const { bounds, random } = house.common
  const cursor = speech.end(client, true)
  const retryAfterMs = RETRY_MIN_MS + Math.floor(random() * RETRY_SPREAD_MS)
  const again = code < NO_RETRY_FROM ? { retryAfterMs } : {}
  send(client, { op: 'bye', code, ...again, ...(cursor === undefined ? {} : { cursor }) })
  silence(client)
  ws.close(code)
  // Nobody may be reading.
  setTimeout(() => ws.terminate(), bounds.closeGraceMs).unref()
}

/** Says why, and leaves. */
export const give = (client: Client, problem: ProblemError, code: CloseCode): void => {
  refuse(client, { problem })
  leave(client, code)
}

/** The client has gone, or was cut off. */
export const hangUp = (client: Client): void => {
  if (!client.isEnded) client.speech.end(client, false)
  client.isEnded = true
  silence(client)
}
