// How the authorization server says no: a code of RFC 6749, 7009 or 8628 and a sentence of our own. Sentences never
// repeat what was sent.
import type { FastifyReply, FastifyRequest } from 'fastify'
import { toProblem } from '../errors.ts'
import { PROBLEMS } from '../problem.ts'

const STATUSES = {
  invalid_request: 400,
  invalid_client: 401,
  invalid_grant: 400,
  invalid_scope: 400,
  unauthorized_client: 400,
  unsupported_grant_type: 400,
  unsupported_response_type: 400,
  unsupported_token_type: 400,
  access_denied: 400,
  authorization_pending: 400,
  slow_down: 400,
  expired_token: 400,
  temporarily_unavailable: 429,
} as const
export type OAuthErrorCode = keyof typeof STATUSES
export const OAUTH_ERROR_CODES = Object.keys(STATUSES)

export class OAuthError extends Error {
  readonly code: OAuthErrorCode
  readonly headers: Readonly<Record<string, string>>

  constructor(code: OAuthErrorCode, description: string, headers = {}) {
    super(description)
    this.name = 'OAuthError'
    this.code = code
    this.headers = headers
  }

  get status(): number {
    return STATUSES[this.code]
  }
}

/** What of the framework's and our own errors a client can do something about; the rest is thrown again. */
export const toOAuthError = (error: unknown): OAuthError => {
  if (error instanceof OAuthError) return error
  const problem = toProblem(error)
  const [status] = PROBLEMS[problem.type]
  if (status >= 500 || problem.type === 'method-not-allowed') throw error
  if (problem.type === 'rate-limit-exceeded') {
    return new OAuthError('temporarily_unavailable', problem.message, problem.headers)
  }
  const isOtherType = problem.type === 'unsupported-media-type'
  return new OAuthError(
    'invalid_request',
    isOtherType ? 'The body must be application/x-www-form-urlencoded.' : problem.message,
    problem.headers,
  )
}

/** RFC 6749, section 5.2. */
export const answerWithJson = (
  thrown: unknown,
  _request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply => {
  const { status, code, message, headers } = toOAuthError(thrown)
  return reply
    .code(status)
    .headers({ 'cache-control': 'no-store', ...headers })
    .type('application/json; charset=utf-8')
    .send({ error: code, error_description: message })
}
