// Decides what goes on next. Everything that a simulated process does outside itself passes a gate; one gate is opened
// at a time, chosen by the seed, and time stands still until nothing is left to do at this moment. The same seed gives
// the same run.
import type { Clock } from '../../src/core/clock.ts'
import type { Wait } from '../../src/policies/wait.ts'

/** A process of ours, which can die or be held up between any two of its steps; or somebody outside, who cannot. */
export type Proc = {
  readonly name: string
  readonly died: Promise<'died'>
  isAlive: boolean
  heldUntilMs: number
}

export type Chance = Readonly<{
  below(limit: number): number
  between(least: number, most: number): number
  is(probability: number): boolean
  one<T>(of: readonly T[]): T
}>

export type Scheduler = Readonly<{
  chance: Chance
  clock: Clock
  spawn(name: string): Proc
  /** Does the work at once, and lets its answer come when the scheduler says so. */
  pass<T>(proc: Proc, work: () => Promise<T>): Promise<T>
  waitOf(proc: Proc): Wait
  kill(proc: Proc): void
  /** Opens one gate, or lets time move to the next one. False: nothing is left, or not before the given time. */
  step(untilMs: number): Promise<boolean>
  steps(): number
  /** From now on nobody is held up any more. */
  calm(): void
  isCalm(): boolean
}>

type Gate = Readonly<{ proc: Proc; open: () => void; fail: () => void }> & { heldUntilMs: number }
type Timer = Readonly<{ proc: Proc; atMs: number; number: number; open: () => void }>

export type SchedulerOptions = Readonly<{
  seed: number
  startMs: number
  /** How likely a gate is held up for a while instead of being opened, and for how long at most. */
  stall: Readonly<{ probability: number; longestMs: number }>
}>

const never = (): Promise<never> => new Promise(() => {})
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

export const createScheduler = ({ seed, startMs, stall }: SchedulerOptions): Scheduler => {
  const chance = createChance(seed)
  const deaths = new Map<Proc, () => void>()
  let gates: Gate[] = []
  let timers: Timer[] = []
  let nowMs = startMs
  let steps = 0
  let isCalm = false
  let timersMade = 0

  const at = (proc: Proc, atMs: number, open: () => void): Timer => {
    const timer = { proc, atMs, number: (timersMade += 1), open }
    timers.push(timer)
    return timer
  }
  const gate = (proc: Proc): Promise<void> =>
    new Promise((resolve, reject) => {
      const fail = (): void => reject(new Error('the process is gone'))
      gates.push({ proc, open: resolve, fail, heldUntilMs: 0 })
    })
  const dueMs = ({ proc, atMs }: Timer): number => Math.max(atMs, proc.heldUntilMs)
  const openFromMs = ({ proc, heldUntilMs }: Gate): number =>
    Math.max(heldUntilMs, proc.heldUntilMs)
  const nextTimer = (): Timer | undefined =>
    timers.reduce<Timer | undefined>((first, timer) => {
      if (first === undefined) return timer
      const sooner = dueMs(timer) - dueMs(first)
      return sooner < 0 || (sooner === 0 && timer.number < first.number) ? timer : first
    }, undefined)

  return {
    chance,
    clock: () => nowMs,
    steps: () => steps,
    isCalm: () => isCalm,
    calm: () => {
      isCalm = true
      for (const proc of deaths.keys()) proc.heldUntilMs = 0
      for (const each of gates) each.heldUntilMs = 0
    },
    spawn: (name) => {
      let die = (): void => {}
      const died = new Promise<'died'>((resolve) => (die = () => resolve('died')))
      const proc = { name, died, isAlive: true, heldUntilMs: 0 }
      deaths.set(proc, die)
      return proc
    },
    pass: async (proc, work) => {
      if (!proc.isAlive) return never()
      const outcome = await work().then(
        (value) => () => value,
        (error: unknown) => () => {
          throw error
        },
      )
      if (!proc.isAlive) return never()
      await gate(proc)
      return outcome()
    },
    waitOf: (proc) => (delayMs, signal) =>
      new Promise((resolve) => {
        if (!proc.isAlive) return
        if (signal.aborted) return resolve()
        const end = (): void => {
          timers = timers.filter((each) => each !== timer)
          signal.removeEventListener('abort', end)
          resolve()
        }
        const timer = at(proc, nowMs + Math.max(1, delayMs), end)
        signal.addEventListener('abort', end)
      }),
    kill: (proc) => {
      proc.isAlive = false
      for (const each of gates) if (each.proc === proc) each.fail() // what it still does has no effect
      gates = gates.filter((each) => each.proc !== proc)
      timers = timers.filter((each) => each.proc !== proc)
      deaths.get(proc)?.()
    },
    step: async (untilMs) => {
      steps += 1
      if (gates.length === 0 && timers.length === 0) await settled() // somebody may just be beginning
      const open = gates.filter((each) => openFromMs(each) <= nowMs)
      if (open.length > 0) {
        const chosen = chance.one(open)
        if (!isCalm && chance.is(stall.probability)) {
          chosen.heldUntilMs = nowMs + chance.between(1, stall.longestMs)
          return true
        }
        gates.splice(gates.indexOf(chosen), 1)
        chosen.open()
      } else {
        const timer = nextTimer()
        const timerMs = timer === undefined ? Infinity : dueMs(timer)
        const nextMs = Math.min(timerMs, ...gates.map(openFromMs))
        if (nextMs === Infinity || nextMs > untilMs) return false
        nowMs = Math.max(nowMs, nextMs)
        if (timer === undefined || timerMs > nowMs) return true
        timers = timers.filter((each) => each !== timer)
        timer.open()
      }
      await settled()
      return true
    },
  }
}

/** Mulberry32: small, and good enough to spread runs apart. */
const createChance = (seed: number): Chance => {
  let state = seed >>> 0
  const fraction = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (limit: number): number => Math.floor(fraction() * limit)
  return {
    below,
    between: (least, most) => least + below(most - least + 1),
    is: (probability) => fraction() < probability,
    one: (of) => {
      const chosen = of[below(of.length)]
      if (chosen === undefined) throw new Error('nothing to choose from')
      return chosen
    },
  }
}
