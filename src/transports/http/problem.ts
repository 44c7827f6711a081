// RFC 9457 problems: the only shape in which /v1 says no.

export type FieldError = Readonly<{ field?: string; message: string; code?: string }>

/** Status, type suffix and title of every problem this server answers with. */
export const PROBLEMS = {
  'bad-request': [400, 'Bad Request'],
  unauthorized: [401, 'Unauthorized'],
  forbidden: [403, 'Forbidden'],
  'not-found': [404, 'Not Found'],
  'method-not-allowed': [405, 'Method Not Allowed'],
  'not-acceptable': [406, 'Not Acceptable'],
  'request-timeout': [408, 'Request Timeout'],
  conflict: [409, 'Conflict'],
  gone: [410, 'Gone'],
  'precondition-failed': [412, 'Precondition Failed'],
  'content-too-large': [413, 'Content Too Large'],
  'uri-too-long': [414, 'URI Too Long'],
  'unsupported-media-type': [415, 'Unsupported Media Type'],
  'validation-error': [422, 'Validation Error'],
  'rate-limit-exceeded': [429, 'Rate Limit Exceeded'],
  'header-fields-too-large': [431, 'Request Header Fields Too Large'],
  'internal-server-error': [500, 'Internal Server Error'],
  'service-unavailable': [503, 'Service Unavailable'],
  'read-model-behind': [503, 'Read Model Behind'],
} as const satisfies Record<string, readonly [status: number, title: string]>
export type ProblemType = keyof typeof PROBLEMS

export const PROBLEM_TYPE_BASE = 'https://petstoreapi.com/errors/'

export type ProblemOptions = Readonly<{
  errors?: readonly FieldError[]
  headers?: Readonly<Record<string, string>>
  cause?: unknown
}>

/** Thrown by route code; the error handler renders it. */
export class ProblemError extends Error {
  readonly type: ProblemType
  readonly errors: readonly FieldError[] | undefined
  readonly headers: Readonly<Record<string, string>>

  constructor(type: ProblemType, detail: string, options: ProblemOptions = {}) {
    super(detail, { cause: options.cause })
    this.name = 'ProblemError'
    this.type = type
    this.errors = options.errors
    this.headers = options.headers ?? {}
  }
}

/** The body, with `instance` the request's path. */
export const problemBody = (problem: ProblemError, instance: string) => {
  const [status, title] = PROBLEMS[problem.type]
  return {
    type: PROBLEM_TYPE_BASE + problem.type,
    title,
    status,
    detail: problem.message,
    instance,
    ...(problem.errors === undefined ? {} : { errors: problem.errors }),
  }
}
