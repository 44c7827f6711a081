// One dedicated connection that comes back by itself: it reconnects at once when it breaks, then
// with growing pauses.
import pg from 'pg'
import type { Logger } from '../../../core/logger.ts'

export type SessionOptions = Readonly<{
  config: pg.ClientConfig
  name: string // for the log
  reconnectDelayMs: number
  maxReconnectDelayMs: number
  logger: Logger
  /** Runs on each new connection before it is ready; one on which it throws is given up. */
  prepare?: (client: pg.Client) => Promise<void>
  onReady?: () => void
}>

export type Session = Readonly<{
  /** The connection, or undefined while there is none. */
  client(): pg.Client | undefined
  /** True from a failed attempt to connect until one succeeds. */
  isFailing(): boolean
  /** Resolves with the first connection; rejects when the first attempt fails, others follow. */
  ready: Promise<void>
  /** Gives up a connection whose state is in doubt and makes a new one. */
  drop(client: pg.Client): void
  close(): Promise<void>
}>

type State = {
  current: pg.Client | undefined
  connecting: pg.Client | undefined
  timer: NodeJS.Timeout | undefined
  delayMs: number
  isFailing: boolean
  isClosed: boolean
}

export const openSession = (options: SessionOptions): Session => {
  const state: State = {
    current: undefined,
    connecting: undefined,
    timer: undefined,
    delayMs: options.reconnectDelayMs,
    isFailing: false,
    isClosed: false,
  }
  const ready = attempt(options, state)
  ready.catch(() => {}) // whoever awaits it hears of it; nobody has to
  return {
    client: () => state.current,
    isFailing: () => state.isFailing,
    ready,
    drop: (client) => lose(options, state, client),
    close: async () => {
      state.isClosed = true
      clearTimeout(state.timer)
      if (state.connecting !== undefined) abandon(state.connecting)
      const client = state.current
      state.current = undefined
      await client?.end().catch(() => {})
    },
  }
}

const attempt = async (options: SessionOptions, state: State): Promise<void> => {
  const client = new pg.Client(options.config)
  client.on('error', (error) => {
    options.logger.warn({ session: options.name, error: error.message }, 'database session broke')
    lose(options, state, client)
  })
  client.on('end', () => lose(options, state, client))
  state.connecting = client
  try {
    await client.connect()
    await options.prepare?.(client)
  } catch (error) {
    abandon(client)
    state.connecting = undefined
    state.isFailing = true
    retryLater(options, state)
    throw error
  }
  state.connecting = undefined
  if (state.isClosed) return abandon(client)
  state.current = client
  state.isFailing = false
  state.delayMs = options.reconnectDelayMs
  options.onReady?.()
}

const lose = (options: SessionOptions, state: State, client: pg.Client): void => {
  if (state.current !== client) return
  state.current = undefined
  abandon(client)
  if (state.isClosed) return
  attempt(options, state).catch((error: unknown) => {
    options.logger.warn({ session: options.name, error: String(error) }, 'reconnecting failed')
  })
}

const retryLater = (options: SessionOptions, state: State): void => {
  if (state.isClosed) return
  state.timer = setTimeout(() => {
    attempt(options, state).catch((error: unknown) => {
      options.logger.debug({ session: options.name, error: String(error) }, 'reconnecting failed')
    })
  }, state.delayMs)
  state.timer.unref()
  state.delayMs = Math.min(state.delayMs * 2, options.maxReconnectDelayMs)
}

// Destroyed and not ended politely: a server that went silent would never answer the goodbye.
const abandon = (client: pg.Client): void => {
  const { connection } = client as unknown as { connection: { stream: { destroy(): void } } }
  connection.stream.destroy()
}
