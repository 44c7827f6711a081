// What the routes say of themselves for the published document, and what all of them have in common: they check who is
// calling themselves, and nothing that is typed into their pages is compressed together with a secret.
import type { RouteShorthandOptions } from 'fastify'
import { z } from 'zod'
import { SCOPES } from '../../../core/auth.ts'
import type { JsonObject } from '../../../core/json.ts'
import { GRANT_TYPES } from '../../../core/oauth.ts'
import type { RouteDoc } from '../route-doc.ts'
import { OAUTH_ERROR_CODES } from './errors.ts'

const text: JsonObject = { type: 'string' }
const objectOf = (properties: JsonObject, required: readonly string[]): JsonObject => ({
  type: 'object',
  required: [...required],
  properties,
})
const json = (schema: JsonObject): Readonly<Record<string, JsonObject>> => ({
  'application/json': { schema },
})
const form = (names: readonly string[], required: readonly string[] = []) => ({
  'application/x-www-form-urlencoded': {
    schema: objectOf(Object.fromEntries(names.map((name) => [name, text])), required),
  },
})

const REFUSAL = json(
  objectOf({ error: { enum: [...OAUTH_ERROR_CODES] }, error_description: text }, ['error']),
)
const PAGE = { 'text/html': { schema: text } }
const NOTHING = {}
const REFUSALS = { 400: REFUSAL, 401: REFUSAL, 429: REFUSAL }
const REFUSING_PAGES = { 400: PAGE, 403: PAGE, 429: PAGE }

const CLIENT = ['client_id', 'client_secret']
const ASKED = ['client_id', 'redirect_uri', 'response_type', 'code_challenge']
const ASKED_TOO = ['code_challenge_method', 'scope', 'state', 'tenant', 'response_mode']
const TYPED = ['username', 'password', 'decision', 'form_token']

const TOKEN = objectOf(
  {
    access_token: text,
    token_type: { const: 'Bearer' },
    expires_in: { type: 'integer', description: 'Seconds.' },
    scope: text,
    refresh_token: text,
  },
  ['access_token', 'token_type', 'expires_in', 'scope'],
)
const STARTED = objectOf(
  {
    ...{ device_code: text, user_code: text, verification_uri: text },
    ...{ verification_uri_complete: text },
    ...{ expires_in: { type: 'integer' }, interval: { type: 'integer' } },
  },
  ['device_code', 'user_code', 'verification_uri', 'expires_in', 'interval'],
)
const METADATA = objectOf(
  {
    ...{ issuer: text, authorization_endpoint: text, token_endpoint: text, jwks_uri: text },
    ...{ device_authorization_endpoint: text, revocation_endpoint: text },
    scopes_supported: { type: 'array', items: { enum: [...SCOPES] } },
    grant_types_supported: { type: 'array', items: { enum: [...GRANT_TYPES] } },
  },
  ['issuer', 'authorization_endpoint', 'token_endpoint', 'jwks_uri'],
)

const optional = (names: readonly string[]) =>
  z.object(Object.fromEntries(names.map((name) => [name, z.string().optional()])))

type Doc = Omit<RouteDoc, 'security' | 'profile' | 'tags'>
const DOCS = {
  token: {
    operationId: 'oauthToken',
    summary: 'Get an access token',
    description:
      'RFC 6749. `grant_type` is authorization_code (with code, redirect_uri and code_verifier), refresh_token, ' +
      'client_credentials, or urn:ietf:params:oauth:grant-type:device_code. A confidential client proves itself by ' +
      'HTTP Basic, or by client_id and client_secret in the form; a public one sends its client_id.',
    requestContent: form(
      [
        ...['grant_type', 'code', 'redirect_uri', 'code_verifier', 'refresh_token'],
        ...['device_code', 'scope', 'tenant', ...CLIENT],
      ],
      ['grant_type'],
    ),
    responseContent: { 200: json(TOKEN), ...REFUSALS },
  },
  revoke: {
    operationId: 'oauthRevoke',
    summary: 'Revoke a refresh token',
    description: 'RFC 7009. Ends the whole family of the token. Access tokens cannot be revoked.',
    requestContent: form(['token', 'token_type_hint', ...CLIENT], ['token']),
    responseContent: { 200: NOTHING, ...REFUSALS },
  },
  authorize: {
    operationId: 'oauthAuthorize',
    summary: 'Ask a user for consent',
    description:
      'RFC 6749 and 7636: response_type=code, PKCE with S256, and `tenant` for another one than the shared pool.',
    query: optional([...ASKED, ...ASKED_TOO]),
    responseContent: { 200: PAGE, 303: NOTHING, ...REFUSING_PAGES },
  },
  answerAuthorize: {
    operationId: 'oauthAnswerAuthorize',
    summary: 'Sign in and agree, or refuse',
    description: 'What the page of GET sends. Leads back to the client.',
    requestContent: form([...ASKED, ...ASKED_TOO, ...TYPED], ['form_token']),
    responseContent: { 303: NOTHING, ...REFUSING_PAGES },
  },
  authorizeDevice: {
    operationId: 'oauthAuthorizeDevice',
    summary: 'Start a device',
    description: 'RFC 8628: a code for the device, and a short one for its user to type.',
    requestContent: form(['scope', 'tenant', ...CLIENT]),
    responseContent: { 200: json(STARTED), ...REFUSALS },
  },
  device: {
    operationId: 'oauthDevice',
    summary: 'Page for the code that a device shows',
    query: optional(['user_code']),
    responseContent: { 200: PAGE, ...REFUSING_PAGES },
  },
  answerDevice: {
    operationId: 'oauthAnswerDevice',
    summary: 'Sign in and agree, or refuse, for a device',
    description: 'What the pages of GET send.',
    requestContent: form(['user_code', ...TYPED], ['form_token']),
    responseContent: { 200: PAGE, ...REFUSING_PAGES },
  },
  metadata: {
    operationId: 'oauthMetadata',
    summary: 'What this authorization server can do',
    description: 'RFC 8414.',
    responseContent: { 200: json(METADATA), 429: REFUSAL },
  },
} as const satisfies Record<string, Doc>

export const docOf = (name: keyof typeof DOCS) => {
  const doc: RouteDoc = { ...DOCS[name], tags: ['auth'], security: 'public', profile: 'oauth' }
  return {
    config: { authenticatesItself: true, doc },
    compress: false,
  } satisfies RouteShorthandOptions & { compress: false }
}
