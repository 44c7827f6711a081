// Somebody's server on this machine, to which webhooks and callbacks are sent. It keeps what it got.
import {
  createServer,
  type IncomingHttpHeaders,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { promisify } from 'node:util'
import type { Test } from 'tap'

export type Received = Readonly<{
  method: string
  path: string
  headers: IncomingHttpHeaders
  body: string
}>
export type Receiver = Readonly<{
  url: string
  port: number
  received: readonly Received[]
  /** How many are open. Without any, all that was sent is received. */
  connections(): Promise<number>
}>
export type Answer = (response: ServerResponse, got: Received) => void

type ReceiverOptions = Readonly<{
  answer?: Answer // by default 200
  tls?: Readonly<{ key: string; cert: string }>
}>

export const startReceiver = async (
  t: Test,
  { answer = (response) => response.end(), tls }: ReceiverOptions = {},
): Promise<Receiver> => {
  const received: Received[] = []
  const listener: RequestListener = (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method = '', url = '', headers } = request
      const got = { method, path: url, headers, body: Buffer.concat(chunks).toString() }
      received.push(got)
      answer(response, got)
    })
  }
  const server: Server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    return new Promise<void>((resolve) => server.close(() => resolve()))
  })
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    ...{ url: `http${tls === undefined ? '' : 's'}://127.0.0.1:${port}`, port, received },
    connections: promisify(server.getConnections.bind(server)),
  }
}
