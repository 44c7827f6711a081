// How the classic profile says things: `{error, message, status}` instead of a problem, X-RateLimit-* instead of
// RateLimit-*, 400 for every request that does not hold, 403 for a token that is not good.
import { STATUS_CODES } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { JSON_TYPE } from '../answer.ts'
import { pathOf } from '../errors.ts'
import type { GuardManner } from '../guard.ts'
import { type FieldError, ProblemError, PROBLEMS } from '../problem.ts'
import { classicRateFields } from '../rate-limit.ts'

const SCOPE_MARK = 'speaksClassic'

export const markClassicScope = (scope: FastifyInstance): void => {
  scope.decorate(SCOPE_MARK, true)
}
export const isClassicScope = (scope: FastifyInstance): boolean => scope.hasDecorator(SCOPE_MARK)

// What these begin with has other words for what is not there; everything else is the classic profile's.
const OTHERS: ReadonlySet<string> = new Set([
  'v1',
  'oauth',
  '.well-known',
  'mqtt',
  'livez',
  'readyz',
  'metrics',
  'schemas',
  'docs',
])

/** Of a path that has no route. */
export const isClassicPath = (url: string | undefined): boolean =>
  !OTHERS.has(pathOf(url).split('/', 2)[1] ?? '')

export const classicGuardManner: GuardManner = {
  rateFields: classicRateFields,
  badToken: () =>
    new ProblemError('forbidden', 'The token is not valid, or has expired.', {
      headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
    }),
}

export const sendClassicError = (
  _request: FastifyRequest,
  reply: FastifyReply,
  problem: ProblemError,
): FastifyReply => {
  const status = statusOf(problem)
  // What does not hold was named as it was sent; what the domain refuses has the domain's names.
  const errors =
    problem.type === 'bad-request' ? problem.errors : problem.errors?.map(inClassicNames)
  return reply
    .code(status)
    .removeHeader('etag')
    .headers({ 'cache-control': 'no-store', ...problem.headers })
    .type(JSON_TYPE)
    .send(
      JSON.stringify({
        error: STATUS_CODES[status],
        message: messageOf(problem, errors),
        status,
        ...(errors === undefined ? {} : { errors }),
      }),
    )
}

const statusOf = ({ type }: ProblemError): number =>
  type === 'validation-error' ? PROBLEMS['bad-request'][0] : PROBLEMS[type][0]

const messageOf = (problem: ProblemError, errors: readonly FieldError[] | undefined): string => {
  if (problem.type === 'rate-limit-exceeded') {
    return `Rate limit exceeded. Try again in ${problem.headers['retry-after'] ?? '60'} seconds.`
  }
  if (problem.type === 'validation-error' && errors !== undefined) return bodyMessage(errors)
  return problem.message
}

const MAX_NAMED_FIELDS = 10

/** One sentence for all that is missing, and one for each field that is something else. */
export const bodyMessage = (errors: readonly FieldError[]): string => {
  const missing = errors.filter(({ code }) => code === 'REQUIRED').map(({ field }) => field)
  const wrong = errors
    .filter(({ code }) => code !== 'REQUIRED')
    .slice(0, MAX_NAMED_FIELDS)
    .map(({ field, message }) => `Invalid value for '${field ?? 'body'}': ${message}.`)
  const named = missing.map((field) => `'${field ?? 'body'}'`).join(', ')
  return [
    ...(missing.length === 0 ? [] : [`Missing required field: ${named}.`]),
    ...wrong.map((sentence) => sentence.replace(/\.\.$/, '.')),
  ].join(' ')
}

const RENAMED: Readonly<Record<string, string>> = { 'intake.date': 'intake_date' }

/** `shelterId` as `shelter_id`; names of header fields stay. */
const inClassicNames = (error: FieldError): FieldError => {
  const { field } = error
  if (field === undefined || field.includes('-')) return error
  const name = RENAMED[field] ?? field.replace(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`)
  return { ...error, field: name }
}
