// LISTEN on one dedicated connection, shared by all who listen. PgBouncer's transaction mode would
// break it: the URL must lead to the server itself.
import { Fault } from '../../core/fault.ts'
import type { Logger } from '../../core/logger.ts'
import type { Notifications } from '../../core/notifications.ts'
import { clientConfig } from './connection.ts'
import { openSession, type Session } from './event-store/session.ts'

export type NotificationsOptions = Readonly<{ url: string; role?: string; logger: Logger }>

const STATEMENT_TIMEOUT_MS = 5_000
const RECONNECT_DELAY_MS = 50
const MAX_RECONNECT_DELAY_MS = 2_000
const CHANNEL = /^[a-z_][a-z0-9_]{0,62}$/

type Listeners = Map<string, Set<(payload: string) => void>>

export const createNotifications = (
  options: NotificationsOptions,
): Notifications & Readonly<{ close(): Promise<void> }> => {
  const listeners: Listeners = new Map()
  let session: Session | undefined
  let isClosed = false
  return {
    listen: async (channel, onSignal) => {
      if (!CHANNEL.test(channel)) throw new RangeError(`not a plain channel name: ${channel}`)
      if (isClosed) throw new Fault('database_unavailable', 'notifications are closed')
      session ??= openListenSession(options, listeners)
      const opened = session
      await addListener({ session: opened, listeners, channel, onSignal })
      return () => removeListener({ session: opened, listeners, channel, onSignal })
    },
    close: async () => {
      isClosed = true
      listeners.clear()
      await session?.close()
    },
  }
}

const openListenSession = (options: NotificationsOptions, listeners: Listeners): Session => {
  let wasReady = false
  return openSession({
    config: clientConfig({
      ...options,
      applicationName: 'pawtrail notifications',
      statementTimeoutMs: STATEMENT_TIMEOUT_MS,
    }),
    name: 'notifications',
    reconnectDelayMs: RECONNECT_DELAY_MS,
    maxReconnectDelayMs: MAX_RECONNECT_DELAY_MS,
    logger: options.logger,
    prepare: async (client) => {
      client.on('notification', ({ channel, payload }) => signal(listeners, channel, payload ?? ''))
      for (const channel of listeners.keys()) await client.query(`listen ${channel}`)
    },
    onReady: () => {
      if (wasReady) for (const channel of listeners.keys()) signal(listeners, channel, '')
      wasReady = true
    },
  })
}

const signal = (listeners: Listeners, channel: string, payload: string): void => {
  for (const onSignal of [...(listeners.get(channel) ?? [])]) onSignal(payload)
}

type Listening = Readonly<{
  session: Session
  listeners: Listeners
  channel: string
  onSignal: (payload: string) => void
}>

// Entered before it is awaited: a connection that is made meanwhile listens for it too, and LISTEN
// twice is one.
const addListener = async (listening: Listening): Promise<void> => {
  const { session, listeners, channel, onSignal } = listening
  const callbacks = listeners.get(channel) ?? new Set()
  callbacks.add(onSignal)
  listeners.set(channel, callbacks)
  try {
    await session.ready.catch(() => {})
    const client = session.client()
    if (client === undefined) throw new Error('not connected')
    await client.query(`listen ${channel}`)
  } catch (error) {
    await removeListener(listening)
    throw new Fault('database_unavailable', `cannot listen on ${channel}`, { cause: error })
  }
}

const removeListener = async (listening: Listening): Promise<void> => {
  const { session, listeners, channel, onSignal } = listening
  const callbacks = listeners.get(channel)
  callbacks?.delete(onSignal)
  if (callbacks === undefined || callbacks.size > 0) return
  listeners.delete(channel)
  // A connection that is just breaking has stopped listening anyhow.
  await session
    .client()
    ?.query(`unlisten ${channel}`)
    .catch(() => {})
}
