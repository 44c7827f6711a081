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
type Timer = Readonly<{ proc: Proc; atMs: number; open: () => void }>

export type SchedulerOptions = Readonly<{
  seed: number
  startMs: number
  /** How likely a gate is held up for a while instead of being opened, and for how long at most. */
  stall: Readonly<{ probability: number; longestMs: number }>
}>

/** All that somebody waits for: gates to be opened, and times to come. Timers in the order in which they were made. */
type Waiting = {
  gates: Gate[]
  timers: Timer[]
  procs: Proc[]
  readonly deaths: Map<Proc, () => void>
  nowMs: number
}

const never = (): Promise<never> => new Promise(() => {})
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

export const createScheduler = ({ seed, startMs, stall }: SchedulerOptions): Scheduler => {
  const chance = createChance(seed)
  const waiting: Waiting = { gates: [], timers: [], procs: [], deaths: new Map(), nowMs: startMs }
  let steps = 0
  let isCalm = false
  return {
    chance,
    clock: () => waiting.nowMs,
    steps: () => steps,
    isCalm: () => isCalm,
    calm: () => {
      isCalm = true
      for (const each of [...waiting.procs, ...waiting.gates]) each.heldUntilMs = 0
    },
    spawn: (name) => spawn(waiting, name),
    pass: (proc, work) => pass(waiting, proc, work),
    waitOf: (proc) => waitOf(waiting, proc),
    kill: (proc) => kill(waiting, proc),
    step: async (untilMs) => {
      steps += 1
      // Somebody may just be beginning.
      if (waiting.gates.length === 0 && waiting.timers.length === 0) await settled()
      const open = waiting.gates.filter((each) => openFromMs(each) <= waiting.nowMs)
      if (open.length === 0) {
        if (!moveTime(waiting, untilMs)) return false
      } else {
        const chosen = chance.one(open)
        if (!isCalm && chance.is(stall.probability)) {
          chosen.heldUntilMs = waiting.nowMs + chance.between(1, stall.longestMs)
          return true
        }
        waiting.gates.splice(waiting.gates.indexOf(chosen), 1)
        chosen.open()
      }
      await settled()
      return true
    },
  }
}

const spawn = ({ procs, deaths }: Waiting, name: string): Proc => {
  let die = (): void => {}
  const died = new Promise<'died'>((resolve) => (die = () => resolve('died')))
  const proc = { name, died, isAlive: true, heldUntilMs: 0 }
  procs.push(proc)
  deaths.set(proc, die)
  return proc
}

const pass = async <T>(waiting: Waiting, proc: Proc, work: () => Promise<T>): Promise<T> => {
  if (!proc.isAlive) return never()
  const outcome = await work().then(
    (value) => () => value,
    (error: unknown) => () => {
      throw error
    },
  )
  if (!proc.isAlive) return never()
  await new Promise<void>((resolve, reject) => {
    const fail = (): void => reject(new Error('the process is gone'))
    waiting.gates.push({ proc, open: resolve, fail, heldUntilMs: 0 })
  })
  return outcome()
}

const waitOf =
  (waiting: Waiting, proc: Proc): Wait =>
  (delayMs, signal) =>
    new Promise((resolve) => {
      if (!proc.isAlive) return
      if (signal.aborted) return resolve()
      const open = (): void => {
        waiting.timers = waiting.timers.filter((each) => each !== timer)
        signal.removeEventListener('abort', open)
        resolve()
      }
      const timer = { proc, atMs: waiting.nowMs + Math.max(1, delayMs), open }
      waiting.timers.push(timer)
      signal.addEventListener('abort', open)
    })

const kill = (waiting: Waiting, proc: Proc): void => {
  const { gates, timers, deaths } = waiting
  proc.isAlive = false
  for (const gate of gates) if (gate.proc === proc) gate.fail() // what it still does has no effect
  waiting.gates = gates.filter((gate) => gate.proc !== proc)
  waiting.timers = timers.filter((timer) => timer.proc !== proc)
  deaths.get(proc)?.()
}

const openFromMs = ({ proc, heldUntilMs }: Gate): number => Math.max(heldUntilMs, proc.heldUntilMs)
const dueMs = ({ proc, atMs }: Timer): number => Math.max(atMs, proc.heldUntilMs)

/** To the next moment at which something can happen. False: there is none, or not before the given time. */
const moveTime = (waiting: Waiting, untilMs: number): boolean => {
  const { gates, timers } = waiting
  let next: Timer | undefined
  for (const timer of timers) if (next === undefined || dueMs(timer) < dueMs(next)) next = timer
  const timerMs = next === undefined ? Infinity : dueMs(next)
  const nextMs = Math.min(timerMs, ...gates.map(openFromMs))
  if (nextMs === Infinity || nextMs > untilMs) return false
  waiting.nowMs = Math.max(waiting.nowMs, nextMs)
  if (timerMs <= waiting.nowMs) next?.open()
  return true
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
