// Every way to say no on HTTP ends here: one problem body (RFC 9457), never a stack, a statement or a driver's words.
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Fault, type FaultCode } from '../../core/fault.ts'
import type { Logger } from '../../core/logger.ts'
import { problemBody, ProblemError, PROBLEMS, type ProblemType } from './problem.ts'

const UNAVAILABLE: ReadonlySet<FaultCode> = new Set<FaultCode>([
  'event_store_unavailable',
  'database_unavailable',
  'deadline_exceeded',
  'append_outcome_unknown',
  'blob_store_unavailable',
  'identity_provider_unavailable',
  'payment_provider_unavailable',
  'overloaded',
])
const RETRY_AFTER_SECONDS = '2'

/** Of the server, or of a scope that says no in its own words: `send` renders the problem. */
export const installErrorHandling = (
  app: FastifyInstance,
  logger: Logger,
  send: typeof sendProblem,
): void => {
  app.setErrorHandler((error, request, reply) => {
    const problem = toProblem(error)
    if (PROBLEMS[problem.type][0] >= 500 && !isToldByAnswer(error)) logFault(logger, request, error)
    return send(request, reply, problem)
  })
}

export const sendProblem = (
  request: FastifyRequest,
  reply: FastifyReply,
  problem: ProblemError,
): FastifyReply =>
  reply
    .code(PROBLEMS[problem.type][0])
    .removeHeader('etag')
    .headers({ 'cache-control': 'no-store', ...problem.headers })
    .type(problemMediaType(request.raw.headers.accept))
    .send(JSON.stringify(problemBody(problem, pathOf(request.raw.url))))

export const pathOf = (url: string | undefined): string => {
  const end = (url ?? '/').indexOf('?')
  return end === -1 ? (url ?? '/') : (url ?? '/').slice(0, end)
}

/** application/json only for who accepts that and nothing wider. */
export const problemMediaType = (accept: string | undefined): string =>
  accept !== undefined &&
  accept.includes('application/json') &&
  !/application\/problem\+json|\*\/\*|application\/\*/.test(accept)
    ? 'application/json'
    : 'application/problem+json'

export const toProblem = (error: unknown): ProblemError => {
  if (error instanceof ProblemError) return error
  if (error instanceof Fault) return fromFault(error)
  if (isFastifyError(error)) return fromFramework(error)
  return internal(error)
}

const internal = (cause: unknown): ProblemError =>
  new ProblemError('internal-server-error', 'Something went wrong on our side.', { cause })

const fromFault = (fault: Fault): ProblemError => {
  if (!UNAVAILABLE.has(fault.code)) return internal(fault)
  const detail =
    fault.code === 'append_outcome_unknown'
      ? 'The connection to the store broke: the change may or may not be stored. ' +
        'Try again with the same Idempotency-Key.'
      : 'A part of the service cannot be reached just now. Try again shortly.'
  return new ProblemError('service-unavailable', detail, {
    headers: { 'retry-after': RETRY_AFTER_SECONDS },
    cause: fault,
  })
}

const isFastifyError = (error: unknown): error is FastifyError =>
  error instanceof Error &&
  'statusCode' in error &&
  typeof error.statusCode === 'number' &&
  error.statusCode < 500

const DETAILS: Readonly<Record<string, readonly [ProblemType, string]>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [
    'unsupported-media-type',
    'The Content-Type of the body is missing or not supported here.',
  ],
  FST_ERR_ROUTE_MISSING_CONTENT_TYPE: ['bad-request', 'A QUERY needs a body and its Content-Type.'],
  FST_ERR_CTP_BODY_TOO_LARGE: ['content-too-large', 'The body is too large.'],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['bad-request', 'A JSON body is required.'],
  FST_ERR_CTP_INVALID_JSON_BODY: ['bad-request', 'The body is not valid JSON.'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [
    'bad-request',
    'The body is not as long as Content-Length says.',
  ],
  FST_CP_ERR_INVALID_CONTENT: ['bad-request', 'The body is not encoded as Content-Encoding says.'],
  FST_CP_ERR_INVALID_CONTENT_ENCODING: [
    'unsupported-media-type',
    'The Content-Encoding of the body is not supported; gzip, deflate and br are.',
  ],
  FST_PROTO_VIOLATION: ['bad-request', 'The form has a part with a name that is not allowed.'],
  FST_ERR_BAD_URL: ['bad-request', 'The path is not valid.'],
  FST_ERR_MAX_PARAM_LENGTH: ['uri-too-long', 'A part of the path is too long.'],
  FST_REQ_FILE_TOO_LARGE: ['content-too-large', 'The file is too large.'],
  FST_FILES_LIMIT: ['content-too-large', 'Only one file can be sent at a time.'],
  FST_PARTS_LIMIT: ['content-too-large', 'The form has too many parts.'],
  FST_FIELDS_LIMIT: ['content-too-large', 'The form has too many fields.'],
  FST_INVALID_MULTIPART_CONTENT_TYPE: ['unsupported-media-type', 'The body is not a form.'],
}

const BY_STATUS: Readonly<Record<number, readonly [ProblemType, string]>> = {
  408: ['request-timeout', 'The request took too long to arrive.'],
  413: ['content-too-large', 'The body is too large.'],
  414: ['uri-too-long', 'The path is too long.'],
  415: ['unsupported-media-type', 'The media type of the body is not supported here.'],
}

const fromFramework = (error: FastifyError): ProblemError => {
  const fallback = ['bad-request', 'The request is not valid.'] as const
  const byName = error instanceof SyntaxError ? DETAILS['FST_ERR_CTP_INVALID_JSON_BODY'] : undefined
  const [type, detail] =
    byName ?? DETAILS[error.code] ?? BY_STATUS[error.statusCode ?? 400] ?? fallback
  return new ProblemError(type, detail, { cause: error })
}

/** Nothing is behind it but what it says: the line of the answer is enough. */
const isToldByAnswer = (error: unknown): boolean =>
  error instanceof ProblemError && error.cause === undefined

const logFault = (logger: Logger, request: FastifyRequest, error: unknown): void => {
  const cause = error instanceof ProblemError && error.cause !== undefined ? error.cause : error
  logger.error(
    { err: cause, requestId: request.id, method: request.method, path: pathOf(request.raw.url) },
    'request failed',
  )
}
