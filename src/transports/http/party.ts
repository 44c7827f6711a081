// Who may see and change orders and applications: staff all of them, everybody else his own. Another's is answered as
// one that does not exist.
import type { FastifyReply, FastifyRequest } from 'fastify'
import { hasScope, type Scope } from '../../core/auth.ts'
import type { Writer } from './command-answer.ts'
import { requireScope } from './host.ts'
import { ProblemError } from './problem.ts'

/** A caller with the scope. Staff have that of the pets beside it. */
export type Party = Writer & Readonly<{ isStaff: boolean }>

export const requireParty = (request: FastifyRequest, scope: Scope): Party => {
  const caller = requireScope(request, scope)
  return { ...caller, isStaff: hasScope(caller.principal, 'write:pets') }
}

export const requireStaff = (request: FastifyRequest, scope: Scope): Party => {
  requireScope(request, scope)
  return { ...requireScope(request, 'write:pets'), isStaff: true }
}

type Gate = (request: FastifyRequest, reply: FastifyReply, done: () => void) => void

/** Checked before the body is read and validated: who may not write learns nothing about what is valid. */
export const partyOnly =
  (scope: Scope): Gate =>
  (request, _reply, done) => {
    requireParty(request, scope)
    done()
  }

export const staffOnly =
  (scope: Scope): Gate =>
  (request, _reply, done) => {
    requireStaff(request, scope)
    done()
  }

const isSelf = ({ principal }: Party, personId: string): boolean =>
  principal.kind === 'user' && principal.subject === personId

export const maySee = (party: Party, personId: string): boolean =>
  party.isStaff || isSelf(party, personId)

type Named = Readonly<{ field: string; id: string | undefined }>

/** For whom something is asked for: oneself, or whomever staff name. */
export const personFor = (party: Party, { field, id }: Named): string => {
  const { principal, isStaff } = party
  if (!isStaff && principal.kind !== 'user') throw neitherNor()
  if (id !== undefined) {
    if (isStaff || isSelf(party, id)) return id
    throw new ProblemError('forbidden', 'Only staff may do this for somebody else.')
  }
  if (principal.kind === 'user') return principal.subject
  throw new ProblemError('validation-error', 'The request body contains validation errors', {
    errors: [{ field, message: 'Is required', code: 'REQUIRED' }],
  })
}

/** Whose things are listed: undefined is everybody's. */
export const personListed = (party: Party, named: string | undefined): string | undefined => {
  if (party.isStaff) return named
  if (party.principal.kind !== 'user') throw neitherNor()
  if (named === undefined || isSelf(party, named)) return party.principal.subject
  throw new ProblemError('forbidden', 'Only staff may list what is not their own.')
}

const neitherNor = (): ProblemError =>
  new ProblemError(
    'forbidden',
    'The token is neither that of a user nor that of staff, who also have the scope write:pets.',
  )
