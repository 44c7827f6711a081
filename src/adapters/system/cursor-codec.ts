// Cursors as one encrypted AES block: the position of an event is nobody's business, and a cursor of one tenant is
// nothing to another. 16 bytes: version, epoch (4), position (8), a keyed check over the tenant and the rest (3).
import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto'
import type { CursorCodec, LogIdentity } from '../../core/cursor.ts'
import type { TenantId } from '../../core/ids.ts'

const VERSION = 1
const BLOCK_BYTES = 16
const HEAD_BYTES = 13
const CHECK_BYTES = BLOCK_BYTES - HEAD_BYTES
const WORD = 2 ** 32
const CURSOR = /^[A-Za-z0-9_-]{22}$/
const MAX_REMEMBERED = 4_096

export const createCursorCodec = (identity: LogIdentity): CursorCodec => {
  const key = Buffer.from(identity.cursorKey)
  if (key.length !== BLOCK_BYTES) throw new Error('the cursor key must have 16 bytes')
  // Blocks of their own under one key: the electronic codebook mode has nothing to repeat, and lives as long as we do.
  const seal = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false)
  const unseal = createDecipheriv('aes-128-ecb', key, null).setAutoPadding(false)
  const checksOf = createChecks(key)

  const epoch = identity.epoch >>> 0
  const encodeAll: CursorCodec['encodeAll'] = (tenantId, positions) => {
    const blocks = Buffer.allocUnsafe(positions.length * BLOCK_BYTES)
    for (const [index, position] of positions.entries()) {
      const at = index * BLOCK_BYTES
      blocks.writeUInt8(VERSION, at)
      blocks.writeUInt32BE(epoch, at + 1)
      blocks.writeUInt32BE(Math.floor(position / WORD), at + 5)
      blocks.writeUInt32BE(position % WORD, at + 9)
    }
    const checks = checksOf(tenantId, blocks)
    for (let at = 0; at < blocks.length; at += BLOCK_BYTES) {
      checks.copy(blocks, at + HEAD_BYTES, at, at + CHECK_BYTES)
    }
    const sealed = seal.update(blocks)
    return positions.map((_, index) => {
      const at = index * BLOCK_BYTES
      return sealed.toString('base64url', at, at + BLOCK_BYTES)
    })
  }
  const encode = (tenantId: TenantId, position: number): string => {
    const [cursor] = encodeAll(tenantId, [position])
    return cursor ?? ''
  }

  const decode: CursorCodec['decode'] = (tenantId, cursor) => {
    if (!CURSOR.test(cursor)) return { kind: 'invalid' }
    const bytes = Buffer.from(cursor, 'base64url')
    // 22 characters carry 132 bits: one spelling of each block is ours.
    if (bytes.length !== BLOCK_BYTES || bytes.toString('base64url') !== cursor) {
      return { kind: 'invalid' }
    }
    const block = unseal.update(bytes)
    const isOurs = timingSafeEqual(
      checksOf(tenantId, block).subarray(0, CHECK_BYTES),
      block.subarray(HEAD_BYTES),
    )
    const position = Number(block.readBigUInt64BE(5))
    if (!isOurs || block.readUInt8(0) !== VERSION || !Number.isSafeInteger(position)) {
      return { kind: 'invalid' }
    }
    if (block.readUInt32BE(1) !== epoch) return { kind: 'other_epoch' }
    return { kind: 'position', position }
  }
  return { encode: remembering(encode), encodeAll, decode }
}

/** For each block, where it begins: three bytes that only the key's holder can make for its head and this tenant. */
const createChecks = (key: Buffer): ((tenantId: TenantId, blocks: Buffer) => Buffer) => {
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
  return (tenantId, blocks) => {
    const mask = maskOf(tenantId)
    const mixed = Buffer.allocUnsafe(blocks.length)
    for (let at = 0; at < blocks.length; at += 1) {
      const place = at % BLOCK_BYTES
      mixed[at] = (mask[place] ?? 0) ^ (place < HEAD_BYTES ? (blocks[at] ?? 0) : 0)
    }
    return mac.update(mixed)
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
