// Reads along with everything that leaves an HTTP server over its sockets, whichever client asked: answers of routes,
// and what is written raw (bytes that are no HTTP, a refused upgrade). What differs from the published documents fails
// the test that the server was made for, when it is taken down.
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'
import type { Answered, ResponseCheck } from './response-check.ts'

type Headers = Readonly<Record<string, unknown>>

/** Gives what is wrong with the answers until now. `check` is asked when a test is over. */
export const watchAnswers = (server: Server): ((check: ResponseCheck) => readonly string[]) => {
  const answers: Answered[] = []
  const note = (answered: Answered): void => void answers.push(answered)
  server.prependListener('request', (request: IncomingMessage, response: ServerResponse) =>
    watchResponse(request, response, note),
  )
  server.prependListener('checkExpectation', (request: IncomingMessage, response: ServerResponse) =>
    watchResponse(request, response, note),
  )
  server.prependListener('clientError', (_error: Error, socket: Duplex) =>
    watchSocket(socket, { method: '', path: '' }, note),
  )
  for (const event of ['upgrade', 'connect']) {
    server.prependListener(event, ({ method = '', url = '' }: IncomingMessage, socket: Duplex) =>
      watchSocket(socket, { method: method === 'GET' ? '' : method, path: url }, note),
    )
  }
  return (check) =>
    answers.map((answered) => check(answered)).filter((fault) => fault !== undefined)
}

const pathOf = (url: string): string => url.replace(/^https?:\/\/[^/?]*/, '').split('?')[0] ?? ''

const watched = new WeakSet<object>()

const watchResponse = (
  { method = '', url = '' }: IncomingMessage,
  response: ServerResponse,
  note: (answered: Answered) => void,
): void => {
  if (watched.has(response)) return
  watched.add(response)
  const chunks: Buffer[] = []
  let headers: Headers = {}
  const keep = (chunk: unknown): void => {
    if (typeof chunk === 'string') chunks.push(Buffer.from(chunk))
    else if (chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk))
  }
  const { write, end, writeHead } = response
  response.writeHead = (...args: [number, ...unknown[]]) => {
    headers = args.slice(1).reduce<Headers>((all, each) => ({ ...all, ...fields(each) }), {})
    return Reflect.apply(writeHead, response, args) as ServerResponse
  }
  response.write = ((...args: unknown[]) => {
    keep(args[0])
    return Reflect.apply(write, response, args) as boolean
  }) as typeof write
  response.end = ((...args: unknown[]) => {
    keep(args[0])
    return Reflect.apply(end, response, args) as ServerResponse
  }) as typeof end
  let isNoted = false
  const settle = (isWhole: boolean): void => {
    if (isNoted || !response.headersSent) return
    isNoted = true
    const all = { ...response.getHeaders(), ...headers }
    const bytes = Buffer.concat(chunks)
    const answer = { statusCode: response.statusCode, headers: all, body: '' }
    // A stream that a client left has a status and a type; what of it arrived is nothing to compare.
    note({
      ...{ method, path: pathOf(url), hasBody: isWhole && method !== 'HEAD' },
      response: isWhole ? unpacked(answer, bytes) : answer,
    })
  }
  response.once('finish', () => settle(true))
  response.once('close', () => settle(false))
}

const fields = (given: unknown): Headers =>
  typeof given !== 'object' || given === null
    ? {}
    : Object.fromEntries(pairsOf(given).map(([name, value]) => [name.toLowerCase(), value]))

/** `writeHead` takes a record, or a list of names and values by turns. */
const pairsOf = (given: object): readonly (readonly [string, unknown])[] =>
  Array.isArray(given)
    ? given.flatMap((name, n) => (n % 2 === 0 ? [[String(name), given[n + 1] as unknown]] : []))
    : Object.entries(given)

const PACKINGS: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  gzip: gunzipSync,
  br: brotliDecompressSync,
  deflate: inflateSync,
}

export type ReadAnswer = Readonly<{
  statusCode: number
  headers: Readonly<Record<string, string>>
  body: string
}>
type Answer = Answered['response']

/** The same answer as it was before it was compressed. */
export const unpacked = (answer: Answer, bytes: Buffer): Answer => {
  const packing = String(answer.headers['content-encoding'] ?? '')
  const unpack = PACKINGS[packing]
  if (unpack === undefined || bytes.length === 0) return { ...answer, body: bytes.toString() }
  const { 'content-encoding': _packing, ...headers } = answer.headers
  return { ...answer, headers, body: unpack(bytes).toString() }
}

const watchSocket = (
  socket: Duplex,
  asked: Readonly<{ method: string; path: string }>,
  note: (answered: Answered) => void,
): void => {
  if (watched.has(socket)) return
  watched.add(socket)
  const { end } = socket
  socket.end = ((...args: unknown[]) => {
    const text = Buffer.isBuffer(args[0]) ? args[0].toString('latin1') : String(args[0] ?? '')
    const response = parseAnswer(text)
    if (response !== undefined) note({ ...asked, path: pathOf(asked.path), response })
    return Reflect.apply(end, socket, args) as Duplex
  }) as typeof end
}

/** An answer as it goes over the wire; undefined when the text is none. */
export const parseAnswer = (text: string): ReadAnswer | undefined => {
  const [, status, head = '', body = ''] =
    /^HTTP\/1\.1 (\d{3})[^\r]*\r\n([^]*?)\r\n\r\n([^]*)$/.exec(text) ?? []
  if (status === undefined) return undefined
  const headers = Object.fromEntries(
    head.split('\r\n').map((line) => {
      const end = line.indexOf(':')
      return [line.slice(0, end).toLowerCase(), line.slice(end + 1).trim()]
    }),
  )
  return { statusCode: Number(status), headers, body }
}
