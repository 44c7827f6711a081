// What a policy declares: the events it listens to, and the command that follows from one. The log is delivered at
// least once and policies run beside each other, so every reaction asks what is so now and may be repeated at any
// time.
import type { Application } from '../application.ts'
import type { CommandContext, CommandResult } from '../core/command.ts'
import type { StoredEvent } from '../core/event.ts'
import type { DomainEvent } from '../events/registry.ts'

export type PolicyEvent = StoredEvent & DomainEvent

/** What policies call, and nothing else of the application. */
export type PolicyCommands = Readonly<{
  pets: Pick<Application['pets'], 'reserve' | 'passOn' | 'release' | 'adopt' | 'current'>
  orders: Pick<
    Application['orders'],
    'approve' | 'settlePayment' | 'refundPayment' | 'abandon' | 'get'
  >
  adoptions: Pick<Application['adoptions'], 'reject' | 'abandon' | 'get' | 'nextInLine' | 'openFor'>
}>

export type PolicyOutcome =
  | Readonly<{ kind: 'done' }> // it is so now, or was already, or it is too late to matter
  | Readonly<{ kind: 'again'; reason: string }> // may go well in a moment; the events behind it wait
  | Readonly<{ kind: 'later'; reason: string }> // nothing is wrong: its stream is set aside meanwhile

export type Policy = Readonly<{
  name: string
  categories: readonly string[]
  types: readonly PolicyEvent['type'][]
  /** Sees an event only once it was recorded so long ago. */
  delayMs?: number
  react(
    event: PolicyEvent,
    application: PolicyCommands,
    context: CommandContext,
  ): Promise<PolicyOutcome>
}>

/** The name of a policy's checkpoint. */
export const policySubscription = ({ name }: Pick<Policy, 'name'>): string => `policy:${name}`

/** The cause of what a policy does is the event, and it belongs to the same request. */
export const contextOf = ({ name }: Pick<Policy, 'name'>, event: StoredEvent): CommandContext => ({
  tenantId: event.tenantId,
  actor: { kind: 'system', id: `policy:${name}` },
  correlationId: event.metadata.correlationId,
  causationId: event.eventId,
})

export const done: PolicyOutcome = { kind: 'done' }
export const again = (reason: string): PolicyOutcome => ({ kind: 'again', reason })
export const later = (reason: string): PolicyOutcome => ({ kind: 'later', reason })

/**
 * A command's result as the end of a reaction. `fine`: the rejections that mean "already so" or "too late" here; any
 * other one was not thought of, and somebody should see it.
 */
export const outcomeOf = (
  result: CommandResult<unknown>,
  fine: readonly string[] = [],
): PolicyOutcome => {
  if (result.kind === 'done') return done
  const code = result.kind === 'rejected' ? result.rejection.code : result.kind
  return fine.includes(code) ? done : again(code)
}
