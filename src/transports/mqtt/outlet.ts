// What is published to one client: whether there is room for another message, and which QoS 1 messages
// wait for their acknowledgement.
import type { Client } from './client.ts'
import type { Publishable } from './messages.ts'
import { encodePacket, type Packet } from './packets.ts'

export type Sending = Readonly<{
  qos: 0 | 1
  retain: boolean
  dup: boolean
  packetId?: number // the one that it had before
  subscriptionId?: number
  /** It was sent at QoS 0, acknowledged, or is more than the client takes. */
  onDone: () => void
}>

const MAX_ID = 65_535

export const hasRoom = (client: Client, qos: 0 | 1): boolean =>
  client.wire.hasRoom(client) && (qos === 0 || (client.inFlight?.size ?? 0) < client.mostInFlight)

/** Only when there is room. Answers the packet id of a QoS 1 message. */
export const publish = (
  client: Client,
  message: Publishable,
  sending: Sending,
): number | undefined => {
  const { qos, onDone } = sending
  const packetId = qos === 0 ? undefined : (sending.packetId ?? takeId(client))
  const bytes = encodePacket(publishPacket(message, sending, packetId), client.version)
  if (bytes.length > client.maxPacketBytes) {
    onDone()
    return undefined
  }
  if (packetId !== undefined) {
    client.reserved?.delete(packetId)
    client.inFlight ??= new Map()
    client.inFlight.set(packetId, onDone)
  }
  client.wire.write(client, bytes)
  if (packetId === undefined) onDone()
  return packetId
}

/** False: nothing was sent under this id. */
export const acknowledge = (client: Client, packetId: number): boolean => {
  const { inFlight } = client
  const onDone = inFlight?.get(packetId)
  if (inFlight === undefined || onDone === undefined) return false
  inFlight.delete(packetId)
  if (inFlight.size === 0) client.inFlight = undefined
  onDone()
  return true
}

export const reserve = (client: Client, packetId: number): void => {
  client.reserved ??= new Set()
  client.reserved.add(packetId)
}

const takeId = (client: Client): number => {
  const { inFlight, reserved } = client
  let id = client.nextId
  while (inFlight?.has(id) === true || reserved?.has(id) === true) id = following(id)
  client.nextId = following(id)
  return id
}

const following = (id: number): number => (id >= MAX_ID ? 1 : id + 1)

const publishPacket = (
  { topic, payload, contentType, userProperties }: Publishable,
  { qos, retain, dup, subscriptionId }: Sending,
  packetId: number | undefined,
): Packet => ({
  cmd: 'publish',
  topic,
  payload,
  qos,
  retain,
  dup,
  ...(packetId === undefined ? {} : { messageId: packetId }),
  // Left out by the encoder for MQTT 3.1.1, which has none.
  properties: {
    payloadFormatIndicator: true,
    contentType,
    userProperties,
    ...(subscriptionId === undefined ? {} : { subscriptionIdentifier: subscriptionId }),
  },
})
