// The MQTT transport: listens on TCP or TLS, takes streams of others (WebSocket), stores what moved
// once in a while, and stops with a word to everybody.
import { createServer as createTcpServer, type Server, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { createServer as createTlsServer } from 'node:tls'
import { type Connection, type ConnectionParts, serveConnection } from './connection.ts'
import { MQTT_LIMITS, type MqttLimits } from './limits.ts'
import { REASON } from './packets.ts'
import { createRetainedReader } from './retained.ts'
import { createRoster } from './roster.ts'
import { createSignIn, type SignInOptions } from './sign-in.ts'
import { createStock } from './stock.ts'

export type MqttAddress = Readonly<{
  host: string
  port: number // 0: any free one
  tls?: Readonly<{ cert: Buffer; key: Buffer }>
}>

export type MqttTransport = Readonly<{
  /** Answers the port. Rejects with the system's own error when it cannot be had. */
  listen: (address: MqttAddress) => Promise<number>
  /** Serves a stream of bytes that came in another way. */
  accept: (stream: Duplex, address: string) => void
  connections: () => number
  /** Bytes that are held for clients that have not taken them. */
  queuedBytes: () => number
  stop: () => Promise<void>
}>

export type MqttOptions = Omit<
  ConnectionParts,
  'limits' | 'roster' | 'retained' | 'stock' | 'signIn'
> &
  Omit<SignInOptions, 'passwordSessionMs'> &
  Readonly<{ settings?: Partial<MqttLimits> }>

const SWEEP_ROWS = 1_000
const TCP_KEEP_ALIVE_MS = 30_000

export const createMqtt = (options: MqttOptions): MqttTransport => {
  const limits: MqttLimits = { ...MQTT_LIMITS, ...options.settings }
  const given = { ...options, limits }
  const parts: ConnectionParts = {
    ...given,
    roster: createRoster<Connection>(limits),
    retained: createRetainedReader(given),
    stock: createStock(given),
    signIn: createSignIn({ ...options, passwordSessionMs: limits.passwordSessionMs }),
  }
  const connections = new Set<Connection>()
  const servers: Server[] = []
  const upkeep = startUpkeep(parts, connections)
  let isStopped = false

  const accept = (stream: Duplex, address: string): void => {
    // Beyond the limit of those that are let in, as many may be on their way in.
    if (isStopped || connections.size >= limits.connections * 2) {
      stream.destroy()
      return
    }
    const connection = serveConnection(stream, address, parts)
    connections.add(connection)
    void connection.ended.finally(() => connections.delete(connection))
  }

  const onSocket = (socket: Socket): void => {
    socket.setNoDelay(true)
    socket.setKeepAlive(true, TCP_KEEP_ALIVE_MS)
    accept(socket, socket.remoteAddress ?? '')
  }

  return {
    accept,
    listen: ({ host, port, tls }) =>
      new Promise((resolve, reject) => {
        const highWaterMark = limits.unsentBytes
        const server =
          tls === undefined
            ? createTcpServer({ highWaterMark }, onSocket)
            : createTlsServer({ ...tls, highWaterMark }, onSocket)
        server.on('tlsClientError', () => {})
        server.once('error', reject)
        server.listen(port, host, () => {
          servers.push(server)
          server.off('error', reject).on('error', (cause: Error) => {
            options.logger.error({ cause }, 'the MQTT server failed')
          })
          const bound = server.address()
          resolve(typeof bound === 'object' && bound !== null ? bound.port : port)
        })
      }),
    connections: () => connections.size,
    queuedBytes: () => [...connections].reduce((sum, each) => sum + each.queuedBytes(), 0),
    stop: async () => {
      isStopped = true
      for (const server of servers) server.close()
      for (const connection of connections) connection.end(REASON.shuttingDown)
      await Promise.all([...connections].map(({ ended }) => ended))
      await upkeep.stop()
    },
  }
}

/** Stores what moved, and ends sessions whose time is over. A round that takes long is not overtaken. */
const startUpkeep = (parts: ConnectionParts, connections: ReadonlySet<Connection>) => {
  const { limits, sessions, logger, clock } = parts
  let sweptAtMs = clock()
  let round: Promise<void> | undefined

  const saveAll = async (): Promise<void> => {
    const waiting = [...connections]
    const work = async (): Promise<void> => {
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) await next.save()
    }
    await Promise.all(Array.from({ length: limits.concurrentSaves }, work))
    if (clock() - sweptAtMs < limits.sweepIntervalMs) return
    sweptAtMs = clock()
    await sessions.removeExpired(SWEEP_ROWS)
  }

  const timer = setInterval(() => {
    round ??= saveAll()
      .catch((cause: unknown) => logger.warn({ cause }, 'MQTT sessions could not be stored'))
      .finally(() => (round = undefined))
  }, limits.saveIntervalMs)
  timer.unref()
  return {
    stop: async (): Promise<void> => {
      clearInterval(timer)
      await round
    },
  }
}
