// One request and its answer over a connection that is given.
import type { Dispatcher } from 'undici'
import type { OutboundFailure, OutboundPost, OutboundOutcome } from '../../core/outbound.ts'
import { type Connection, WrongAddressError } from './connection.ts'

const USER_AGENT = 'Pawtrail'
const FIRST_FINAL_STATUS = 200

export type Exchanging = Readonly<{
  connection: Connection
  path: string
  /** Why the connection was destroyed meanwhile; undefined: it was not, by us. */
  whyEnded: () => OutboundFailure | undefined
}>
/** `isSpent`: the connection is not fit for another. */
export type Exchanged = Readonly<{
  result: OutboundOutcome
  firstByteAt: number | undefined
  isSpent: boolean
}>

export const exchange = (
  request: Omit<OutboundPost, 'url' | 'signal'>,
  { connection, path, whyEnded }: Exchanging,
): Promise<Exchanged> =>
  new Promise((resolve) => {
    const headers = ['user-agent', USER_AGENT]
    for (const name in request.headers) headers.push(name, request.headers[name] ?? '')
    connection.client.dispatch(
      { path, method: 'POST', headers, body: request.body },
      answerTo({ maxBytes: request.maxAnswerBytes, whyEnded, resolve }),
    )
  })

type Answering = Readonly<{
  maxBytes: number
  whyEnded: Exchanging['whyEnded']
  resolve: (exchanged: Exchanged) => void
}>

/**
 * A status that has come counts, whatever becomes of the rest: a body that breaks off is taken as far as it came, and
 * no further than it may come.
 */
const answerTo = ({ maxBytes, whyEnded, resolve }: Answering): Dispatcher.DispatchHandler => {
  let status = 0 // until one has come that is no interim one
  let headers: Readonly<Record<string, string>> = {}
  let firstByteAt: number | undefined
  let chunks: Buffer[] | undefined
  let size = 0
  const settle = (isWhole: boolean): void => {
    const body = chunks === undefined ? '' : textOf(chunks, maxBytes)
    const result: OutboundOutcome = { kind: 'answered', status, headers, body, isWhole }
    resolve({ result, firstByteAt, isSpent: !isWhole })
  }
  return {
    onRequestStart: () => {},
    onResponseStart: (_controller, code, fields) => {
      if (code < FIRST_FINAL_STATUS) return
      status = code
      firstByteAt = performance.now()
      headers = plainHeaders(fields)
    },
    onResponseData: (controller, chunk) => {
      if (size > maxBytes) return
      ;(chunks ??= []).push(chunk)
      size += chunk.length
      if (size <= maxBytes) return
      settle(false)
      controller.abort(new Error('the answer is longer than what is read of it'))
    },
    onResponseEnd: () => settle(true),
    onResponseError: (_controller, error) => {
      if (status > 0) return settle(false)
      resolve({ result: failureOf(error, whyEnded()), firstByteAt: undefined, isSpent: true })
    },
  }
}

const textOf = (chunks: readonly Buffer[], maxBytes: number): string =>
  Buffer.concat(chunks).subarray(0, maxBytes).toString()

const plainHeaders = (
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Readonly<Record<string, string>> => {
  const plain: Record<string, string> = {}
  for (const name in headers) {
    const value = headers[name]
    if (value !== undefined) plain[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return plain
}

const TLS_CODE = /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|EPROTO)/
const UNREACHABLE_CODE =
  /^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT)$/

const failureOf = (error: Error, whyEnded: OutboundFailure | undefined): OutboundOutcome => {
  if (error instanceof WrongAddressError) return { kind: 'refused', reason: 'address' }
  if (whyEnded !== undefined) return { kind: 'failed', reason: whyEnded }
  const code = 'code' in error ? String(error.code) : ''
  if (TLS_CODE.test(code)) return { kind: 'failed', reason: 'tls' }
  const reason = UNREACHABLE_CODE.test(code) ? 'unreachable' : 'broken'
  return { kind: 'failed', reason }
}
