// Cursors as one encrypted AES block: the position of an event is nobody's business, and a cursor of one tenant is
// nothing to another. 16 bytes: version, epoch (4), position (8), a keyed check over the tenant and the rest (3).
import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto'
import type { CursorCodec, LogIdentity } from '../../core/cursor.ts'
import type { TenantId } from '../../core/ids.ts'

const VERSION = 1
const BLOCK_BYTES = 16
const HEAD_BYTES = 13
const WORD = 2 ** 32
const CURSOR = /^[A-Za-z0-9_-]{22}$/
const MAX_REMEMBERED = 4_096

export const createCursorCodec = (identity: LogIdentity): CursorCodec => {
  const key = Buffer.from(identity.cursorKey)
  if (key.length !== BLOCK_BYTES) throw new Error('the cursor key must have 16 bytes')
  // Blocks of their own under one key: the electronic codebook mode has nothing to repeat, and lives as long as we do.
  const seal = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false)
  const unseal = createDecipheriv('aes-128-ecb', key, null).setAutoPadding(false)
  const checkOf = createCheck(key)

  const block = Buffer.alloc(BLOCK_BYTES) // of the cursor that is being made
  block.writeUInt8(VERSION, 0)
  block.writeUInt32BE(identity.epoch >>> 0, 1)
  const encode = (tenantId: TenantId, position: number): string => {
    block.writeUInt32BE(Math.floor(position / WORD), 5)
    block.writeUInt32BE(position % WORD, 9)
    checkOf(tenantId, block).copy(block, HEAD_BYTES)
    return seal.update(block).toString('base64url')
  }

  const decode: CursorCodec['decode'] = (tenantId, cursor) => {
    if (!CURSOR.test(cursor)) return { kind: 'invalid' }
    const bytes = Buffer.from(cursor, 'base64url')
    // 22 characters carry 132 bits: one spelling of each block is ours.
    if (bytes.length !== BLOCK_BYTES || bytes.toString('base64url') !== cursor) {
      return { kind: 'invalid' }
    }
    const block = unseal.update(bytes)
    const isOurs = timingSafeEqual(checkOf(tenantId, block), block.subarray(HEAD_BYTES))
    const position = Number(block.readBigUInt64BE(5))
    if (!isOurs || block.readUInt8(0) !== VERSION || !Number.isSafeInteger(position)) {
      return { kind: 'invalid' }
    }
    if (block.readUInt32BE(1) !== identity.epoch >>> 0) return { kind: 'other_epoch' }
    return { kind: 'position', position }
  }
  return { encode: remembering(encode), decode }
}

/** Three bytes that only the key's holder can make for this head and this tenant. */
const createCheck = (key: Buffer): ((tenantId: TenantId, block: Buffer) => Buffer) => {
  const derive = (use: string): Buffer => createHmac('sha256', key).update(use).digest()
  const mac = createCipheriv('aes-128-ecb', derive('check').subarray(0, BLOCK_BYTES), null)
  mac.setAutoPadding(false)
  const masks = new Map<TenantId, Buffer>()
  const maskOf = (tenantId: TenantId): Buffer => {
    const known = masks.get(tenantId)
    if (known !== undefined) return known
    if (masks.size >= MAX_REMEMBERED) masks.clear()
    const mask = derive(`tenant ${tenantId}`).subarray(0, BLOCK_BYTES)
    masks.set(tenantId, mask)
    return mask
  }
  const mixed = Buffer.alloc(BLOCK_BYTES)
  return (tenantId, block) => {
    const mask = maskOf(tenantId)
    mask.copy(mixed, HEAD_BYTES, HEAD_BYTES)
    for (let index = 0; index < HEAD_BYTES; index += 1) {
      mixed[index] = (mask[index] ?? 0) ^ (block[index] ?? 0)
    }
    return mac.update(mixed).subarray(0, BLOCK_BYTES - HEAD_BYTES)
  }
}

/** The same few positions are asked for again and again: on every answer, and for every subscriber of an event. */
const remembering = (encode: CursorCodec['encode']): CursorCodec['encode'] => {
  const known = new Map<string, string>()
  return (tenantId, position) => {
    const place = `${position}/${tenantId}`
    const found = known.get(place)
    if (found !== undefined) return found
    if (known.size >= MAX_REMEMBERED) known.clear()
    const cursor = encode(tenantId, position)
    known.set(place, cursor)
    return cursor
  }
}
