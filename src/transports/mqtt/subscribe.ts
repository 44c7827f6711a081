// What SUBSCRIBE asks of a session, filter by filter: granted, and from where on, or refused with a reason.
import type { Position } from '../../core/event.ts'
import { maySubscribe } from './access.ts'
import type { Client, House } from './client.ts'
import { REASON } from './packets.ts'
import { byFilter, drop, keep } from './session.ts'
import {
  createSubscription,
  type Flow,
  openPlace,
  renew,
  start,
  tellCheckpoint,
} from './subscription.ts'
import { levelsOf } from './topic-filter.ts'
import { CHECKPOINT_TOPIC } from './topics.ts'
import { type TopicFilter, topicFilterOf } from './wanted.ts'

/** `handling`: of retained state when the filter is subscribed to, as MQTT 5 numbers it. */
export type Asked = Flow & Readonly<{ filter: string; handling: number; after: string | undefined }>

export type Granted = Readonly<{ code: number; reason?: string; start?: () => void }>

/** Nothing is sent before `start` of what was granted. */
export const subscribe = (client: Client, asked: Asked): Granted => {
  const { limits } = client.house
  if (asked.filter === CHECKPOINT_TOPIC) return beginCheckpoints(client, asked)
  const tooLong = asked.filter.length > limits.filterCharacters
  if (tooLong || levelsOf(asked.filter).length > limits.filterLevels) {
    return { code: REASON.filterInvalid, reason: 'the topic filter is too long' }
  }
  const parsed = topicFilterOf(asked.filter)
  if (parsed.kind !== 'wanted') return REFUSALS[parsed.kind]
  const { wanted } = parsed
  if (!maySubscribe(client, wanted.tenantId, wanted.levels)) return NOT_GRANTED
  const present = byFilter(client, asked.filter)
  if (present === undefined || asked.after !== undefined) return begin(client, asked, wanted)
  const isSnapshotWanted = asked.handling === 0 && wanted.after === undefined && wanted.isRetained
  return { code: asked.qos, start: () => renew(present, asked, isSnapshotWanted) }
}

/** False: it was not subscribed to. */
export const unsubscribe = (client: Client, filter: string): boolean => {
  if (filter !== CHECKPOINT_TOPIC) return drop(client, filter)
  const were = client.checkpoints !== undefined
  client.checkpoints = undefined
  return were
}

const beginCheckpoints = (client: Client, { id }: Asked): Granted => {
  client.checkpoints = id === undefined ? {} : { id }
  const tellAll = () => {
    for (const each of client.subscriptions) tellCheckpoint(each)
  }
  return { code: 0, start: tellAll }
}

const begin = (client: Client, asked: Asked, wanted: TopicFilter): Granted => {
  const { house, subscriptions } = client
  if (
    byFilter(client, asked.filter) === undefined &&
    subscriptions.length >= house.limits.subscriptions
  ) {
    return { code: REASON.quotaExceeded, reason: 'too many subscriptions' }
  }
  const after = asked.after ?? wanted.after
  const position = beginningOf(after, wanted, house)
  if (typeof position === 'string') return { code: REASON.specificError, reason: position }
  const { qos, retainAsPublished, id, handling } = asked
  // Whoever says from where has a state already, and gets every change since.
  const needsSnapshot = after === undefined && handling < 2 && wanted.isRetained
  const anew = { qos, retainAsPublished, id, sentUpTo: 0, inFlight: [], needsSnapshot }
  const subscription = createSubscription(client, wanted, anew, position)
  const refusal = openPlace(subscription)
  if (refusal !== undefined) return { code: REASON.quotaExceeded, reason: refusal }
  keep(client, subscription)
  return { code: qos, start: () => start(subscription) }
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
const beginningOf = (
  after: string | undefined,
  { tenantId, isRetained }: TopicFilter,
  { feed, cursors, application }: House,
): Position | string => {
  if (after === 'now') return feed.head()
  if (after === 'earliest') return 0
  if (after === undefined) {
    // What the read model does not show yet follows from the log: no hole between the two.
    return isRetained ? application.readModel.position() : feed.head()
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
