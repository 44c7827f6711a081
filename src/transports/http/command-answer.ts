// What a command's outcome is called in HTTP. Status numbers live here, the domain knows codes only.
import type { CommandContext, CommandResult } from '../../core/command.ts'
import type { Rejection } from '../../core/decider.ts'
import type { Idempotency } from '../../core/event-store.ts'
import { assertNever } from '../../core/assert-never.ts'
import type { FastifyRequest } from 'fastify'
import type { Caller } from './host.ts'
import type { Principal } from '../../core/auth.ts'
import { versionTag } from './conditional.ts'
import { ProblemError } from './problem.ts'

export type Writer = Caller & Readonly<{ principal: Principal }>
export type Done<State> = Extract<CommandResult<State>, { kind: 'done' }>

export const contextOf = (
  request: FastifyRequest,
  writer: Writer,
  options: Readonly<{
    expectedVersion?: number | undefined
    idempotency?: Idempotency | undefined
  }>,
): CommandContext => ({
  tenantId: writer.tenantId,
  actor: { kind: writer.principal.kind, id: writer.principal.subject },
  correlationId: request.id,
  ...(options.expectedVersion === undefined ? {} : { expectedVersion: options.expectedVersion }),
  ...(options.idempotency === undefined ? {} : { idempotency: options.idempotency }),
})

/**
 * The outcome when it is done; every other one is thrown as its problem. `noun` names the resource: `pet`; `names` how
 * the request calls a field that the domain calls otherwise.
 */
export const doneOrThrow = <State>(
  result: CommandResult<State>,
  noun: string,
  names: Readonly<Record<string, string>> = {},
): Done<State> => {
  switch (result.kind) {
    case 'done':
      return result
    case 'rejected':
      throw rejectionProblem(result.rejection, names)
    case 'not_found':
      throw notFound(noun)
    case 'conflict':
      throw new ProblemError(
        'conflict',
        `Others are changing this ${noun} at the moment. Try again.`,
      )
    case 'version_mismatch':
      throw new ProblemError(
        'precondition-failed',
        `The ${noun} has changed since: If-Match does not hold.`,
        {
          headers: { etag: versionTag(result.actualVersion) },
        },
      )
    case 'key_reused':
      throw new ProblemError(
        'validation-error',
        'This Idempotency-Key was used with another request.',
        {
          errors: [
            {
              field: 'Idempotency-Key',
              message: 'Was used with another request',
              code: 'key_reused',
            },
          ],
        },
      )
    case 'overloaded':
      throw new ProblemError(
        'service-unavailable',
        'Too many writes are waiting. Try again shortly.',
        {
          headers: { 'retry-after': String(Math.max(1, Math.ceil(result.retryAfterMs / 1000))) },
        },
      )
    default:
      return assertNever(result)
  }
}

export const notFound = (noun: string): ProblemError =>
  new ProblemError('not-found', `There is no such ${noun}.`)

// Refused because of the state the thing is in, whichever field of the request touched on it.
const STATE_CODES: ReadonlySet<string> = new Set(['invalid_status_transition', 'pet_not_in_care'])
const GONE_CODES: Readonly<Record<string, string>> = {
  pet_not_found: 'pet',
  pet_removed: 'pet',
  shelter_not_found: 'shelter',
  order_not_found: 'order',
  adoption_not_found: 'application',
  webhook_not_found: 'webhook endpoint',
}

/** A rule about one field is a validation error; anything else is a conflict with the state of things. */
const rejectionProblem = (
  { code, detail, field: called }: Rejection,
  names: Readonly<Record<string, string>>,
): ProblemError => {
  const gone = GONE_CODES[code]
  if (gone !== undefined) return notFound(gone)
  const field = called === undefined ? undefined : (names[called] ?? called)
  const isConflict = field === undefined || STATE_CODES.has(code)
  return new ProblemError(isConflict ? 'conflict' : 'validation-error', `${detail} (${code})`, {
    errors: [{ ...(field === undefined ? {} : { field }), message: detail, code }],
  })
}
