// Bytes to packets and back. A packet is handed to the parser only when it is whole and within the
// limit, so that a length in a header never makes us hold more than that.
import mqttPacket, { type Packet } from 'mqtt-packet'

export type { Packet } from 'mqtt-packet'
export type ProtocolVersion = 4 | 5

/** Reason codes of MQTT 5. */
export const REASON = {
  success: 0x00,
  noSubscription: 0x11,
  malformed: 0x81,
  protocolError: 0x82,
  specificError: 0x83,
  unsupportedVersion: 0x84,
  badClientId: 0x85,
  badCredentials: 0x86,
  notAuthorized: 0x87,
  unavailable: 0x88,
  shuttingDown: 0x8b,
  badAuthenticationMethod: 0x8c,
  keepAliveTimeout: 0x8d,
  takenOver: 0x8e,
  filterInvalid: 0x8f,
  packetTooLarge: 0x95,
  quotaExceeded: 0x97,
  sharedUnsupported: 0x9e,
  rateExceeded: 0x9f,
} as const

export class PacketError extends Error {
  readonly reasonCode: number
  constructor(reasonCode: number, message: string) {
    super(message)
    this.reasonCode = reasonCode
  }
}

const MAX_LENGTH_BYTES = 4

/** The whole length of the packet at the start of the bytes; undefined: not yet known. */
const packetLengthOf = (bytes: Buffer): number | undefined => {
  let length = 0
  for (let index = 1; index <= MAX_LENGTH_BYTES; index += 1) {
    const byte = bytes[index]
    if (byte === undefined) return undefined
    length += (byte & 0x7f) * 128 ** (index - 1)
    if ((byte & 0x80) === 0) return length + index + 1
  }
  throw new PacketError(REASON.malformed, 'the length of a packet is not valid')
}

export const NOTHING: Buffer = Buffer.alloc(0)

type Parse = (bytes: Buffer) => Packet

const createParse = (protocolVersion: ProtocolVersion): Parse => {
  const parser = mqttPacket.parser({ protocolVersion })
  const packets: Packet[] = []
  const failures: unknown[] = []
  parser.on('packet', (packet) => packets.push(packet))
  parser.on('error', (error) => failures.push(error))
  return (bytes) => {
    try {
      parser.parse(bytes)
    } catch (cause) {
      failures.push(cause)
    }
    const parsed = packets.pop()
    if (failures.length > 0 || parsed === undefined) {
      throw new PacketError(REASON.malformed, `not a packet: ${String(failures[0])}`)
    }
    return parsed
  }
}

const CONNECT = 1
const DEFAULT_VERSION = 4
const parsers = new Map<ProtocolVersion, Parse>()

/**
 * A parser has nothing left over from one whole packet to the next: the connections of a version share
 * one. CONNECT has its own, since a parser takes the version from it for what follows.
 */
const parse = (bytes: Buffer, version: ProtocolVersion): Packet => {
  if ((bytes[0] ?? 0) >> 4 === CONNECT) return createParse(DEFAULT_VERSION)(bytes)
  const shared = parsers.get(version) ?? createParse(version)
  parsers.delete(version) // one that has failed is not used again
  const packet = shared(bytes)
  parsers.set(version, shared)
  return packet
}

/** `waiting`: what has come and was not looked at, or half a packet. */
type Incoming = { waiting: Buffer; version: ProtocolVersion }

/** Undefined: it has not come whole. Throws PacketError for what is not a packet. */
export const nextPacket = (incoming: Incoming, maxBytes: number): Packet | undefined => {
  const { waiting, version } = incoming
  const length = packetLengthOf(waiting)
  if (length !== undefined && length > maxBytes) {
    throw new PacketError(REASON.packetTooLarge, `a packet has ${String(maxBytes)} bytes at most`)
  }
  if (length === undefined || waiting.length < length) return undefined
  const packet = parse(waiting.subarray(0, length), version)
  if (packet.cmd === 'connect') incoming.version = packet.protocolVersion === 5 ? 5 : 4
  // When nothing is left, the bytes that came are not held for it.
  incoming.waiting = length === waiting.length ? NOTHING : waiting.subarray(length)
  return packet
}

export const encodePacket = (packet: Packet, protocolVersion: ProtocolVersion): Buffer => {
  const bytes = mqttPacket.generate(packet, { protocolVersion })
  // What it cannot write it leaves out without a word: a message must not be lost that way.
  if (bytes.length === 0) throw new Error(`a packet could not be written: ${packet.cmd}`)
  return bytes
}

/** The other side, or the network, ended it: nothing to be told. */
export const isStreamError = (cause: unknown): boolean =>
  cause instanceof Error && 'code' in cause && typeof cause.code === 'string'
    ? /^(E[A-Z]+|ERR_STREAM_[A-Z_]+|WS_ERR_[A-Z_]+|ERR_SSL_[A-Z_]+)$/.test(cause.code)
    : cause instanceof Error && cause.name === 'AbortError'
