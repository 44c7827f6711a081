// How the feed's refusals read on a connection.
import type { RefusalReason } from '../feed/types.ts'
import { ProblemError } from '../http/problem.ts'

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
