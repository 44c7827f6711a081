// UUID v7 (RFC 9562) with a counter in the 12 bits after the version (section 6.2, method 1): ids of one generator
// rise strictly, also within a millisecond and when the clock is set back.
import { randomFillSync } from 'node:crypto'
import type { Clock } from '../../core/clock.ts'
import type { IdGenerator } from '../../core/ids.ts'

const POOL_BYTES = 8_192
const BYTES_PER_ID = 10 // 2 to seed the counter, 8 for the tail
const COUNTER_LIMIT = 0x1000
const COUNTER_SEED_MASK = 0x07ff // its top bit starts at zero, which leaves at least 2048 ids in the same millisecond

export const uuidV7 = (clock: Clock): IdGenerator => {
  const pool = new Uint8Array(POOL_BYTES)
  let used = POOL_BYTES
  let lastMs = -1
  let counter = 0

  const take = (): number => {
    if (used + BYTES_PER_ID > POOL_BYTES) {
      randomFillSync(pool)
      used = 0
    }
    const start = used
    used += BYTES_PER_ID
    return start
  }

  // The text of a millisecond is made once for all ids in it.
  let timeMs = -1
  let timeText = ''
  const timeOf = (ms: number): string => {
    if (ms !== timeMs) {
      const time = ms.toString(16).padStart(12, '0')
      timeMs = ms
      timeText = `${time.slice(0, 8)}-${time.slice(8)}-7`
    }
    return timeText
  }

  return () => {
    const start = take()
    const nowMs = clock()
    const seed = ((byteAt(pool, start) << 8) | byteAt(pool, start + 1)) & COUNTER_SEED_MASK
    if (nowMs > lastMs) {
      lastMs = nowMs
      counter = seed
    } else if (++counter === COUNTER_LIMIT) {
      lastMs += 1 // the millisecond is full: ids run ahead of the clock rather than repeat
      counter = seed
    }
    const count = hex(0x10 | (counter >> 8)).slice(1) + hex(counter & 0xff)
    return `${timeOf(lastMs)}${count}-${tailOf(pool, start + 2)}`
  }
}

const tailOf = (bytes: Uint8Array, start: number): string => {
  const variant = hex((byteAt(bytes, start) & 0x3f) | 0x80)
  let node = ''
  for (let index = start + 2; index < start + 8; index += 1) node += hex(byteAt(bytes, index))
  return `${variant}${hex(byteAt(bytes, start + 1))}-${node}`
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
const hex = (byte: number): string => HEX[byte] ?? ''
const byteAt = (bytes: Uint8Array, index: number): number => bytes[index] ?? 0
