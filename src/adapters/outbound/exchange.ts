// One request and its answer over a connection that is given.
import type { Dispatcher } from 'undici'
import type { OutboundFailure, OutboundPost, OutboundOutcome } from '../../core/outbound.ts'
import { type Connection, WrongAddressError } from './connection.ts'

const USER_AGENT = 'Pawtrail'

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

export const exchange = async (
  request: Omit<OutboundPost, 'url' | 'signal'>,
  { connection, path, whyEnded }: Exchanging,
): Promise<Exchanged> => {
  const failed = (reason: OutboundFailure): Exchanged => ({
    result: { kind: 'failed', reason },
    firstByteAt: undefined,
    isSpent: true,
  })
  try {
    const answer = await connection.client.request({
      path,
      method: 'POST',
      headers: { 'user-agent': USER_AGENT, ...request.headers },
      body: request.body,
    })
    const firstByteAt = performance.now()
    const headers = plainHeaders(answer.headers)
    const isEmpty = answer.statusCode === 204 || headers['content-length'] === '0'
    if (isEmpty) await answer.body.dump()
    const { text, isWhole } = isEmpty
      ? { text: '', isWhole: true }
      : await readAtMost(answer.body, request.maxAnswerBytes)
    const result = { kind: 'answered', status: answer.statusCode, headers, body: text, isWhole }
    return { result: result as OutboundOutcome, firstByteAt, isSpent: !isWhole }
  } catch (error) {
    if (error instanceof WrongAddressError) {
      const result = { kind: 'refused', reason: 'address' } as const
      return { result, firstByteAt: undefined, isSpent: true }
    }
    return failed(whyEnded() ?? failureOf(error))
  }
}

/** A status that has come counts, whatever becomes of the rest: a body that breaks off is taken as far as it came. */
const readAtMost = async (
  body: Dispatcher.ResponseData['body'],
  maxBytes: number,
): Promise<Readonly<{ text: string; isWhole: boolean }>> => {
  const chunks: Buffer[] = []
  let size = 0
  let isWhole = true
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      chunks.push(chunk)
      size += chunk.length
      if (size > maxBytes) break
    }
  } catch {
    isWhole = false
  }
  const text = Buffer.concat(chunks).subarray(0, maxBytes).toString()
  return { text, isWhole: isWhole && size <= maxBytes }
}

const plainHeaders = (
  headers: Dispatcher.ResponseData['headers'],
): Readonly<Record<string, string>> => {
  const plain: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) plain[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return plain
}

const TLS_CODE = /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|EPROTO)/
const UNREACHABLE_CODE =
  /^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT)$/
const DEADLINE_CODE = /^UND_ERR_(HEADERS|BODY)_TIMEOUT$/

const failureOf = (error: unknown): OutboundFailure => {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (TLS_CODE.test(code)) return 'tls'
  if (UNREACHABLE_CODE.test(code)) return 'unreachable'
  return DEADLINE_CODE.test(code) ? 'deadline' : 'broken'
}
