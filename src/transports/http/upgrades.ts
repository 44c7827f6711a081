// Connections that leave HTTP: which path is taken over by which protocol. What is no WebSocket (a
// client that offers h2c on the way) is an ordinary request, and is handed back to the HTTP server.
import type { IncomingMessage, Server } from 'node:http'
import { BlockList, isIPv4, isIPv6, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { networkOf } from './network.ts'
import { destroyOnError, type Upgrade, type UpgradeHandler, type Upgrades } from './host.ts'
import { type AllowedOrigins, isOriginAllowed } from './origin.ts'
import { problemBody, ProblemError, PROBLEMS } from './problem.ts'

type TrustProxy = boolean | number | readonly string[]
export type UpgradeOptions = Readonly<{
  trustProxy?: TrustProxy
  publicUrl?: string
  allowedOrigins?: AllowedOrigins // whose pages may come in, whatever is spoken then; the own ones by default
}>

export const createUpgrades = (server: Server, options: UpgradeOptions = {}): Upgrades => {
  const handlers = new Map<string, UpgradeHandler>()
  const { trustProxy = false, publicUrl, allowedOrigins = 'same' } = options
  const isProxy = trustOf(trustProxy)

  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // A client that goes away in the middle is no fault of ours.
    socket.on('error', destroyOnError)
    if (request.headers.upgrade?.toLowerCase() !== 'websocket') {
      handBack(server, { request, socket, head })
      return
    }
    const [path = ''] = (request.url ?? '').split('?')
    const refuse: Upgrade['refuse'] = (problem) => sendProblem(socket, problem, path)
    const handler = handlers.get(path)
    if (handler === undefined) {
      refuse(new ProblemError('not-found', 'There is no WebSocket at this path.'))
      return
    }
    const { origin, host } = request.headers
    if (!isOriginAllowed({ origin, host, publicUrl, allowedOrigins })) {
      refuse(new ProblemError('forbidden', 'Pages of this origin may not connect.'))
      return
    }
    handler({ request, socket, head, address: networkOf(addressOf(request, isProxy)), refuse })
  })

  return { on: (path, handler) => void handlers.set(path, handler) }
}

type Parts = Readonly<{ request: IncomingMessage; socket: Duplex; head: Buffer }>

const OFFERS = new Set(['upgrade', 'connection', 'http2-settings'])

/** An offer may be passed over (RFC 9110, 7.8): the request is read once more, without it. */
const handBack = (server: Server, { request, socket, head }: Parts): void => {
  const { method = 'GET', url = '/', httpVersion, rawHeaders } = request
  const lines = [`${method} ${url} HTTP/${httpVersion}`]
  for (let n = 0; n < rawHeaders.length; n += 2) {
    const [name = '', value = ''] = rawHeaders.slice(n, n + 2)
    if (!OFFERS.has(name.toLowerCase())) lines.push(`${name}: ${value}`)
  }
  const again = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
  socket.removeAllListeners('error')
  socket.unshift(Buffer.concat([again, head]))
  server.emit('connection', socket)
}

const sendProblem = (socket: Duplex, problem: ProblemError, path: string): void => {
  const [status, title] = PROBLEMS[problem.type]
  const body = JSON.stringify(problemBody(problem, path))
  const lines = [
    `HTTP/1.1 ${String(status)} ${title}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${String(Buffer.byteLength(body))}`,
    'X-Content-Type-Options: nosniff',
    'Connection: close',
    ...Object.entries(problem.headers).map(([name, value]) => `${name}: ${value}`),
  ]
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy())
}

type IsProxy = (address: string, hop: number) => boolean

const trustOf = (setting: TrustProxy): IsProxy => {
  if (typeof setting === 'boolean') return () => setting
  if (typeof setting === 'number') return (_address, hop) => hop < setting
  const list = new BlockList()
  for (const each of setting) {
    const [address = '', bits] = each.split('/')
    const family = isIPv6(address) ? 'ipv6' : 'ipv4'
    if (bits === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(bits), family)
  }
  return (address) => list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
}

/** The nearest address that is no proxy of ours, as the HTTP server finds it. */
const addressOf = (request: IncomingMessage, isProxy: IsProxy): string => {
  const forwarded = String(request.headers['x-forwarded-for'] ?? '').split(',')
  const hops = [peerOf(request.socket), ...forwarded.map((each) => each.trim()).reverse()]
  let address = hops[0] ?? ''
  for (const [hop, next] of hops.slice(1).entries()) {
    if (next === '' || !isProxy(address, hop)) return address
    address = next
  }
  return address
}

const peerOf = ({ remoteAddress = '' }: Socket): string => {
  const mapped = remoteAddress.replace(/^::ffff:/, '')
  return isIPv4(mapped) ? mapped : remoteAddress
}
