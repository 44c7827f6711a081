// The MQTT transport: listens on TCP or TLS, takes lines of others (WebSocket), stores what moved
// once in a while, and stops with a word to everybody.
import { createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { createCounter } from '../feed/counter.ts'
import { networkOf } from '../http/host.ts'
import type { Client, House, Line } from './client.ts'
import { serve } from './connection.ts'
import { save, whenLeft } from './leaving.ts'
import { MQTT_LIMITS, type MqttLimits } from './limits.ts'
import { end } from './line.ts'
import { REASON } from './packets.ts'
import { watch } from './pulse.ts'
import { createRetainedReader } from './retained.ts'
import { createRoster } from './roster.ts'
import { heldBytes, offerStock } from './session.ts'
import { createSignIn, type SignInOptions } from './sign-in.ts'
import { createStock } from './stock.ts'
import { limitUnsent, TCP } from './tcp.ts'

export type MqttAddress = Readonly<{
  host: string
  port: number // 0: any free one
  tls?: Readonly<{ cert: Buffer; key: Buffer }>
}>

export type MqttTransport = Readonly<{
  /** Answers the port. Rejects with the system's own error when it cannot be had. */
  listen: (address: MqttAddress) => Promise<number>
  /** A no is counted: whoever asks has somebody to refuse. */
  hasRoom: (address: string) => boolean
  /** Serves what came in another way, when there is room. */
  accept: (line: Line, address: string) => void
  connections: () => number
  /** Bytes that are held for clients that have not taken them. */
  queuedBytes: () => number
  stop: () => Promise<void>
}>

export type MqttOptions = Omit<
  House,
  'limits' | 'roster' | 'retained' | 'stock' | 'signIn' | 'clients' | 'pending'
> &
  Omit<SignInOptions, 'passwordSessionMs'> &
  Readonly<{ settings?: Partial<MqttLimits> }>

const SWEEP_ROWS = 1_000
const LINE = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 30_000 } as const

export const createMqtt = (options: MqttOptions): MqttTransport => {
  const limits: MqttLimits = { ...MQTT_LIMITS, ...options.settings }
  const given = { ...options, limits }
  const clients = new Set<Client>()
  const house: House = {
    ...given,
    clients,
    pending: createCounter(),
    roster: createRoster<Client>(limits),
    retained: createRetainedReader(given),
    stock: createStock({ ...given, tell: offerStock }),
    signIn: createSignIn({ ...options, passwordSessionMs: limits.passwordSessionMs }),
  }
  const servers: Server[] = []
  const upkeep = startUpkeep(house)
  let isStopped = false

  const hasRoom = (address: string): boolean => {
    const reason = isStopped ? 'stopped' : limitReached(house, address)
    if (reason === undefined) return true
    options.metrics.count('pawtrail_feed_refused_total', 1, { transport: 'mqtt', reason })
    return false
  }

  const onSocket = (socket: Socket): void => {
    const address = networkOf(socket.remoteAddress ?? '')
    if (!hasRoom(address)) return void socket.destroy()
    serve(house, { wire: TCP, socket, ws: undefined }, address)
  }

  return {
    hasRoom,
    accept: (line, address) => serve(house, line, address),
    listen: ({ host, port, tls }) =>
      new Promise((resolve, reject) => {
        const line = { ...LINE, highWaterMark: limits.unsentBytes }
        const server =
          tls === undefined
            ? createTcpServer(line, onSocket)
            : createTlsServer({ ...tls, ...line }, (socket) => {
                limitUnsent(socket, limits.unsentBytes)
                onSocket(socket)
              })
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
    connections: () => clients.size,
    queuedBytes: () => [...clients].reduce((sum, each) => sum + heldBytes(each), 0),
    stop: async () => {
      isStopped = true
      for (const server of servers) server.close()
      const leaving = [...clients].map((client) => {
        end(client, REASON.shuttingDown)
        return whenLeft(client)
      })
      await Promise.all(leaving)
      await upkeep.stop()
    },
  }
}

/** Beyond the limit of those that are let in, as many may be on their way in: not all of them of one address. */
const limitReached = ({ clients, pending, limits }: House, address: string): string | undefined => {
  if (clients.size >= limits.connections * 2) return 'total_limit'
  return pending.count(address) < limits.pendingPerAddress ? undefined : 'pending_limit'
}

/**
 * Looks at deadlines, stores what moved, and ends sessions whose time is over. A round of storing that
 * takes long is not overtaken.
 */
const startUpkeep = ({ limits, sessions, logger, clock, clients }: House) => {
  let sweptAtMs = clock()
  let round: Promise<void> | undefined

  const saveAll = async (): Promise<void> => {
    const waiting = [...clients]
    const work = async (): Promise<void> => {
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) await save(next)
    }
    await Promise.all(Array.from({ length: limits.concurrentSaves }, work))
    if (clock() - sweptAtMs < limits.sweepIntervalMs) return
    sweptAtMs = clock()
    await sessions.removeExpired(SWEEP_ROWS)
  }

  const watching = setInterval(() => {
    for (const client of clients) watch(client)
  }, limits.watchIntervalMs)
  const saving = setInterval(() => {
    round ??= saveAll()
      .catch((cause: unknown) => logger.warn({ cause }, 'MQTT sessions could not be stored'))
      .finally(() => (round = undefined))
  }, limits.saveIntervalMs)
  watching.unref()
  saving.unref()
  return {
    stop: async (): Promise<void> => {
      clearInterval(watching)
      clearInterval(saving)
      await round
    },
  }
}
