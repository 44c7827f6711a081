// One try of one reaction: bounded in time, with signs of life while it lasts, and never a throw but for the loss of
// the lease.
import type { StoredEvent } from '../core/event.ts'
import { decodeEventOf } from '../events/codec.ts'
import type { DomainEvent } from '../events/registry.ts'
import type { Tenure } from './options.ts'
import { again, contextOf, type PolicyOutcome } from './policy.ts'

export const reactTo = async (tenure: Tenure, event: StoredEvent): Promise<PolicyOutcome> => {
  const { policy, metrics, clock, timing } = tenure.options
  const startedMs = clock()
  const outcome = await bounded(tenure, react(tenure, event), startedMs + timing.reactionMs)
  const labels = { policy: policy.name, outcome: outcome.kind }
  metrics.count('pawtrail_policy_reactions_total', 1, labels)
  return outcome
}

const react = async (tenure: Tenure, event: StoredEvent): Promise<PolicyOutcome> => {
  const { policy, application } = tenure.options
  try {
    const decoded = { ...event, ...decodeEventOf<DomainEvent>(event) }
    return await policy.react(decoded, application, contextOf(policy, event))
  } catch (error) {
    return again(error instanceof Error ? error.message : String(error))
  }
}

/** A reaction that is given up may still come to its end; it is repeatable, and so is one beside another. */
const bounded = async (
  tenure: Tenure,
  reaction: Promise<PolicyOutcome>,
  deadlineMs: number,
): Promise<PolicyOutcome> => {
  const { wait, timing, clock, checkpoints } = tenure.options
  const settled = new AbortController()
  try {
    for (;;) {
      const leftMs = deadlineMs - clock()
      if (leftMs <= 0) return again('the reaction took too long')
      const pause = wait(Math.min(leftMs, timing.signOfLifeMs), settled.signal)
      const outcome = await Promise.race([reaction, pause])
      if (outcome !== undefined) return outcome
      await checkpoints.renew(tenure.lease)
      tenure.signOfLifeAtMs = clock()
    }
  } finally {
    settled.abort('settled') // a reason of our own is cheaper than the error that is made without one
  }
}
