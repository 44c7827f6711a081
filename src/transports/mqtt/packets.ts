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

const NOTHING: Buffer = Buffer.alloc(0)

type Parse = (bytes: Buffer) => Packet

const createParse = (protocolVersion: number): Parse => {
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
const parsers = new Map<number, Parse>()

/**
 * A parser has nothing left over from one whole packet to the next: the connections of a version share
 * one. CONNECT has its own, since a parser takes the version from it for what follows.
 */
const parse = (bytes: Buffer, version: number): Packet => {
  if ((bytes[0] ?? 0) >> 4 === CONNECT) return createParse(DEFAULT_VERSION)(bytes)
  const shared = parsers.get(version) ?? createParse(version)
  parsers.delete(version) // one that has failed is not used again
  const packet = shared(bytes)
  parsers.set(version, shared)
  return packet
}

type Incoming = { waiting: Buffer; version: number; readonly maxBytes: number }

/** Undefined: it has not come whole. Throws PacketError for what is not a packet. */
const nextPacket = (incoming: Incoming): Packet | undefined => {
  const { waiting, version, maxBytes } = incoming
  const length = packetLengthOf(waiting)
  if (length !== undefined && length > maxBytes) {
    throw new PacketError(REASON.packetTooLarge, `a packet has ${String(maxBytes)} bytes at most`)
  }
  if (length === undefined || waiting.length < length) return undefined
  const packet = parse(waiting.subarray(0, length), version)
  if (packet.cmd === 'connect') incoming.version = packet.protocolVersion ?? DEFAULT_VERSION
  // When nothing is left, the bytes that came are not held for it.
  incoming.waiting = length === waiting.length ? NOTHING : waiting.subarray(length)
  return packet
}

/**
 * Gives one packet after the other to `take`, and reads on when it has answered. Resolves when the
 * stream has ended, or when the answer was false. Rejects with what `take` throws, and with
 * PacketError for what is not a packet. What is still to be written is not thrown away by the end.
 */
export const readPackets = (
  stream: Readable,
  maxBytes: number,
  take: (packet: Packet) => Promise<boolean>,
): Promise<void> =>
  new Promise((resolve, reject) => {
    const incoming: Incoming = { waiting: NOTHING, version: DEFAULT_VERSION, maxBytes }
    let isBusy = false
    let isOver = false
    const leave = (): void => {
      stream.off('data', onData).off('end', onOver).off('close', onOver).pause()
    }
    const work = async (): Promise<void> => {
      let packet = nextPacket(incoming)
      while (packet !== undefined && (await take(packet))) packet = nextPacket(incoming)
      isBusy = false
      if (packet === undefined && !isOver) stream.resume()
      else {
        leave()
        resolve()
      }
    }
    const onData = (chunk: Buffer): void => {
      const { waiting } = incoming
      incoming.waiting = waiting.length === 0 ? chunk : Buffer.concat([waiting, chunk])
      if (isBusy) return
      isBusy = true
      stream.pause()
      work().catch((cause: unknown) => {
        leave()
        reject(cause instanceof Error ? cause : new Error('not read on', { cause }))
      })
    }
    const onOver = (): void => {
      isOver = true
      if (isBusy) return
      leave()
      resolve()
    }
    stream.on('data', onData).on('end', onOver).on('close', onOver)
  })

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
