// The classic profile's own document: another shape of errors, other names, no tenant apart from the header.
import type { JsonObject } from '../../../core/json.ts'
import { createComponents } from './components.ts'
import { operationOf } from './operation.ts'
import { type DocumentOptions, onlyUsed, pathsOf } from './document.ts'
import { HEADERS, PARAMETERS, securitySchemes } from './shared-parts.ts'

const EXPLANATIONS: Readonly<Record<number, readonly [error: string, message: string]>> = {
  400: ['Bad Request', 'Invalid query parameter format'],
  401: ['Unauthorized', 'A bearer token is required.'],
  403: ['Forbidden', 'The bearer token is not valid, or has expired.'],
  404: ['Not Found', 'The requested endpoint does not exist.'],
  406: ['Not Acceptable', 'Only JSON can be answered.'],
  409: ['Conflict', 'The state of things does not allow this now.'],
  410: ['Gone', 'The cursor is of an earlier log.'],
  412: ['Precondition Failed', 'The resource has changed since.'],
  413: ['Content Too Large', 'The body is too large.'],
  415: ['Unsupported Media Type', 'The media type of the body is not supported here.'],
  422: ['Unprocessable Content', 'The Idempotency-Key was used with another request.'],
  431: ['Request Header Fields Too Large', 'The header fields are too large.'],
  429: ['Too Many Requests', 'Rate limit exceeded. Try again in 60 seconds.'],
  500: ['Internal Server Error', 'Something went wrong on our side.'],
  503: ['Service Unavailable', 'Try again shortly.'],
}

export const classicDocument = (options: DocumentOptions): JsonObject => {
  const { publicUrl, version, routes, hasOAuth } = options
  const components = createComponents()
  const listed = routes.filter(({ doc }) => doc.profile === 'classic')
  const paths = pathsOf(listed, (route) =>
    operationOf(route, { components, hasOAuth, rateHeaders: 'X-RateLimit', refusesBodyWith: 400 }),
  )
  const used = new Set(listed.flatMap(({ tags }) => tags))
  return onlyUsed({
    openapi: '3.2.0',
    $self: `${publicUrl}/classic/openapi.json`,
    info: {
      title: 'Pawtrail, classic profile',
      version,
      description: 'The same pets and shelters with snake_case names, integer ids and bare arrays.',
      license: { name: 'Unlicensed', identifier: 'LicenseRef-Unlicensed' },
    },
    servers: [{ url: publicUrl, description: 'This server.' }],
    tags: [...used].sort().map((name) => ({ name, description: `Classic ${name}.` })),
    paths,
    components: {
      schemas: { ...components.schemas(), ClassicError: ERROR_SCHEMA },
      parameters: PARAMETERS,
      headers: HEADERS,
      responses: responses(),
      securitySchemes: securitySchemes(publicUrl, hasOAuth),
    },
  })
}

const ERROR_SCHEMA: JsonObject = {
  type: 'object',
  required: ['error', 'message', 'status'],
  properties: {
    error: { type: 'string' },
    message: { type: 'string' },
    status: { type: 'integer', minimum: 400, maximum: 599 },
  },
}

const BEFORE_HTTP = '431'

/** Refused while the request is still being read, when nobody knows yet what it asks for. */
const beforeHttp = (error: string): JsonObject => ({
  description: `${error}.`,
  content: { 'application/problem+json': { schema: { type: 'object' } } },
})

const responses = (): JsonObject => {
  const schema = { $ref: '#/components/schemas/ClassicError' }
  const byStatus = Object.entries(EXPLANATIONS).map(([status, [error, message]]) => {
    const example = { error, message, status: Number(status) }
    if (status === BEFORE_HTTP) return [status, beforeHttp(error)]
    return [
      status,
      { description: `${error}.`, content: { 'application/json': { schema, example } } },
    ]
  })
  const other = {
    description: 'Refused before it reaches this operation: 405, 408 or 414.',
    content: { 'application/json': { schema } },
  }
  return Object.fromEntries([...byStatus, ['other', other]]) as JsonObject
}
