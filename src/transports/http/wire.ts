// What HTTP itself asks of a server before a request has a route: whose Host, what form of target,
// and what to say to bytes that are no request at all.
import { isUtf8 } from 'node:buffer'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Metrics } from '../../core/metrics.ts'
import type { Hook } from './guard.ts'
import { latestAnswerOn, rememberAnswers } from './take-over.ts'
import { problemBody, ProblemError, PROBLEMS } from './problem.ts'

const HOST = /^[\w.~!$&'()*+,;=%-]*(:\d{0,5})?$|^\[[\da-fA-F:.]+\](:\d{0,5})?$/

/** An absolute target (`http://host/path`) is its path; a star is the server as a whole, for OPTIONS. */
export const pathOfTarget = ({
  url = '/',
  method,
}: Pick<IncomingMessage, 'url' | 'method'>): string =>
  url.startsWith('/')
    ? url
    : url === '*'
      ? starTarget(method)
      : url.replace(/^https?:\/\/[^/?#]*\/?/i, '/')

const starTarget = (method: string | undefined): string => (method === 'OPTIONS' ? '/' : '/*')

let goodHost = '' // the one that was asked last, which is nearly always the same

/** Exactly one Host, and one that can be a host (RFC 9112, 3.2); HTTP/1.0 knows none. */
export const hasOneHost = ({ rawHeaders, httpVersion, headers }: IncomingMessage): boolean => {
  let count = 0
  for (let n = 0; n < rawHeaders.length; n += 2) {
    const name = rawHeaders[n]
    if (name?.length === 4 && name.toLowerCase() === 'host') count += 1
  }
  const isGiven = count === 1 || (count === 0 && httpVersion === '1.0')
  const host = headers.host ?? ''
  if (!isGiven || (host !== goodHost && !HOST.test(host))) return false
  goodHost = host
  return true
}

export const oneHost: Hook = (request, _reply, done) => {
  if (hasOneHost(request.raw)) done()
  else done(new ProblemError('bad-request', 'Exactly one Host that names a host is required.'))
}

/** Names of codings have no case (RFC 9110, 8.4.1). */
export const codingInLowerCase: Hook = ({ raw }, _reply, done) => {
  const coding = raw.headers['content-encoding']
  if (coding !== undefined) raw.headers['content-encoding'] = coding.toLowerCase()
  done()
}

type JsonParser = ReturnType<FastifyInstance['getDefaultJsonParser']>
type Done = (error: Error | null, body?: unknown) => void

/** Text in another encoding would be stored with replacement characters in its place. */
export const utf8Json =
  (parse: JsonParser) =>
  (request: FastifyRequest, body: Buffer, done: Done): void => {
    if (isUtf8(body)) void parse(request, body.toString('utf8'), done)
    else done(new ProblemError('bad-request', 'The body is not valid UTF-8.'))
  }

/** On the server below: what would otherwise be answered without a body, or not at all. */
export const answerOnTheWire = (server: Server): void => {
  rememberAnswers(server)
  // An expectation that we do not know is passed over, which RFC 9110, 10.1.1, leaves to the server.
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) =>
    server.emit('request', request, response),
  )
  server.on('connect', (_request: IncomingMessage, socket: Duplex) => {
    socket.on('error', () => socket.destroy())
    refuse(socket, new ProblemError('bad-request', 'This is no proxy: CONNECT leads nowhere.'))
  })
  server.on('clientError', (error: Error & { code?: string }, socket: Socket) =>
    answerClientError(error, socket, latestAnswerOn(socket)),
  )
}

/** Idle ones too take memory and a place: beyond the bound a new one is closed as it comes. */
export const boundConnections = (
  server: Server,
  { metrics, maxConnections }: Readonly<{ metrics: Metrics; maxConnections: number }>,
): void => {
  server.maxConnections = maxConnections
  server.on('drop', () => metrics.count('pawtrail_http_connections_refused_total'))
}

/** No request exists yet, so the answer is written raw, and never into another one that is under way. */
const answerClientError = (
  error: Error & { code?: string },
  socket: Socket,
  before: ServerResponse | undefined,
): void => {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
    socket.destroy()
    return
  }
  const isUnderWay = before !== undefined && !before.writableEnded
  if (isUnderWay && before.headersSent) {
    socket.destroy()
    return
  }
  const say = (): void => refuse(socket, clientProblem(error.code))
  // The request before this one has come whole: it gets its own answer first.
  if (isUnderWay && before.req.complete) before.once('finish', say)
  else say()
}

const refuse = (socket: Duplex, problem: ProblemError): void => {
  const [status, title] = PROBLEMS[problem.type]
  const body = JSON.stringify(problemBody(problem, '/'))
  socket.end(
    `HTTP/1.1 ${status} ${title}\r\nContent-Type: application/problem+json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nX-Content-Type-Options: nosniff\r\n` +
      `Connection: close\r\n\r\n${body}`,
    () => socket.destroy(),
  )
}

const clientProblem = (code: string | undefined): ProblemError => {
  if (code === 'HPE_HEADER_OVERFLOW') {
    return new ProblemError('header-fields-too-large', 'The header fields are too large.')
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return new ProblemError('request-timeout', 'The request took too long to arrive.')
  }
  return new ProblemError('bad-request', 'The request is not valid HTTP.')
}
