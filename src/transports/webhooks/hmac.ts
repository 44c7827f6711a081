// HMAC-SHA256 (RFC 2104) by one-shot hashes over bytes with room for the key in front of them. Node's own object for an
// HMAC costs several times what it computes, and a delivery has two.
import { hash } from 'node:crypto'

const ALGORITHM = 'sha256'
const HASH_BYTES = 32
const INNER = 0x36
const OUTER = 0x5c

/** Of the room that a message has in front of it. */
export const BLOCK_BYTES = 64

/** `inner`: what is hashed before a message; `outer`: before the hash of that, for which it has room. */
export type HmacKey = Readonly<{ inner: Buffer; outer: Buffer }>

/** `start`: of the message, with room in front of it that is written to. */
export type Roomy = Readonly<{ bytes: Buffer; start: number; end: number }>

export const hmacKey = (secret: Uint8Array): HmacKey => {
  const short = secret.length > BLOCK_BYTES ? hash(ALGORITHM, secret, 'buffer') : secret
  const padded = (mask: number, room: number): Buffer => {
    const block = Buffer.alloc(BLOCK_BYTES + room, mask)
    for (const [index, byte] of short.entries()) block[index] = byte ^ mask
    return block
  }
  return { inner: padded(INNER, 0), outer: padded(OUTER, HASH_BYTES) }
}

export const hmac = (
  { inner, outer }: HmacKey,
  { bytes, start, end }: Roomy,
  encoding: 'base64' | 'hex',
): string => {
  const from = start - BLOCK_BYTES
  inner.copy(bytes, from)
  outer.write(hash(ALGORITHM, bytes.subarray(from, end), 'binary'), BLOCK_BYTES, 'binary')
  return hash(ALGORITHM, outer, encoding)
}
