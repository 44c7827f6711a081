// Runs one policy: takes its lease, deals with the log in order from its checkpoint on. Whatever goes wrong ends the
// present tenure, never the process: it waits, takes the lease again and goes on from the checkpoint.
import { Fault } from '../core/fault.ts'
import { DEFAULT_POLICY_TIMING, type PolicyRunnerOptions, type TenureOptions } from './options.ts'
import { policySubscription } from './policy.ts'
import { holdTenure } from './tenure.ts'
import { backoffMs, realWait } from './wait.ts'

export type PolicyRunner = Readonly<{
  /** Finishes the reaction in hand, remembers how far it came, gives the lease back, and resolves. */
  stop(): Promise<void>
}>

export const startPolicy = (options: PolicyRunnerOptions): PolicyRunner => {
  const stopping = new AbortController()
  const timing = { ...DEFAULT_POLICY_TIMING, ...options.timing }
  const ended = run({ ...options, timing, wait: options.wait ?? realWait }, stopping.signal)
  return {
    stop: () => {
      stopping.abort()
      return ended
    },
  }
}

const run = async (options: TenureOptions, signal: AbortSignal): Promise<void> => {
  const { policy, checkpoints, owner, timing, wait, logger } = options
  const { leaseMs, standbyPollMs, firstRetryMs: firstMs, longestRetryMs: longestMs } = timing
  const subscription = policySubscription(policy)
  for (let tries = 1; !signal.aborted;) {
    try {
      const lease = await checkpoints.acquire({ subscription, owner, leaseMs })
      if (lease === undefined) await wait(standbyPollMs, signal)
      else await holdTenure({ ...options, onProgress: () => (tries = 1) }, lease, signal)
    } catch (error) {
      if (signal.aborted) return
      const delayMs = backoffMs(tries, { firstMs, longestMs })
      tries += 1
      const reason = error instanceof Error ? error.message : String(error)
      const fields = { policy: policy.name, delayMs, reason }
      if (error instanceof Fault && error.code === 'fenced') {
        logger.info(fields, 'another process took this policy over')
      } else logger.warn(fields, 'policy stopped and will go on from its checkpoint')
      await wait(delayMs, signal)
    }
  }
}
