// A clock that stands still until it is moved by hand.
import type { Clock } from '../../src/core/clock.ts'

export const TEST_TIME = '2026-08-22T10:00:00.000Z'

export type FixedClock = Clock & Readonly<{ advance: (ms: number) => void }>

export const fixedClock = (start: string = TEST_TIME): FixedClock => {
  let nowMs = Date.parse(start)
  return Object.assign(() => nowMs, {
    advance: (ms: number) => {
      nowMs += ms
    },
  })
}
