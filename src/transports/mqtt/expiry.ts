// Ends a connection when its token's time is over. A fresh token sets a later time; a time that is
// further off than Node's longest timer is looked at again then.
import type { Clock } from '../../core/clock.ts'

export type Expiry = Readonly<{
  /** In place of the time that was set before. */
  set: (expiresAtMs: number) => void
  stop: () => void
}>

const MAX_TIMER_MS = 2_147_483_647

export const createExpiry = (clock: Clock, onOver: () => void): Expiry => {
  let timer: NodeJS.Timeout | undefined
  const set = (expiresAtMs: number): void => {
    clearTimeout(timer)
    const leftMs = expiresAtMs - clock()
    const look = leftMs > MAX_TIMER_MS ? () => set(expiresAtMs) : onOver
    timer = setTimeout(look, Math.min(Math.max(leftMs, 0), MAX_TIMER_MS))
    timer.unref()
  }
  return { set, stop: () => clearTimeout(timer) }
}
