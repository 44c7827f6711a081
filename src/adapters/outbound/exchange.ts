// One request and its answer over a connection that is given.
import type { OutboundFailure, OutboundOutcome, OutboundPost } from '../../core/outbound.ts'
import { type Answer, bodyOf, newAnswer } from './answer.ts'
import type { Call } from './calls.ts'
import { type Carried, type Connection, KEPT_IDLE_MS, WrongAddressError } from './connection.ts'

export type Request = Omit<OutboundPost, 'url' | 'signal'>

/** `isSpent`: the connection is not fit for another. */
export type Exchanged = Readonly<{
  result: OutboundOutcome
  headAt: number | undefined
  isSpent: boolean
}>

export type Exchanging = Readonly<{
  connection: Connection
  call: Call
  request: Pick<Request, 'maxAnswerBytes'>
}>

export const exchange = (
  text: string,
  { connection, call, request }: Exchanging,
  onDone: (exchanged: Exchanged) => void,
): void => {
  const carried: Carried = {
    answer: newAnswer(request.maxAnswerBytes),
    headAt: undefined,
    onEnd: (error) => {
      const { answer, headAt } = carried
      const isSpent = !isWholeAndKept(answer) || !connection.isReady()
      onDone({ result: outcomeOf(answer, error, call), headAt, isSpent })
    },
  }
  connection.carry(text, carried)
}

/** What the heads of all requests to one place begin with. */
export const headOf = (
  { origin, path }: Readonly<{ origin: string; path: string }>,
  keepsAlive: boolean,
): string =>
  `POST ${path} HTTP/1.1\r\nhost: ${new URL(origin).host}\r\nuser-agent: Pawtrail\r\n` +
  `connection: ${keepsAlive ? 'keep-alive' : 'close'}\r\n`

const SAFE = /^[\t\x20-\x7e]*$/

/** The rest of its head, and its body. */
export const textOf = ({ headers, body }: Request): string => {
  let text = ''
  for (const name in headers) {
    const value = headers[name] ?? ''
    // Ours, all of them: this says so even of those that somebody adds one day.
    if (!SAFE.test(value)) throw new Error(`the header ${name} has a value that cannot be sent`)
    text += `${name}: ${value}\r\n`
  }
  return `${text}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}

/** Longer than we keep it: else the receiver may end it just when the next request is on its way. */
const isWholeAndKept = ({ state, head, hasMore }: Answer): boolean =>
  state === 'whole' && !hasMore && (head?.keptMs ?? 0) > KEPT_IDLE_MS

const outcomeOf = (
  answer: Answer,
  error: Error | undefined,
  { whyEnded }: Call,
): OutboundOutcome => {
  const { head, state } = answer
  if (head === undefined) return failureOf(error, whyEnded)
  const { status, headers } = head
  return { kind: 'answered', status, headers, body: bodyOf(answer), isWhole: state === 'whole' }
}

const TLS_CODE = /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|EPROTO)/
const UNREACHABLE_CODE =
  /^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT)$/

const failureOf = (
  error: Error | undefined,
  whyEnded: OutboundFailure | undefined,
): OutboundOutcome => {
  if (error instanceof WrongAddressError) return { kind: 'refused', reason: 'address' }
  if (whyEnded !== undefined) return { kind: 'failed', reason: whyEnded }
  const code = error !== undefined && 'code' in error ? String(error.code) : ''
  if (TLS_CODE.test(code)) return { kind: 'failed', reason: 'tls' }
  const reason = UNREACHABLE_CODE.test(code) ? 'unreachable' : 'broken'
  return { kind: 'failed', reason }
}
