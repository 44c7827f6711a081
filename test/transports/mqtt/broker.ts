// A broker that we did not write (aedes) on a port of its own, which remembers what was published to
// it: across its restarts, and in the order in which it came.
import { createServer, type Server, type Socket } from 'node:net'
import { Aedes, type AedesOptions } from 'aedes'
import type { Test } from 'tap'
import { until } from '../feed/harness.ts'

export type Taken = Readonly<{ topic: string; text: string; retain: boolean; qos: number }>

export type TestBroker = Readonly<{
  port: number
  url: string
  taken: Taken[]
  topics: () => readonly string[]
  clients: () => number
  /** Resolves when what was published so far says so. */
  until: (holds: (taken: readonly Taken[]) => boolean, what: string) => Promise<void>
  stop: () => Promise<void>
  start: () => Promise<void>
  /** Cuts all connections, without goodbye. */
  cut: () => void
}>

export const testBroker = async (
  t: Test,
  options: Partial<AedesOptions> &
    Readonly<{ serve?: (handle: (socket: Socket) => void) => Server }> = {},
): Promise<TestBroker> => {
  const { serve = (handle) => createServer(handle), ...settings } = options
  const taken: Taken[] = []
  const sockets = new Set<Socket>()
  let port = 0
  let broker: Aedes | undefined
  let server: Server | undefined

  const start = async (): Promise<void> => {
    const made = await Aedes.createBroker(settings)
    made.on('publish', ({ topic, payload, retain, qos }, client) => {
      if (client !== null) taken.push({ topic, text: payload.toString(), retain, qos })
    })
    const listening = serve(made.handle)
    listening.on('connection', (socket) => {
      sockets.add(socket)
      socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    })
    await new Promise<void>((resolve) => listening.listen(port, '127.0.0.1', resolve))
    const address = listening.address()
    port = typeof address === 'object' && address !== null ? address.port : port
    broker = made
    server = listening
  }
  const cut = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  const stop = async (): Promise<void> => {
    const stopping = server
    server = undefined
    cut()
    await new Promise<void>((resolve) =>
      stopping === undefined ? resolve() : stopping.close(() => resolve()),
    )
    await new Promise<void>((resolve) =>
      broker === undefined ? resolve() : broker.close(() => resolve()),
    )
    broker = undefined
  }
  await start()
  t.teardown(stop)
  return {
    port,
    url: `mqtt://127.0.0.1:${String(port)}`,
    taken,
    topics: () => taken.map(({ topic }) => topic),
    clients: () => broker?.connectedClients ?? 0,
    until: (holds, what) => until(() => holds(taken), what),
    stop,
    start,
    cut,
  }
}
