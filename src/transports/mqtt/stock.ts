// The stock of species, told when it changes. It is counted by the read model and said by no event,
// so one watcher a tenant follows the pets' events, asks again shortly after, and tells what moved.
import type { Application } from '../../application.ts'
import type { CursorCodec } from '../../core/cursor.ts'
import type { Position } from '../../core/event.ts'
import type { TenantId } from '../../core/ids.ts'
import type { Logger } from '../../core/logger.ts'
import { compileFilter } from '../feed/filter.ts'
import type { Feed, Framing, Sink } from '../feed/types.ts'
import type { MqttLimits } from './limits.ts'
import type { Message } from './messages.ts'
import { readStock } from './retained.ts'

export type Stock<Listener> = Readonly<{
  /** It is told from now on what changes in the stock of this tenant. */
  listen: (tenantId: TenantId, listener: Listener) => void
  leave: (tenantId: TenantId, listener: Listener) => void
}>

export type StockOptions<Listener> = Readonly<{
  tell: (listener: Listener, tenantId: TenantId, message: Message) => void
  application: Pick<Application, 'pets' | 'orders' | 'adoptions' | 'readModel'>
  feed: Feed
  cursors: CursorCodec
  limits: Pick<MqttLimits, 'stockDelayMs' | 'readModelTimeoutMs'>
  logger: Logger
}>

type Watcher<Listener> = Readonly<{ listeners: Set<Listener>; stop: () => void }>

const EMPTY = Buffer.alloc(0)
const FRAMING: Framing = { name: 'mqtt-stock', event: () => EMPTY }
const PRINCIPAL = 'stock'

export const createStock = <Listener>(options: StockOptions<Listener>): Stock<Listener> => {
  const watchers = new Map<TenantId, Watcher<Listener>>()
  return {
    listen(tenantId, listener) {
      const watcher = watchers.get(tenantId) ?? startWatcher(options, tenantId)
      watchers.set(tenantId, watcher)
      watcher.listeners.add(listener)
    },
    leave(tenantId, listener) {
      const watcher = watchers.get(tenantId)
      if (watcher?.listeners.delete(listener) !== true || watcher.listeners.size > 0) return
      watchers.delete(tenantId)
      watcher.stop()
    },
  }
}

const startWatcher = <Listener>(
  options: StockOptions<Listener>,
  tenantId: TenantId,
): Watcher<Listener> => {
  const { application, feed, limits, logger } = options
  const listeners = new Set<Listener>()
  const known = new Map<string, string>()
  let changedAt: Position = 0
  let timer: NodeJS.Timeout | undefined
  let isStopped = false

  const tell = async (): Promise<void> => {
    const upTo = changedAt
    await application.readModel.waitFor(upTo, limits.readModelTimeoutMs)
    for (const message of await readStock({ ...options, tenantId })) {
      const { available } = JSON.parse(message.payload.toString()) as { available: number }
      const text = String(available)
      if (known.get(message.topic) === text) continue
      known.set(message.topic, text)
      for (const listener of listeners) options.tell(listener, tenantId, message)
    }
    if (changedAt > upTo) plan()
  }

  const plan = (): void => {
    if (isStopped) return
    timer = setTimeout(() => {
      tell()
        .catch((cause: unknown) => logger.warn({ cause }, 'the stock could not be counted'))
        .finally(() => (timer = undefined))
    }, limits.stockDelayMs)
    timer.unref()
  }

  const place = feed.subscribe({
    ...{ tenantId, after: feed.head(), transport: 'mqtt', principal: PRINCIPAL },
    visibility: 'staff',
    filter: petsFilter(),
    sink: watchingSink((position) => {
      changedAt = position
      if (timer === undefined) plan()
    }),
  })
  if (place.kind === 'refused') logger.warn({ reason: place.reason }, 'the stock is not followed')
  return {
    listeners,
    stop: () => {
      isStopped = true
      clearTimeout(timer)
      if (place.kind === 'subscribed') place.subscription.close('cancelled')
    },
  }
}

const petsFilter = () => {
  const compiled = compileFilter({ types: ['pet.*'] })
  if (compiled.kind === 'invalid') throw new Error(compiled.message)
  return compiled.filter
}

const watchingSink = (onEvent: (position: Position) => void): Sink => ({
  framing: FRAMING,
  write: (_frame, event) => {
    onEvent(event.position)
    return true
  },
  checkpoint: () => true,
  heartbeat: () => true,
  lag: () => true,
  onDrain: () => {},
  cork: () => {},
  uncork: () => {},
  close: () => {},
})
