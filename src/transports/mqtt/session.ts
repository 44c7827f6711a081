// A client's subscriptions, while it is connected: taken up from what was stored, changed by
// SUBSCRIBE and UNSUBSCRIBE, and stored again. The connection owns it; the log is its queue.
import type { Application } from '../../application.ts'
import type { CursorCodec } from '../../core/cursor.ts'
import type { Position } from '../../core/event.ts'
import type { TenantId } from '../../core/ids.ts'
import type { Logger } from '../../core/logger.ts'
import type { Feed } from '../feed/types.ts'
import type { Access } from './access.ts'
import type { MqttLimits } from './limits.ts'
import type { Outlet } from './outlet.ts'
import { checkpointMessage, type FilterCheckpoint } from './messages.ts'
import { REASON } from './packets.ts'
import { hasRetained, readStock, type RetainedReader } from './retained.ts'
import type { Stock } from './stock.ts'
import type { StoredSession, StoredSubscription } from './stored-session.ts'
import { createSubscription, type Flow, type SessionSubscription } from './subscription.ts'
import { levelsOf } from './topic-filter.ts'
import { CHECKPOINT_TOPIC, parseWanted, type Wanted, wantsStock } from './topics.ts'

export type SessionParts = Readonly<{
  application: Pick<Application, 'pets' | 'orders' | 'adoptions' | 'readModel'>
  feed: Feed
  cursors: CursorCodec
  retained: RetainedReader
  stock: Stock
  limits: MqttLimits
  logger: Logger
}>

export type SessionOptions = Readonly<{
  parts: SessionParts
  access: Access
  outlet: Outlet
  principal: string
  /** Ends the connection. */
  end: (reasonCode: number) => void
}>

/** `handling`: of retained state when the filter is subscribed to, as MQTT 5 numbers it. */
export type Asked = Flow & Readonly<{ filter: string; handling: number; after: string | undefined }>

export type Granted = Readonly<{ code: number; reason?: string; start?: () => void }>

export type Session = Readonly<{
  /** False: it cannot be served as it was stored; it begins anew. */
  resume: (stored: StoredSession) => boolean
  /** Sends what was resumed. */
  start: () => void
  /** Nothing is sent before `start` of what was granted. */
  subscribe: (asked: Asked) => Granted
  unsubscribe: (filter: string) => boolean
  pump: () => void
  /** All that was granted would be granted to this one as well, and shows it the same. */
  isWithin: (access: Access) => boolean
  queuedBytes: () => number
  stored: () => StoredSession
  close: () => void
}>

type Held = Readonly<{
  options: SessionOptions
  subscriptions: Map<string, SessionSubscription>
  stockListeners: Map<TenantId, () => void>
}> & {
  checkpoints: StoredSession['checkpoints'] // undefined: they are not told
  turn: Promise<unknown>
}

export const createSession = (options: SessionOptions): Session => {
  const held: Held = {
    ...{ options, subscriptions: new Map(), stockListeners: new Map() },
    ...{ checkpoints: undefined, turn: Promise.resolve() },
  }
  const { subscriptions, stockListeners } = held
  const { outlet } = options
  const { logger } = options.parts

  return {
    resume: (stored) => resume(held, stored),
    start() {
      for (const subscription of subscriptions.values()) subscription.start()
      if (stockListeners.size === 0) return
      // What changed while it was away is not in the log: the newest count says all.
      tellStock(held).catch((cause: unknown) => {
        logger.warn({ cause }, 'the stock could not be told')
      })
    },
    subscribe: (asked) => subscribe(held, asked),
    unsubscribe(filter) {
      if (filter === CHECKPOINT_TOPIC) return endCheckpoints(held)
      subscriptions.get(filter)?.close()
      return subscriptions.delete(filter)
    },
    pump() {
      for (const subscription of subscriptions.values()) subscription.pump()
    },
    isWithin: (access) => isWithin(held, access),
    queuedBytes: () =>
      [...subscriptions.values()].reduce((sum, each) => sum + each.queuedBytes(), 0),
    stored: () => ({
      nextId: outlet.nextId(),
      ...(held.checkpoints === undefined ? {} : { checkpoints: held.checkpoints }),
      subscriptions: [...subscriptions.values()].map((subscription) => subscription.stored()),
    }),
    close: () => closeAll(held),
  }
}

const add = (
  held: Held,
  stored: StoredSubscription,
  wanted: Wanted,
  position: Position,
): SessionSubscription => {
  const { parts, access, outlet, principal, end } = held.options
  const { application, feed, cursors, limits, logger, retained } = parts
  return createSubscription({
    ...{ wanted, stored, position, outlet, access, feed, cursors, logger },
    ...{ retained, principal, end },
    shows: (at) => application.readModel.waitFor(at, limits.readModelTimeoutMs),
    checkpointTo: () => checkpointTo(held),
    inTurn: (work) => {
      const done = held.turn.then(work)
      held.turn = done.catch(() => {}) // told by who asked for it
      return done
    },
  })
}

/** At QoS 0: a lost one is followed by a newer one. */
const checkpointTo = ({ checkpoints, options }: Held) => {
  if (checkpoints === undefined) return undefined
  const { id } = checkpoints
  const sending = { qos: 0, retain: false, dup: false, onDone: () => {} } as const
  return (checkpoint: FilterCheckpoint): void => {
    const more = id === undefined ? {} : { subscriptionId: id }
    options.outlet.publish(checkpointMessage(checkpoint), { ...sending, ...more })
  }
}

const beginCheckpoints = (held: Held, { id }: Asked): Granted => {
  held.checkpoints = id === undefined ? {} : { id }
  const start = () => {
    for (const subscription of held.subscriptions.values()) subscription.tellCheckpoint()
  }
  return { code: 0, start }
}

const endCheckpoints = (held: Held): boolean => {
  const were = held.checkpoints !== undefined
  held.checkpoints = undefined
  return were
}

const isWithin = ({ options, subscriptions }: Held, access: Access): boolean =>
  [...subscriptions.values()].every(
    ({ wanted: { tenantId, levels } }) =>
      access.maySubscribe(tenantId, levels) &&
      access.visibilityOf(tenantId) === options.access.visibilityOf(tenantId),
  )

const keep = (held: Held, filter: string, subscription: SessionSubscription): void => {
  const { options, subscriptions, stockListeners } = held
  subscriptions.get(filter)?.close()
  subscriptions.set(filter, subscription)
  const { tenantId, relative } = subscription.wanted
  if (!wantsStock(relative) || stockListeners.has(tenantId)) return
  const offer = (message: Parameters<SessionSubscription['offerState']>[0]) => {
    for (const each of subscriptions.values()) {
      if (each.wanted.tenantId === tenantId) each.offerState(message)
    }
  }
  stockListeners.set(tenantId, options.parts.stock.listen(tenantId, offer))
}

const resume = (held: Held, stored: StoredSession): boolean => {
  const { parts, access, end } = held.options
  held.checkpoints = stored.checkpoints
  for (const each of stored.subscriptions) {
    const parsed = parseWanted(each.filter)
    if (parsed.kind !== 'wanted') continue
    const { tenantId, levels } = parsed.wanted
    if (!access.maySubscribe(tenantId, levels)) continue
    const at = parts.cursors.decode(tenantId, each.cursor)
    if (at.kind !== 'position') {
      closeAll(held)
      held.subscriptions.clear()
      return false
    }
    const subscription = add(held, each, parsed.wanted, at.position)
    keep(held, each.filter, subscription)
    if (subscription.open() !== undefined) end(REASON.specificError)
  }
  return true
}

const subscribe = (held: Held, asked: Asked): Granted => {
  const { parts, access } = held.options
  if (asked.filter === CHECKPOINT_TOPIC) return beginCheckpoints(held, asked)
  const tooLong = asked.filter.length > parts.limits.filterCharacters
  if (tooLong || levelsOf(asked.filter).length > parts.limits.filterLevels) {
    return { code: REASON.filterInvalid, reason: 'the topic filter is too long' }
  }
  const parsed = parseWanted(asked.filter)
  if (parsed.kind !== 'wanted') return REFUSALS[parsed.kind]
  const { wanted } = parsed
  if (!access.maySubscribe(wanted.tenantId, wanted.levels)) return NOT_GRANTED
  const present = held.subscriptions.get(asked.filter)
  if (present === undefined || asked.after !== undefined) return subscribeAnew(held, asked, wanted)
  const { filter: _filter, handling, after: _after, ...flow } = asked
  const isSnapshotWanted =
    handling === 0 && wanted.after === undefined && hasRetained(wanted.relative)
  return { code: asked.qos, start: () => present.renew(flow, isSnapshotWanted) }
}

const subscribeAnew = (held: Held, asked: Asked, wanted: Wanted): Granted => {
  const { options, subscriptions } = held
  const { parts } = options
  if (!subscriptions.has(asked.filter) && subscriptions.size >= parts.limits.subscriptions) {
    return { code: REASON.quotaExceeded, reason: 'too many subscriptions' }
  }
  const after = asked.after ?? wanted.after
  const start = startOf(after, wanted, parts)
  if (typeof start === 'string') return { code: REASON.specificError, reason: start }
  const { filter, handling, after: _after, ...flow } = asked
  const stored: StoredSubscription = {
    ...{ ...flow, filter, inFlight: [], sentUpTo: 0 },
    cursor: parts.cursors.encode(wanted.tenantId, start),
    // Whoever says from where has a state already, and gets every change since.
    needsSnapshot: after === undefined && handling < 2 && hasRetained(wanted.relative),
  }
  const subscription = add(held, stored, wanted, start)
  const refusal = subscription.open()
  if (refusal !== undefined) return { code: REASON.quotaExceeded, reason: refusal }
  keep(held, filter, subscription)
  return { code: asked.qos, start: subscription.start }
}

const tellStock = async ({ options, subscriptions, stockListeners }: Held): Promise<void> => {
  for (const tenantId of stockListeners.keys()) {
    const messages = await readStock({ ...options.parts, tenantId })
    for (const { wanted, offerState } of subscriptions.values()) {
      if (wanted.tenantId === tenantId) for (const message of messages) offerState(message)
    }
  }
}

/** The subscriptions stay, to be stored. */
const closeAll = ({ subscriptions, stockListeners }: Held): void => {
  for (const subscription of subscriptions.values()) subscription.close()
  for (const stop of stockListeners.values()) stop()
  stockListeners.clear()
}

const NOT_GRANTED: Granted = {
  code: REASON.notAuthorized,
  reason: 'the filter reaches beyond what this client may see',
}

const REFUSALS = {
  invalid: { code: REASON.filterInvalid, reason: 'not a topic filter' },
  shared_subscription: {
    code: REASON.sharedUnsupported,
    reason: 'shared subscriptions are not served',
  },
  many_tenants: NOT_GRANTED,
} as const satisfies Readonly<Record<string, Granted>>

/** Where a subscription begins, or why it cannot. */
const startOf = (
  after: string | undefined,
  { tenantId, relative }: Wanted,
  { feed, cursors, application }: SessionParts,
): Position | string => {
  if (after === 'now') return feed.head()
  if (after === 'earliest') return 0
  if (after === undefined) {
    // What the read model does not show yet follows from the log: no hole between the two.
    return hasRetained(relative) ? application.readModel.position() : feed.head()
  }
  const decoded = cursors.decode(tenantId, after)
  switch (decoded.kind) {
    case 'position':
      return decoded.position
    case 'other_epoch':
      return 'gap: the cursor is of a log that was restored since; begin with earliest or now'
    case 'invalid':
      return 'the cursor is not one of this feed and tenant'
  }
}
