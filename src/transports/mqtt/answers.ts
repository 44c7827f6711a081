// What a packet of a client is answered. Publishing is refused: state changes by commands, over
// HTTP, and a client is told so instead of being overheard.
import type { IConnectPacket, IPublishPacket, ISubscribePacket, UserProperties } from 'mqtt-packet'
import type { Client } from './client.ts'
import { acknowledge } from './outlet.ts'
import { encodePacket, type Packet, type ProtocolVersion, REASON } from './packets.ts'
import { pumpAll } from './session.ts'
import { type Granted, subscribe, unsubscribe } from './subscribe.ts'

export type Reply = Readonly<{
  kind: 'reply'
  isChange: boolean // of what is stored: before the reply is sent
  replies: readonly Packet[]
  starts: readonly (() => void)[] // what begins after the reply
}>

export type Answer = Readonly<{ kind: 'end'; reasonCode: number }> | Reply

const REFUSED_PUBLISH = 'clients do not publish here: commands are sent over HTTP'

const reply = (...replies: Packet[]): Answer => ({
  kind: 'reply',
  isChange: false,
  replies,
  starts: [],
})

const end = (reasonCode: number): Answer => ({ kind: 'end', reasonCode })

export const answer = (packet: Packet, client: Client): Answer => {
  switch (packet.cmd) {
    case 'pingreq':
      return reply({ cmd: 'pingresp' })
    case 'puback':
      if (packet.messageId !== undefined && acknowledge(client, packet.messageId)) pumpAll(client)
      return reply()
    case 'subscribe':
      return answerSubscribe(packet, client)
    case 'unsubscribe': {
      const granted = packet.unsubscriptions.map((filter) =>
        unsubscribe(client, filter) ? REASON.success : REASON.noSubscription,
      )
      const unsuback: Packet = { cmd: 'unsuback', messageId: idOf(packet), granted }
      return { kind: 'reply', isChange: true, replies: [unsuback], starts: [] }
    }
    case 'publish':
      return answerPublish(packet, client)
    default:
      return end(REASON.protocolError)
  }
}

const idOf = (packet: Packet): number => packet.messageId ?? 0

const answerPublish = (packet: IPublishPacket, { version }: Client): Answer => {
  if (version === 4 || packet.qos === 0) return end(REASON.notAuthorized)
  const properties = { reasonString: REFUSED_PUBLISH }
  const cmd = packet.qos === 1 ? 'puback' : 'pubrec'
  return reply({ cmd, messageId: idOf(packet), reasonCode: REASON.notAuthorized, properties })
}

const answerSubscribe = (packet: ISubscribePacket, client: Client): Answer => {
  if (packet.subscriptions.length > client.house.limits.filtersPerPacket)
    return end(REASON.quotaExceeded)
  const after = textOf(packet.properties?.userProperties, 'after')
  const id = packet.properties?.subscriptionIdentifier
  const granted = packet.subscriptions.map(({ topic, qos, rap, rh }) =>
    subscribe(client, {
      filter: topic,
      qos: qos === 0 ? 0 : 1, // of 2, too: a message says by its id whether it came before
      retainAsPublished: rap === true,
      ...(id === undefined ? {} : { id }),
      handling: rh ?? 0,
      after,
    }),
  )
  return {
    kind: 'reply',
    isChange: true,
    replies: [suback(idOf(packet), granted, client.version)],
    starts: granted.flatMap(({ start }) => (start === undefined ? [] : [start])),
  }
}

const FAILURE = 0x80

const suback = (
  messageId: number,
  granted: readonly Granted[],
  version: ProtocolVersion,
): Packet => {
  const codes = granted.map(({ code }) => (version === 4 && code >= FAILURE ? FAILURE : code))
  const reason = granted.find((each) => each.reason !== undefined)?.reason
  const properties = reason === undefined ? {} : { properties: { reasonString: reason } }
  return { cmd: 'suback', messageId, granted: codes, ...properties }
}

const textOf = (properties: UserProperties | undefined, name: string): string | undefined => {
  const value = properties?.[name]
  return Array.isArray(value) ? value.at(-1) : value
}

export const welcome = (client: Client, connect: IConnectPacket, isPresent: boolean): Packet => {
  const { method, kept, clientId, house } = client
  return {
    cmd: 'connack',
    sessionPresent: isPresent,
    returnCode: 0,
    reasonCode: REASON.success,
    properties: {
      sessionExpiryInterval: Math.floor((kept?.keepMs ?? 0) / 1_000),
      maximumQoS: 1,
      maximumPacketSize: house.limits.packetBytes,
      sharedSubscriptionAvailable: false,
      ...(method === undefined ? {} : { authenticationMethod: method }),
      ...(connect.clientId === '' ? { assignedClientIdentifier: clientId } : {}),
      ...(connect.will === undefined ? {} : { userProperties: { will: 'never sent' } }),
    },
  }
}

/** As MQTT 3.1.1 numbers them. */
const RETURN_CODES: ReadonlyMap<number, number> = new Map([
  [REASON.unsupportedVersion, 1],
  [REASON.badClientId, 2],
  [REASON.quotaExceeded, 3],
  [REASON.rateExceeded, 3],
  [REASON.badCredentials, 4],
])
const NOT_AUTHORIZED_3 = 5

export const refuseConnect = (connect: IConnectPacket, reasonCode: number): Buffer => {
  const returnCode = RETURN_CODES.get(reasonCode) ?? NOT_AUTHORIZED_3
  const version: ProtocolVersion = connect.protocolVersion === 5 ? 5 : 4
  return encodePacket({ cmd: 'connack', sessionPresent: false, reasonCode, returnCode }, version)
}
