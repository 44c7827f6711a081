// WebSocket /v1/events/ws: who is let in, and the connections that are open. It takes over what the
// HTTP server passes on, so that both are one port.
import type { IncomingMessage } from 'node:http'
import { WebSocketServer } from 'ws'
import { ProblemError, type Upgrade, type UpgradeHandler } from '../http/host.ts'
import { createBareConnection } from './bare.ts'
import { bareRequestOf } from './bare-request.ts'
import { type Connection, type ConnectionOptions, createConnection } from './connection.ts'
import { isOriginAllowed } from './origin.ts'
import { BARE_SUBPROTOCOL, CLOSE, SUBPROTOCOL } from './protocol.ts'
import {
  type Common,
  WEBSOCKET_LIMITS,
  type WebSocketLimits,
  type WebSocketOptions,
} from './settings.ts'

export type WebSocketEvents = Readonly<{
  upgrade: UpgradeHandler
  /** Lets nobody in any more, tells everybody goodbye, and waits until they have left. */
  stop: () => Promise<void>
  connections: () => number
}>

const STOP_SLICE = 500 // told goodbye before sockets get their turn
const STOP_POLL_MS = 20

export const createWebSocketEvents = (options: WebSocketOptions): WebSocketEvents => {
  const bounds: WebSocketLimits = { ...WEBSOCKET_LIMITS, ...options.limits }
  const common: Common = { ...options, bounds }
  const connections = new Set<Connection>()
  const pending = createCounter()
  let isStopped = false
  const wss = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false, // a frame is shared by all, a compressed one by nobody
    maxPayload: bounds.messageBytes,
    handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : BARE_SUBPROTOCOL),
  })
  const sweeping = setInterval(() => {
    for (const connection of connections) connection.sweep()
  }, bounds.sweepMs)
  sweeping.unref()

  const refusal = ({ request, address }: Upgrade): ProblemError | undefined => {
    const { origin, host } = request.headers
    if (!isOriginAllowed({ origin, host, ...options })) {
      return new ProblemError('forbidden', 'Pages of this origin may not connect.')
    }
    if (!isOffered(request, SUBPROTOCOL) && !isOffered(request, BARE_SUBPROTOCOL)) {
      const detail = `A sub-protocol must be offered: ${SUBPROTOCOL} or ${BARE_SUBPROTOCOL}.`
      return new ProblemError('bad-request', detail)
    }
    if (isStopped || connections.size >= bounds.connections) {
      return noRoom(isStopped)
    }
    if (pending.count(address) < bounds.pendingPerAddress) return undefined
    return new ProblemError('rate-limit-exceeded', 'Too many connections wait for their auth.', {
      headers: { 'retry-after': '5' },
    })
  }

  const { accept, acceptBare } = createDoor({
    ...{ common, wss, connections, pending },
    isStopped: () => isStopped,
  })

  return {
    upgrade(upgrade) {
      const problem = refusal(upgrade)
      if (problem !== undefined) return upgrade.refuse(problem)
      if (isOffered(upgrade.request, SUBPROTOCOL)) accept(upgrade, createConnection)
      else void acceptBare(upgrade)
    },
    async stop() {
      isStopped = true
      clearInterval(sweeping)
      let told = 0
      for (const connection of connections) {
        connection.leave(CLOSE.drain)
        told += 1
        if (told % STOP_SLICE === 0) await new Promise<void>((resolve) => setImmediate(resolve))
      }
      await leaving(connections, bounds.closeGraceMs)
      for (const connection of connections) connection.cut()
      wss.close()
    },
    connections: () => connections.size,
  }
}

type DoorOptions = Readonly<{
  common: Common
  wss: WebSocketServer
  connections: Set<Connection>
  pending: ReturnType<typeof createCounter>
  isStopped: () => boolean
}>

/** How who may come in comes in, by sub-protocol. */
const createDoor = ({ common, wss, connections, pending, isStopped }: DoorOptions) => {
  const accept = (upgrade: Upgrade, create: (parts: ConnectionOptions) => Connection): void => {
    const { request, socket, head, address } = upgrade
    wss.handleUpgrade(request, socket, head, (ws) => {
      pending.add(address, 1)
      const connection = create({
        common,
        ws,
        socket,
        address,
        onSettled: () => pending.add(address, -1),
        onClosed: () => connections.delete(connection),
      })
      connections.add(connection)
    })
  }

  /** Who is asking must be known first: until then it is one that waits. */
  const acceptBare = async (upgrade: Upgrade): Promise<void> => {
    const { request, socket, address } = upgrade
    pending.add(address, 1)
    try {
      const wanted = await bareRequestOf(request, address, common)
      if (socket.destroyed) return
      if (isStopped()) return upgrade.refuse(noRoom(true))
      accept(upgrade, (parts) => createBareConnection(wanted, parts))
    } catch (cause) {
      if (cause instanceof ProblemError) return upgrade.refuse(cause)
      common.logger.error({ cause }, 'a token could not be checked')
      upgrade.refuse(new ProblemError('service-unavailable', 'The token cannot be checked now.'))
    } finally {
      pending.add(address, -1)
    }
  }
  return { accept, acceptBare }
}

const isOffered = ({ headers }: IncomingMessage, protocol: string): boolean =>
  String(headers['sec-websocket-protocol'] ?? '')
    .split(',')
    .some((each) => each.trim() === protocol)

const noRoom = (isStopped: boolean): ProblemError =>
  new ProblemError('service-unavailable', 'No more connections can be served now.', {
    headers: { 'retry-after': isStopped ? '1' : '10' },
  })

const leaving = async (connections: ReadonlySet<Connection>, graceMs: number): Promise<void> => {
  for (let ms = 0; connections.size > 0 && ms < graceMs; ms += STOP_POLL_MS) {
    await new Promise((resolve) => setTimeout(resolve, STOP_POLL_MS))
  }
}

const createCounter = () => {
  const counts = new Map<string, number>()
  return {
    count: (key: string): number => counts.get(key) ?? 0,
    add(key: string, by: number): void {
      const count = (counts.get(key) ?? 0) + by
      if (count === 0) counts.delete(key)
      else counts.set(key, count)
    },
  }
}
