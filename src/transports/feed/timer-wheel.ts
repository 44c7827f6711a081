// One interval for the timers of all subscriptions: setting and cancelling cost the same however
// many there are. It counts ticks, not the clock, so that a clock that is set back or forth
// disturbs no heartbeat.

export type TimerWheel = Readonly<{
  /** Runs once, at the first tick after the delay, and is given what it is about. */
  schedule: Schedule
  cancel: (timer: Timer | undefined) => void
  tickMs: number
  start: () => void
  stop: () => void
  /** One tick; called by the interval, and by tests. */
  tick: () => void
}>

export type Timer = {
  readonly tick: number
  rounds: number
  readonly run: (about: unknown) => void
  readonly about: unknown
}

type Schedule = {
  (delayMs: number, run: () => void): Timer
  <About>(delayMs: number, run: (about: About) => void, about: About): Timer
}

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
      if (slot.delete(timer)) timer.run(timer.about)
    }
  }

  return {
    schedule(delayMs: number, run: (about: never) => void, about?: unknown) {
      const ticks = Math.max(1, Math.ceil(delayMs / tickMs))
      const timer: Timer = {
        tick: now + ticks,
        rounds: Math.floor((ticks - 1) / SLOTS),
        run: run as Timer['run'],
        about,
      }
      slotAt(timer.tick).add(timer)
      return timer
    },
    cancel(timer) {
      if (timer !== undefined) slotAt(timer.tick).delete(timer)
    },
    tickMs,
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
