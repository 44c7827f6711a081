// The parts that operations of the modern profile refer to: header parameters, headers of answers, problems, sign-in.
import { SCOPES } from '../../../core/auth.ts'
import type { JsonObject } from '../../../core/json.ts'
import { PROBLEMS } from '../problem.ts'

const text = { type: 'string' }
const header = (name: string, description: string, schema: JsonObject = text): JsonObject => ({
  name,
  in: 'header',
  required: false,
  description,
  schema,
})

export const PARAMETERS: JsonObject = {
  TenantId: header(
    'X-Tenant-ID',
    'The shelter organisation that the request is about. Without it: the shared pool.',
    { type: 'string', format: 'uuid' },
  ),
  IdempotencyKey: header(
    'Idempotency-Key',
    'Makes a repeat safe: the same key with the same body gets the first answer again, for 24 hours.',
    { type: 'string', minLength: 1, maxLength: 255 },
  ),
  IfMatch: header(
    'If-Match',
    'The ETag that the change is based on; 412 when there is a newer one.',
  ),
  IfNoneMatch: header('If-None-Match', 'ETags of copies at hand; 304 when one of them is current.'),
  WaitForCursor: header(
    'Wait-For-Cursor',
    'An Event-Cursor of a write: the answer has at least this write in it, or is a 503.',
  ),
}

const counted = (description: string): JsonObject => ({ description, schema: { type: 'integer' } })
const worded = (description: string): JsonObject => ({ description, schema: text })

export const HEADERS: JsonObject = {
  'X-Request-Id': worded('Names this request in the logs.'),
  'RateLimit-Limit': counted('Requests that may be made in a minute.'),
  'RateLimit-Remaining': counted('How many of them are left.'),
  'RateLimit-Reset': counted('When the minute is over, in seconds since 1970.'),
  'X-RateLimit-Limit': counted('Requests that may be made in a minute.'),
  'X-RateLimit-Remaining': counted('How many of them are left.'),
  'X-RateLimit-Reset': counted('When the minute is over, in seconds since 1970.'),
  'X-Total-Count': counted('How many there are in all.'),
  'Retry-After': counted('Seconds to wait before the next try.'),
  'WWW-Authenticate': worded('What kind of token is asked for.'),
  Allow: worded('The methods that there are here.'),
  Location: worded('Where the new resource is.'),
  Link: worded(
    'The pages around this one (RFC 8288); without those that 4096 characters have no room for.',
  ),
  ETag: worded('Names this version, for If-None-Match and If-Match.'),
  'Event-Cursor': worded('The place in the log that this answer has reached, for Wait-For-Cursor.'),
  'Idempotent-Replayed': worded(
    '`true` when the answer is of an earlier request with the same key.',
  ),
}

const EXPLANATIONS: Readonly<Record<number, string>> = {
  400: 'The path, the query, a header or the syntax of the body is not valid.',
  401: 'A bearer token is needed, or the one that was sent is not valid.',
  403: 'The token is not good for this tenant, or lacks a scope.',
  404: 'There is no such resource in this tenant.',
  406: 'Only JSON can be answered.',
  409: 'The state of things does not allow this now.',
  410: 'The cursor is of an earlier log.',
  412: 'The resource has changed: If-Match does not hold.',
  413: 'The body is too large.',
  415: 'The media type of the body is not supported here.',
  422: 'The body breaks its schema or a rule about a field; `errors` names each field.',
  429: 'Too many requests in this minute.',
  431: 'The header fields are too large.',
  500: 'Something went wrong on our side.',
  503: 'Not now: too much to do, a part is missing, or the read model is behind. Try again.',
}

const MORE_HEADERS: Readonly<Record<number, readonly string[]>> = {
  401: ['WWW-Authenticate'],
  403: ['WWW-Authenticate'],
  429: ['Retry-After', 'RateLimit-Limit', 'RateLimit-Remaining', 'RateLimit-Reset'],
  503: ['Retry-After'],
}

const headerReferences = (names: readonly string[]): JsonObject =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]))

/** Both media types: plain JSON goes to who accepts nothing else. */
const problemContent = (example?: JsonObject): JsonObject => {
  const schema = { $ref: '#/components/schemas/Problem' }
  const media = example === undefined ? { schema } : { schema, example }
  return { 'application/problem+json': media, 'application/json': media }
}

const problemWith = (status: number) => {
  const found = Object.entries(PROBLEMS).find(([, [own]]) => own === status)
  if (found === undefined) throw new Error(`no problem has the status ${status}`)
  return found
}

export const problemResponses = (base: string): JsonObject => {
  const byStatus = Object.entries(EXPLANATIONS).map(([status, description]) => {
    const [suffix, [, title]] = problemWith(Number(status))
    const example = {
      type: base + suffix,
      title,
      status: Number(status),
      detail: description,
      instance: '/v1/pets',
    }
    const headers = headerReferences(['X-Request-Id', ...(MORE_HEADERS[Number(status)] ?? [])])
    return [status, { description, headers, content: problemContent(example) }]
  })
  const other = {
    description: 'A request that is refused before it reaches this operation: 405, 408 or 414.',
    content: problemContent(),
  }
  return Object.fromEntries([...byStatus, ['other', other]]) as JsonObject
}

export const problemSchema = (base: string): JsonObject => ({
  type: 'object',
  description: 'Why a request was refused (RFC 9457).',
  required: ['type', 'title', 'status'],
  additionalProperties: false,
  properties: {
    type: {
      type: 'string',
      format: 'uri',
      enum: Object.keys(PROBLEMS).map((suffix) => base + suffix),
    },
    title: text,
    status: { type: 'integer', minimum: 400, maximum: 599 },
    detail: text,
    instance: text,
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['message'],
        additionalProperties: false,
        properties: { field: text, message: text, code: text },
      },
    },
  },
})

export const securitySchemes = (issuer: string, hasOAuth: boolean): JsonObject => {
  const bearerAuth = { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' }
  if (!hasOAuth) {
    const description = 'A token of the outside identity provider that this server trusts.'
    return { bearerAuth: { ...bearerAuth, description } }
  }
  const scopes = Object.fromEntries(SCOPES.map((scope) => [scope, SCOPE_WORDS[scope]]))
  const tokenUrl = `${issuer}/oauth/token`
  return {
    bearerAuth,
    oauth2: {
      type: 'oauth2',
      oauth2MetadataUrl: `${issuer}/.well-known/oauth-authorization-server`,
      flows: {
        clientCredentials: { tokenUrl, scopes },
        authorizationCode: {
          authorizationUrl: `${issuer}/oauth/authorize`,
          tokenUrl,
          refreshUrl: tokenUrl,
          scopes,
        },
        deviceAuthorization: {
          deviceAuthorizationUrl: `${issuer}/oauth/device_authorization`,
          tokenUrl,
          refreshUrl: tokenUrl,
          scopes,
        },
      },
    },
  }
}

const SCOPE_WORDS: Readonly<Record<(typeof SCOPES)[number], string>> = {
  'read:pets': 'Read pets and shelters where they are not public',
  'write:pets': 'Keep pets and shelters; marks staff',
  'read:orders': 'Read orders: the own ones, as staff all',
  'write:orders': 'Place, pay and cancel orders; as staff approve, ship and deliver them',
  'read:user': 'Read the own account',
  'write:user': 'Change and delete the own account',
  'chat:write': 'Ask the pet advisor',
  'read:adoptions': 'Read applications: the own ones, as staff all',
  'write:adoptions': 'Apply and withdraw; as staff review, approve, reject and complete',
  'read:events': "Follow the staff's class of events",
  'read:webhooks': 'See webhook endpoints and deliveries',
  'write:webhooks': 'Keep webhook endpoints',
  'read:audit': 'Read histories',
  'read:reports': 'Read reports',
  admin: 'Everything',
}
