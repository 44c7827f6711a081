// Calls that are under way on one line, and the one timer that ends those whose deadline has come: a timer, a signal
// and a promise for each of them would cost more than the call.
import type { OutboundFailure } from '../../core/outbound.ts'
import type { Connection } from './connection.ts'

/** Ends with its connection. */
export type Call = {
  readonly startedAt: number
  readonly endsAt: number
  readonly whyEnded: () => OutboundFailure | undefined
  readonly onEnd: (tell: () => void) => void
  connection: Connection | undefined
}

export type Calls = Readonly<{
  begin(deadlineMs: number): Call
  finish(call: Call): void
  isStopped(): boolean
  /** Ends all, and those that begin later at once. */
  stop(): void
}>

type Open = Call & { whyOver: OutboundFailure | undefined; tell: (() => void) | undefined }

export const createCalls = (): Calls => {
  const open = new Set<Open>()
  let isStopped = false
  let timer: NodeJS.Timeout | undefined
  let timerEndsAt = Infinity

  const end = (call: Open, why: OutboundFailure): void => {
    call.whyOver ??= why
    call.tell?.()
    call.connection?.client.destroy().catch(() => {})
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
      const call: Open = {
        startedAt,
        endsAt: startedAt + deadlineMs,
        whyOver: isStopped ? 'stopped' : undefined,
        tell: undefined,
        connection: undefined,
        whyEnded: () => call.whyOver,
        onEnd: (tell) => {
          call.tell = tell
          if (call.whyOver !== undefined) tell()
        },
      }
      open.add(call)
      if (call.endsAt < timerEndsAt && !isStopped) sweepAt(call.endsAt, startedAt)
      return call
    },
    finish: (call) => {
      open.delete(call as Open)
    },
    isStopped: () => isStopped,
    stop: () => {
      isStopped = true
      clearTimeout(timer)
      for (const call of open) end(call, 'stopped')
    },
  }
}
