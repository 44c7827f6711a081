// UUIDs of version 7 that are the same in every run: the counter is the random part.
import type { IdGenerator } from '../../src/core/ids.ts'

const FIRST_MS = Date.parse('2026-08-22T10:00:00.000Z')

/** Two generators of different seeds never give the same id. */
export const seededIds = (seed = 1): IdGenerator => {
  let count = 0
  return () => {
    count += 1
    const time = (FIRST_MS + count).toString(16).padStart(12, '0')
    const from = seed.toString(16).padStart(3, '0').slice(-3)
    const tail = count.toString(16).padStart(12, '0')
    return `${time.slice(0, 8)}-${time.slice(8)}-7${from}-8000-${tail}`
  }
}
