// States of topics, which no event says: what is retained, sent when a filter is subscribed to, and the
// stock, sent when it changes.
import type { Client, SessionSubscription } from './client.ts'
import { isOver, mayReceive } from './access.ts'
import { end } from './line.ts'
import type { Message } from './messages.ts'
import { hasRoom, publish } from './outlet.ts'
import { REASON } from './packets.ts'
import { matchesTopic } from './topic-filter.ts'

type Pump = (subscription: SessionSubscription) => void

/** Newest of each topic; it waits for room by overwriting what waits. */
export const keepState = (subscription: SessionSubscription, message: Message): boolean => {
  const { client, wanted } = subscription
  if (subscription.isClosed || !wanted.isOfStock) return false
  if (!matchesTopic(wanted.relative, message.relative)) return false
  if (!mayReceive(client, wanted.tenantId, message.relative)) return false
  subscription.states ??= new Map()
  subscription.states.set(message.topic, message)
  return true
}

/** As many as there is room for. False: there are more. */
export const sendStates = (subscription: SessionSubscription): boolean => {
  const { client, states, qos, retainAsPublished } = subscription
  if (states === undefined) return true
  for (const [topic, message] of states) {
    if (!hasRoom(client, qos)) return false
    states.delete(topic)
    sendState(subscription, message, retainAsPublished)
  }
  subscription.states = undefined
  return true
}

export const stateBytes = ({ states }: SessionSubscription): number =>
  [...(states?.values() ?? [])].reduce((sum, { payload }) => sum + payload.length, 0)

const sendState = (
  { client, qos, id }: SessionSubscription,
  message: Message,
  retain: boolean,
): void => {
  const common = { qos, dup: false, retain, onDone: () => {} }
  publish(client, message, { ...common, ...(id !== undefined && { subscriptionId: id }) })
}

/** `pump`: sends what has come meanwhile. */
export const startSnapshot = (subscription: SessionSubscription, pump: Pump): void => {
  const { client } = subscription
  inTurn(client, () => sendSnapshot(subscription, pump)).catch((cause: unknown) => {
    client.house.logger.error({ cause }, 'the retained state of a subscription could not be read')
    end(client, REASON.specificError)
  })
}

/** Snapshots of one session are read one after the other: the client takes no more anyway. */
const inTurn = (client: Client, work: () => Promise<void>): Promise<void> => {
  const done = (client.turn ?? Promise.resolve()).then(work)
  const turn = done
    .catch(() => {}) // told by who asked for it
    .finally(() => {
      if (client.turn === turn) client.turn = undefined
    })
  client.turn = turn
  return done
}

const sendSnapshot = async (subscription: SessionSubscription, pump: Pump): Promise<void> => {
  const { client, wanted, place, position } = subscription
  const { application, limits, retained } = client.house
  const { tenantId, relative } = wanted
  // An older state must not follow a newer one that was already told.
  await application.readModel.waitFor(place?.position() ?? position, limits.readModelTimeoutMs)
  const isSeen = (message: Message) => mayReceive(client, tenantId, message.relative)
  for await (const message of retained(tenantId, relative, isSeen)) {
    while (!isDone(subscription) && !hasRoom(client, subscription.qos)) await room(subscription)
    if (isDone(subscription)) return
    sendState(subscription, message, true)
  }
  if (isDone(subscription)) return
  subscription.needsSnapshot = false
  pump(subscription)
}

const room = (subscription: SessionSubscription): Promise<void> =>
  new Promise((resolve) => (subscription.onRoom = resolve))

/** A snapshot that was not sent to its end is sent anew to whoever comes back. */
const isDone = ({ isClosed, client }: SessionSubscription): boolean => isClosed || isOver(client)
