// What is done for each of many once in a period, spread over its ticks: who joins takes part in the
// round of that tick for good, so that none of them has a timer of its own.
import type { TimerWheel } from './timer-wheel.ts'

export type Rounds<Member> = Readonly<{
  /** Its first turn is a period from now. Answers its round. */
  add: (member: Member) => number
  remove: (member: Member, round: number) => void
  all: () => Iterable<Member>
  /** It goes on until the wheel stops. */
  start: () => void
}>

export type RoundsOptions<Member> = Readonly<{
  wheel: Pick<TimerWheel, 'schedule' | 'tickMs'>
  periodMs: number
  run: (member: Member) => void
}>

export const createRounds = <Member>(options: RoundsOptions<Member>): Rounds<Member> => {
  const { wheel, periodMs, run } = options
  const count = Math.max(1, Math.ceil(periodMs / wheel.tickMs))
  const rounds = Array.from({ length: count }, () => new Set<Member>())
  let now = 0

  const tick = (): void => {
    wheel.schedule(wheel.tickMs, tick)
    now = (now + 1) % count
    // Who joins meanwhile has its first turn a period later.
    for (const member of [...(rounds[now] ?? [])]) {
      if (rounds[now]?.has(member) === true) run(member)
    }
  }

  return {
    add(member) {
      rounds[now]?.add(member)
      return now
    },
    remove: (member, round) => void rounds[round]?.delete(member),
    *all() {
      for (const round of rounds) yield* round
    },
    start: () => void wheel.schedule(wheel.tickMs, tick),
  }
}
