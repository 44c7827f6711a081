// Bytes to packets and back. A packet is handed to the parser only when it is whole and within the
// limit, so that a length in a header never makes us hold more than that.
import type { Readable } from 'node:stream'
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

/** Ends where the stream ends. Throws PacketError for what is not a packet. */
export async function* readPackets(stream: Readable, maxBytes: number): AsyncGenerator<Packet> {
  const settings: { protocolVersion?: number } = {} // read anew by the parser for each packet
  const parser = mqttPacket.parser(settings)
  const packets: Packet[] = []
  const failures: unknown[] = []
  parser.on('packet', (packet) => packets.push(packet))
  parser.on('error', (error) => failures.push(error))
  const parse = (bytes: Buffer): Packet => {
    try {
      parser.parse(bytes)
    } catch (cause) {
      failures.push(cause)
    }
    const parsed = packets.pop()
    if (failures.length > 0 || parsed === undefined) {
      throw new PacketError(REASON.malformed, `not a packet: ${String(failures[0])}`)
    }
    if (parsed.cmd === 'connect') settings.protocolVersion = parsed.protocolVersion ?? 4
    return parsed
  }
  let waiting: Buffer = Buffer.alloc(0)
  // Ending the conversation must not throw away what is still to be written.
  const chunks = stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>
  for await (const chunk of chunks) {
    waiting = waiting.length === 0 ? chunk : Buffer.concat([waiting, chunk])
    for (;;) {
      const length = packetLengthOf(waiting)
      if (length !== undefined && length > maxBytes) {
        throw new PacketError(
          REASON.packetTooLarge,
          `a packet has ${String(maxBytes)} bytes at most`,
        )
      }
      if (length === undefined || waiting.length < length) break
      const packet = parse(waiting.subarray(0, length))
      waiting = waiting.subarray(length)
      yield packet
    }
  }
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
