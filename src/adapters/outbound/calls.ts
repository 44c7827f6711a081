// Calls that are under way on one line, and the one timer that ends those whose deadline has come: a timer, a signal
// and a promise for each of them would cost more than the call.
import type { OutboundFailure } from '../../core/outbound.ts'
import type { Connection } from './connection.ts'

/** Ends with its connection. `tell`: called when it ends while it has none yet. */
export type Call = {
  readonly startedAt: number
  readonly endsAt: number
  whyEnded: OutboundFailure | undefined
  tell: (() => void) | undefined
  connection: Connection | undefined
}

export type Calls = Readonly<{
  begin(deadlineMs: number): Call
  finish(call: Call): void
  isStopped(): boolean
  /** Ends all, and those that begin later at once. */
  stop(): void
}>

export const createCalls = (): Calls => {
  const open = new Set<Call>()
  let isStopped = false
  let timer: NodeJS.Timeout | undefined
  let timerEndsAt = Infinity

  const end = (call: Call, why: OutboundFailure): void => {
    call.whyEnded ??= why
    call.tell?.()
    call.connection?.destroy()
  }
  const sweep = (): void => {
    timer = undefined
    timerEndsAt = Infinity
    const now = performance.now()
    let nextAt = Infinity
    for (const call of open) {
      if (call.endsAt <= now) end(call, 'deadline')
      else nextAt = Math.min(nextAt, call.endsAt)
    }
    if (nextAt < Infinity) sweepAt(nextAt, now)
  }
  const sweepAt = (at: number, now: number): void => {
    clearTimeout(timer)
    timerEndsAt = at
    timer = setTimeout(sweep, Math.ceil(at - now))
  }
  return {
    begin: (deadlineMs) => {
      const startedAt = performance.now()
      const call: Call = {
        startedAt,
        endsAt: startedAt + deadlineMs,
        whyEnded: isStopped ? 'stopped' : undefined,
        tell: undefined,
        connection: undefined,
      }
      open.add(call)
      if (call.endsAt < timerEndsAt && !isStopped) sweepAt(call.endsAt, startedAt)
      return call
    },
    finish: (call) => {
      open.delete(call)
    },
    isStopped: () => isStopped,
    stop: () => {
      isStopped = true
      clearTimeout(timer)
      for (const call of open) end(call, 'stopped')
    },
  }
}
