// How the feed's refusals, and its reasons to end a subscription, read on a connection.
import type { CloseReason, RefusalReason } from '../feed/types.ts'
import { ProblemError } from '../http/problem.ts'
import { CLOSE, type CloseCode } from './protocol.ts'

export type Refused = Readonly<{ problem: ProblemError; id?: number; retryAfterMs?: number }>

/** Too many of one caller or tenant is the caller's, too many in all is the server's. */
export const refusalOf = (
  reason: RefusalReason,
  what: 'event streams' | 'connections',
): Readonly<{ problem: ProblemError }> => {
  switch (reason) {
    case 'revoked':
      return { problem: new ProblemError('forbidden', 'The account of this token was deleted.') }
    case 'principal_limit':
      return { problem: tooMany(what, 'this caller') }
    case 'tenant_limit':
      return { problem: tooMany(what, 'this tenant') }
    case 'total_limit':
    case 'stopped':
      return {
        problem: new ProblemError('service-unavailable', `No more ${what} can be served now.`),
      }
  }
}

const tooMany = (what: string, whose: string): ProblemError =>
  new ProblemError('rate-limit-exceeded', `Too many ${what} of ${whose} are open.`)

export const CODE_OF: Readonly<Record<CloseReason, CloseCode>> = {
  shutdown: CLOSE.drain,
  stalled: CLOSE.tooSlow,
  token_expired: CLOSE.tokenExpired,
  lifetime: CLOSE.resync,
  failed: CLOSE.resync,
  cancelled: CLOSE.resync,
  revoked: CLOSE.forbidden,
}
