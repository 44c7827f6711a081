// WebSocket /v1/events/ws: who is let in, and the connections that are open. It takes over what the
// HTTP server passes on, so that both are one port.
import type { IncomingMessage } from 'node:http'
import { WebSocketServer } from 'ws'
import { createCounter } from '../feed/counter.ts'
import { ProblemError, type Upgrade, type UpgradeHandler } from '../http/host.ts'
import type { Client, House } from './client.ts'
import { createDoor } from './door.ts'
import { leave } from './line.ts'
import { BARE_SUBPROTOCOL, CLOSE, SUBPROTOCOL } from './protocol.ts'
import { WEBSOCKET_LIMITS, type WebSocketLimits, type WebSocketOptions } from './settings.ts'

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
  const clients = new Set<Client>()
  const pending = createCounter()
  const house: House = { common: { ...options, bounds }, clients, pending }
  let isStopped = false
  const wss = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false, // a frame is shared by all, a compressed one by nobody
    maxPayload: bounds.messageBytes,
    handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : BARE_SUBPROTOCOL),
  })
  const sweeping = setInterval(() => {
    for (const client of clients) if (!client.isEnded) client.speech.watch(client)
  }, bounds.sweepMs)
  sweeping.unref()

  const countRefused = (reason: string): void =>
    options.metrics.count('pawtrail_feed_refused_total', 1, { transport: 'websocket', reason })

  const stopped = (): ProblemError => {
    countRefused('stopped')
    return noRoom(true)
  }

  const refusal = ({ request, address }: Upgrade): ProblemError | undefined => {
    if (!isOffered(request, SUBPROTOCOL) && !isOffered(request, BARE_SUBPROTOCOL)) {
      const detail = `A sub-protocol must be offered: ${SUBPROTOCOL} or ${BARE_SUBPROTOCOL}.`
      return new ProblemError('bad-request', detail)
    }
    if (isStopped) return stopped()
    if (clients.size >= bounds.connections) {
      countRefused('total_limit')
      return noRoom(false)
    }
    if (pending.count(address) < bounds.pendingPerAddress) return undefined
    countRefused('pending_limit')
    return new ProblemError('rate-limit-exceeded', 'Too many connections wait for their auth.', {
      headers: { 'retry-after': '5' },
    })
  }

  const door = createDoor({ house, wss, isStopped: () => isStopped, stopped })

  return {
    upgrade(upgrade) {
      const problem = refusal(upgrade)
      if (problem !== undefined) return upgrade.refuse(problem)
      if (isOffered(upgrade.request, SUBPROTOCOL)) door.accept(upgrade)
      else door.acceptBare(upgrade)
    },
    async stop() {
      isStopped = true
      clearInterval(sweeping)
      let told = 0
      for (const client of clients) {
        leave(client, CLOSE.drain)
        told += 1
        if (told % STOP_SLICE === 0) await new Promise<void>((resolve) => setImmediate(resolve))
      }
      await leaving(clients, bounds.closeGraceMs)
      for (const { ws } of clients) ws.terminate()
      wss.close()
    },
    connections: () => clients.size,
  }
}

const isOffered = ({ headers }: IncomingMessage, protocol: string): boolean =>
  String(headers['sec-websocket-protocol'] ?? '')
    .split(',')
    .some((each) => each.trim() === protocol)

const noRoom = (isStopped: boolean): ProblemError =>
  new ProblemError('service-unavailable', 'No more connections can be served now.', {
    headers: { 'retry-after': isStopped ? '1' : '10' },
  })

const leaving = async (clients: ReadonlySet<Client>, graceMs: number): Promise<void> => {
  for (let ms = 0; clients.size > 0 && ms < graceMs; ms += STOP_POLL_MS) {
    await new Promise((resolve) => setTimeout(resolve, STOP_POLL_MS))
  }
}
