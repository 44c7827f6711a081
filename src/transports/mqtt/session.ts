// A client's subscriptions, while it is connected: taken up from what was stored, changed by
// SUBSCRIBE and UNSUBSCRIBE, and stored again. The log is their queue.
import type { TenantId } from '../../core/ids.ts'
import { maySubscribe, type Reader, visibilityOf } from './access.ts'
import { type Client, NO_SUBSCRIPTIONS, NO_TENANTS, type SessionSubscription } from './client.ts'
import { end } from './line.ts'
import type { Message } from './messages.ts'
import { REASON } from './packets.ts'
import { readStock } from './retained.ts'
import type { StoredSession } from './stored-session.ts'
import {
  close,
  createSubscription,
  offerState,
  openPlace,
  pump,
  queuedBytes,
  start,
  storedOf,
} from './subscription.ts'
import { topicFilterOf } from './wanted.ts'

/** False: it cannot be served as it was stored; it begins anew. */
export const resume = (client: Client, stored: StoredSession): boolean => {
  const { cursors } = client.house
  client.nextId = stored.nextId
  client.checkpoints = stored.checkpoints
  for (const each of stored.subscriptions) {
    const parsed = topicFilterOf(each.filter)
    if (parsed.kind !== 'wanted') continue
    const { tenantId, levels } = parsed.wanted
    if (!maySubscribe(client, tenantId, levels)) continue
    const at = cursors.decode(tenantId, each.cursor)
    if (at.kind !== 'position') {
      closeSession(client)
      client.subscriptions = NO_SUBSCRIPTIONS
      return false
    }
    const subscription = createSubscription(client, parsed.wanted, each, at.position)
    keep(client, subscription)
    if (openPlace(subscription) !== undefined) end(client, REASON.specificError)
  }
  return true
}

/** Sends what was resumed. */
export const startSession = (client: Client): void => {
  for (const each of client.subscriptions) start(each)
  if (client.stockOf.length === 0) return
  // What changed while it was away is not in the log: the newest count says all.
  tellStock(client).catch((cause: unknown) => {
    client.house.logger.warn({ cause }, 'the stock could not be told')
  })
}

/** In the place of the one with the same filter, which is closed. */
export const keep = (client: Client, subscription: SessionSubscription): void => {
  const { subscriptions, stockOf, house } = client
  const { text, tenantId, isOfStock } = subscription.wanted
  const former = byFilter(client, text)
  if (former === undefined) client.subscriptions = subscriptions.concat(subscription)
  else {
    close(former)
    client.subscriptions = subscriptions.map((each) => (each === former ? subscription : each))
  }
  if (!isOfStock || stockOf.includes(tenantId)) return
  client.stockOf = stockOf.concat(tenantId)
  house.stock.listen(tenantId, client)
}

/** False: there was none. */
export const drop = (client: Client, filter: string): boolean => {
  const present = byFilter(client, filter)
  if (present === undefined) return false
  close(present)
  client.subscriptions = client.subscriptions.filter((each) => each !== present)
  return true
}

export const byFilter = ({ subscriptions }: Client, filter: string) =>
  subscriptions.find(({ wanted }) => wanted.text === filter)

/** There may be room again. */
export const pumpAll = ({ subscriptions }: Client): void => {
  for (const each of subscriptions) pump(each)
}

/** All that was granted to the client would be granted to the reader as well, and shows it the same. */
export const isWithin = (client: Client, reader: Reader): boolean =>
  client.subscriptions.every(
    ({ wanted: { tenantId, levels } }) =>
      maySubscribe(reader, tenantId, levels) &&
      visibilityOf(reader, tenantId) === visibilityOf(client, tenantId),
  )

/** Bytes that are held for a client that has not taken them. */
export const heldBytes = ({ socket, subscriptions }: Client): number =>
  subscriptions.reduce((sum, each) => sum + queuedBytes(each), socket.writableLength)

export const storedSession = ({ nextId, checkpoints, subscriptions }: Client): StoredSession => ({
  nextId,
  ...(checkpoints === undefined ? {} : { checkpoints }),
  subscriptions: subscriptions.map(storedOf),
})

/** The subscriptions stay, to be stored. */
export const closeSession = (client: Client): void => {
  for (const each of client.subscriptions) close(each)
  for (const tenantId of client.stockOf) client.house.stock.leave(tenantId, client)
  client.stockOf = NO_TENANTS
}

/** What has changed in the stock of a tenant. */
export const offerStock = (client: Client, tenantId: TenantId, message: Message): void => {
  for (const each of client.subscriptions) {
    if (each.wanted.tenantId === tenantId) offerState(each, message)
  }
}

const tellStock = async (client: Client): Promise<void> => {
  for (const tenantId of client.stockOf) {
    const messages = await readStock({ ...client.house, tenantId })
    for (const message of messages) offerStock(client, tenantId, message)
  }
}
