// One interval for the timers of all subscriptions: setting and cancelling cost the same however
// many there are. It counts ticks, not the clock, so that a clock that is set back or forth
// disturbs no heartbeat.

export type TimerWheel = Readonly<{
  /** Runs once, at the first tick after the delay. Answers how to cancel it. */
  schedule: (delayMs: number, run: () => void) => () => void
  start: () => void
  stop: () => void
  /** One tick; called by the interval, and by tests. */
  tick: () => void
}>

type Timer = { rounds: number; run: () => void }

const SLOTS = 512

export const createTimerWheel = (tickMs: number): TimerWheel => {
  const slots = Array.from({ length: SLOTS }, () => new Set<Timer>())
  let now = 0
  let interval: NodeJS.Timeout | undefined

  const slotAt = (tick: number): Set<Timer> => {
    const slot = slots[tick % SLOTS]
    if (slot === undefined) throw new Error(`no slot for tick ${String(tick)}`)
    return slot
  }

  const tick = (): void => {
    now += 1
    const slot = slotAt(now)
    const due: Timer[] = []
    for (const timer of slot) {
      if (timer.rounds === 0) due.push(timer)
      else timer.rounds -= 1
    }
    for (const timer of due) {
      // One that ran before it in this tick may have cancelled it.
      if (slot.delete(timer)) timer.run()
    }
  }

  return {
    schedule(delayMs, run) {
      const ticks = Math.max(1, Math.ceil(delayMs / tickMs))
      const slot = slotAt(now + ticks)
      const timer = { rounds: Math.floor((ticks - 1) / SLOTS), run }
      slot.add(timer)
      return () => slot.delete(timer)
    },
    start() {
      interval ??= setInterval(tick, tickMs)
      interval.unref()
    },
    stop() {
      clearInterval(interval)
      interval = undefined
      for (const slot of slots) slot.clear()
    },
    tick,
  }
}
