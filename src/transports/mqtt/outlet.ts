// The way out of one connection: what is sent on it, which QoS 1 messages wait for their
// acknowledgement, and whether there is room for another one.
import type { Duplex } from 'node:stream'
import type { Publishable } from './messages.ts'
import { encodePacket, type Packet, type ProtocolVersion } from './packets.ts'

export type Sending = Readonly<{
  qos: 0 | 1
  retain: boolean
  dup: boolean
  packetId?: number // the one that it had before
  subscriptionId?: number
  /** It was sent at QoS 0, acknowledged, or is more than the client takes. */
  onDone: () => void
}>

export type Outlet = Readonly<{
  hasRoom: (qos: 0 | 1) => boolean
  /** Only when there is room. Answers the packet id of a QoS 1 message. */
  publish: (message: Publishable, sending: Sending) => number | undefined
  /** False: nothing was sent under this id. */
  acknowledge: (packetId: number) => boolean
  /** Ids of an earlier connection that may be in the client's hands still. */
  reserve: (packetId: number) => void
  send: (packet: Packet) => void
  /** Resolves when the client takes bytes. */
  drained: () => Promise<void>
  nextId: () => number
  /** Bytes that were sent and that the client has not taken. */
  queuedBytes: () => number
}>

export type OutletOptions = Readonly<{
  stream: Duplex
  version: ProtocolVersion
  inFlight: number
  maxPacketBytes: number // that the client takes
  nextId: number
  onRoom: () => void
}>

const MAX_ID = 65_535

export const createOutlet = (options: OutletOptions): Outlet => {
  const { stream, version, inFlight, maxPacketBytes, onRoom } = options
  // Made when they are wanted: most connections never have any.
  let waiting: Map<number, () => void> | undefined
  let reserved: Set<number> | undefined
  let nextId = options.nextId
  const isWritable = () => !stream.writableNeedDrain && !stream.destroyed && stream.writable
  stream.on('drain', onRoom)

  const takeId = (): number => {
    while (waiting?.has(nextId) === true || reserved?.has(nextId) === true)
      nextId = following(nextId)
    const id = nextId
    nextId = following(nextId)
    return id
  }

  return {
    hasRoom: (qos) => isWritable() && (qos === 0 || (waiting?.size ?? 0) < inFlight),
    publish(message, sending) {
      const { qos, onDone } = sending
      const packetId = qos === 0 ? undefined : (sending.packetId ?? takeId())
      const bytes = encodePacket(publishPacket(message, sending, packetId), version)
      if (bytes.length > maxPacketBytes) {
        onDone()
        return undefined
      }
      if (packetId !== undefined) {
        reserved?.delete(packetId)
        waiting ??= new Map()
        waiting.set(packetId, onDone)
      }
      stream.write(bytes)
      if (packetId === undefined) onDone()
      return packetId
    },
    acknowledge(packetId) {
      const onDone = waiting?.get(packetId)
      waiting?.delete(packetId)
      onDone?.()
      if (onDone !== undefined) onRoom()
      return onDone !== undefined
    },
    reserve: (packetId) => void (reserved ??= new Set()).add(packetId),
    send: (packet) => {
      if (stream.writable) stream.write(encodePacket(packet, version))
    },
    drained: () =>
      isWritable() || stream.destroyed
        ? Promise.resolve()
        : new Promise((resolve) => {
            const done = () => {
              stream.off('drain', done).off('close', done)
              resolve()
            }
            stream.once('drain', done).once('close', done)
          }),
    nextId: () => nextId,
    queuedBytes: () => stream.writableLength,
  }
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
