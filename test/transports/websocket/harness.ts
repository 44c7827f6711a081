// The WebSocket transport on a real socket, over a feed on the memory log. A token is the name of a
// principal that the test knows.
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Test } from 'tap'
import type { Principal, Scope, TokenVerifier } from '../../../src/core/auth.ts'
import { silentLogger } from '../../../src/core/logger.ts'
import { type Metrics, noMetrics } from '../../../src/core/metrics.ts'
import { uuidV7 } from '../../../src/adapters/system/ids.ts'
import { createUpgrades, type UpgradeOptions } from '../../../src/transports/http/upgrades.ts'
import { EVENTS_PATH } from '../../../src/transports/websocket/protocol.ts'
import {
  createWebSocketEvents,
  type WebSocketEvents,
} from '../../../src/transports/websocket/server.ts'
import type { WebSocketLimits } from '../../../src/transports/websocket/settings.ts'
import { fixedClock, type FixedClock } from '../../support/fixed-clock.ts'
import { feedHarness, type FeedHarness, type HarnessOptions, TENANT } from '../feed/harness.ts'

export type SocketHarness = FeedHarness &
  Readonly<{
    url: string
    port: number
    clock: FixedClock
    events: WebSocketEvents
    sockets: Set<Socket>
    principals: Map<string, Principal>
  }>

export const principal = (
  clock: () => number,
  scopes: readonly Scope[] = ['read:events'],
  more: Partial<Principal> = {},
): Principal => ({
  subject: 'u1',
  kind: 'user',
  tenants: [TENANT],
  scopes: new Set(scopes),
  expiresAtMs: clock() + 3_600_000,
  ...more,
})

export type SocketOptions = HarnessOptions &
  Readonly<{
    socket?: Partial<WebSocketLimits>
    origins?: UpgradeOptions['allowedOrigins']
    verifier?: TokenVerifier
    metrics?: Metrics
  }>

export const socketHarness = async (
  t: Test,
  options: SocketOptions = {},
): Promise<SocketHarness> => {
  const harness = await feedHarness(t, options)
  const clock = fixedClock()
  const principals = new Map([['staff', principal(clock)]])
  const live = (token: string): Principal | undefined => {
    const found = principals.get(token)
    return found !== undefined && found.expiresAtMs > clock() ? found : undefined
  }
  const server = createServer((_request, response) => response.end('plain'))
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  const events = createWebSocketEvents({
    feed: harness.feed,
    cursors: harness.cursors,
    verifier: options.verifier ?? { verify: async (token) => live(token) },
    clock,
    ids: uuidV7(clock),
    random: () => 0,
    logger: silentLogger,
    metrics: options.metrics ?? noMetrics,
    limits: { sweepMs: 10, closeGraceMs: 300, ...options.socket },
  })
  const { origins: allowedOrigins = 'same' } = options
  const rule = { publicUrl: 'http://pawtrail.test', allowedOrigins }
  createUpgrades(server, rule).on(EVENTS_PATH, events.upgrade)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(async () => {
    await events.stop()
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const url = `ws://127.0.0.1:${String(port)}${EVENTS_PATH}`
  return { ...harness, url, port, clock, events, sockets, principals }
}
