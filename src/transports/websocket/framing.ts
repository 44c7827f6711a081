// Frames of RFC 6455 as a server writes them: final, text, unmasked, uncompressed. An event's frame
// is made once for each class and channel name; channels are numbered from one in each connection,
// so that nearly all subscribers share the same bytes.
import type { Framing } from '../feed/types.ts'
import type { ServerMessage } from './protocol.ts'

const FINAL_TEXT = 0x81
const LENGTH_16 = 126
const LENGTH_64 = 127

export const textFrame = (text: string): Buffer => {
  const bytes = Buffer.byteLength(text)
  const headerBytes = bytes < LENGTH_16 ? 2 : bytes < 65_536 ? 4 : 10
  const frame = Buffer.allocUnsafe(headerBytes + bytes)
  frame[0] = FINAL_TEXT
  if (headerBytes === 2) frame[1] = bytes
  else if (headerBytes === 4) {
    frame[1] = LENGTH_16
    frame.writeUInt16BE(bytes, 2)
  } else {
    frame[1] = LENGTH_64
    frame.writeBigUInt64BE(BigInt(bytes), 2)
  }
  frame.write(text, headerBytes)
  return frame
}

export const messageFrame = (message: ServerMessage): Buffer => textFrame(JSON.stringify(message))

/** The CloudEvent and nothing around it. */
export const BARE_FRAMING: Framing = {
  name: 'websocket bare',
  event: ({ json }) => textFrame(json),
}

const framings = new Map<string, Framing>()

export const framingOf = (ch: string): Framing => {
  const known = framings.get(ch)
  if (known !== undefined) return known
  const framing: Framing = {
    name: `websocket ${ch}`,
    event: ({ json }) => textFrame(`{"op":"event","ch":"${ch}","e":${json}}`),
  }
  framings.set(ch, framing)
  return framing
}

export const channelName = (slot: number): string => `k${String(slot + 1)}`
