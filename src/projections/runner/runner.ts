// Runs one projection: takes the lease, pulls pages from the log, folds each and commits it with its
// checkpoint. Whatever goes wrong ends the present tenure, never the process: it waits, takes the
// lease again and goes on from the checkpoint.
import { Fault } from '../../core/fault.ts'
import type { Logger } from '../../core/logger.ts'
import { subscriptionOf } from '../projection.ts'
import { takeLease } from './checkpoint.ts'
import { createGrowth } from './growth.ts'
import { DEFAULT_RUNNER_TIMING, type RunnerOptions, type RunnerTiming } from './options.ts'
import { holdTenure } from './tenure.ts'
import { createBackoff, pause } from './wait.ts'

export type Runner = Readonly<{
  /** Finishes the page in hand, gives the lease back, and resolves. */
  stop(): Promise<void>
}>

export const startRunner = (options: RunnerOptions): Runner => {
  const stopping = new AbortController()
  const done = run(options, { ...DEFAULT_RUNNER_TIMING, ...options.timing }, stopping.signal)
  return {
    stop: () => {
      stopping.abort()
      return done
    },
  }
}

const run = async (
  options: RunnerOptions,
  timing: RunnerTiming,
  signal: AbortSignal,
): Promise<void> => {
  const { database, owner, logger, clock } = options
  const subscription = subscriptionOf(options.projection)
  const grow = createGrowth(options)
  const backoff = createBackoff({
    firstMs: timing.firstRetryMs,
    longestMs: timing.longestRetryMs,
    seed: `${owner} ${subscription}`,
    clock,
  })
  while (!signal.aborted) {
    try {
      const lease = await takeLease(database, { subscription, owner, leaseMs: timing.leaseMs })
      if (lease === undefined) await pause(timing.standbyPollMs, signal)
      else await holdTenure({ ...options, timing, grow, onProgress: backoff.reset }, lease, signal)
    } catch (error) {
      if (signal.aborted) return
      const delayMs = backoff.next()
      report(logger, error, { projection: subscription, delayMs })
      await pause(delayMs, signal)
    }
  }
}

const report = (
  logger: Logger,
  error: unknown,
  fields: Readonly<{ projection: string; delayMs: number }>,
): void => {
  const reason = error instanceof Error ? error.message : String(error)
  if (error instanceof Fault && error.code === 'fenced') {
    logger.info(fields, 'projection goes on after a change of owner or a rebuild')
  } else {
    logger.warn({ ...fields, reason }, 'projection stopped and will be tried again')
  }
}
