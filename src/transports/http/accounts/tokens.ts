// Signing in: a name and a password, or a refresh token, for an access token. All that can be wrong with a sign-in gets
// the same answer after the same work, so that nobody learns which names exist.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { type Credential, type RefreshGrant, SCOPES } from '../../../core/auth.ts'
import { toTimestamp } from '../../../core/clock.ts'
import type { TenantId } from '../../../core/ids.ts'
import { callerOf } from '../host.ts'
import { ProblemError } from '../problem.ts'
import type { RouteDoc } from '../route-doc.ts'
import type { AccountOptions } from './options.ts'
import { refreshBody, signInBody, type TokenAnswer, tokenAnswer } from './schemas.ts'
import type { SignInLimit } from './sign-in-limit.ts'

const tags = ['auth']

const refreshExample = { stored: { refreshToken: 'kJ7vYB1kq0m3cW4yQ1n0zq8r5t9w2x6a7b8c9d0e1f2' } }
const DOCS = {
  signIn: {
    summary: 'Sign in',
    description:
      'Gives an access token and a refresh token. Whatever is wrong with a name or a password is answered alike.',
    security: 'public',
    idempotencyKey: false,
    problems: [401],
    examples: { ada: { username: 'ada.byron', password: 'correct horse battery' } },
  },
  refresh: {
    summary: 'A new access token for a refresh token',
    description:
      'A refresh token is good once. Using one again ends its session: it may have been stolen.',
    security: 'public',
    idempotencyKey: false,
    problems: [401],
    examples: refreshExample,
  },
  revoke: {
    summary: 'Sign out',
    description:
      'Ends the session of a refresh token; answered alike when there is no such session.',
    security: 'public',
    idempotencyKey: false,
    examples: refreshExample,
  },
} as const satisfies Readonly<Record<string, RouteDoc>>

/** `decoyHash`: of a password that nobody has. */
export const installTokenRoutes = (
  app: FastifyInstance,
  options: AccountOptions,
  { limit, decoyHash }: Readonly<{ limit: SignInLimit; decoyHash: string }>,
): void => {
  const { refreshTokens } = options
  const routes = app.withTypeProvider<ZodTypeProvider>()
  const response = { 200: tokenAnswer }

  routes.post(
    '/v1/auth/tokens',
    {
      config: { isJson: true, doc: DOCS.signIn },
      schema: { operationId: 'createToken', tags, body: signInBody, response },
    },
    async (request, reply) => {
      const { tenantId } = callerOf(request)
      const { username, password } = request.body
      await limit.countAddress(request.ip)
      const forgetAttempts = await limit.countName(tenantId, username, request.ip)
      const credential = await options.credentials.find(tenantId, username)
      const matches = await options.passwords.verify(
        credential?.passwordHash ?? decoyHash,
        password,
      )
      if (credential === undefined || !matches) throw wrongCredentials()
      const answer = await startSession(options, tenantId, credential)
      await forgetAttempts()
      return reply.header('cache-control', 'no-store').send(answer)
    },
  )

  routes.post(
    '/v1/auth/tokens/refresh',
    {
      config: { isJson: true, doc: DOCS.refresh },
      schema: { operationId: 'refreshToken', tags, body: refreshBody, response },
    },
    async (request, reply) => {
      const rotated = await refreshTokens.rotate(request.body.refreshToken)
      if (rotated === undefined) throw deadRefreshToken()
      const answer = await answerFor(options, rotated.grant, rotated.next)
      if (answer === undefined) throw deadRefreshToken()
      return reply.header('cache-control', 'no-store').send(answer)
    },
  )

  routes.post(
    '/v1/auth/tokens/revoke',
    {
      config: { isJson: true, doc: DOCS.revoke },
      schema: {
        operationId: 'revokeToken',
        tags,
        body: refreshBody,
        response: { 204: z.undefined() },
      },
    },
    async (request, reply) => {
      await refreshTokens.revoke(request.body.refreshToken)
      return reply.code(204).header('cache-control', 'no-store').send()
    },
  )
}

/** A body that is missing altogether is answered as an empty one: with the name of each field that is required. */
export const missingBodyIsEmpty = async (request: FastifyRequest): Promise<void> => {
  if (request.method === 'POST') request.body ??= {}
}

/**
 * The password took a while to check. Had it been changed or the user left meanwhile, which ends all sessions, this one
 * would have been begun too late to be ended: so it is looked at again.
 */
const startSession = async (
  options: AccountOptions,
  tenantId: TenantId,
  { userId, passwordHash }: Credential,
): Promise<TokenAnswer> => {
  const { credentials, refreshTokens } = options
  const grant = { tenantId, userId }
  const refreshToken = await refreshTokens.create(grant)
  const answer = await answerFor(options, grant, refreshToken)
  const now = await credentials.findByUser(tenantId, userId)
  if (answer !== undefined && now?.passwordHash === passwordHash) return answer
  await refreshTokens.revoke(refreshToken)
  throw wrongCredentials()
}

/** With the scopes that the user has now. Undefined when there is no such user any more. */
const answerFor = async (
  { application, issuer, settings }: AccountOptions,
  { tenantId, userId }: RefreshGrant,
  refreshToken: string,
): Promise<TokenAnswer | undefined> => {
  const user = await application.users.get(tenantId, userId)
  if (user === undefined) return undefined
  const lifetimeSeconds = settings.tokenLifetimeSeconds
  const { token, expiresAtMs } = await issuer.issue({
    subject: userId,
    kind: 'user',
    tenants: [tenantId],
    scopes: SCOPES.filter((scope) => user.scopes.includes(scope)),
    lifetimeSeconds,
  })
  const { username, email } = user.profile
  return {
    token,
    accessToken: token,
    tokenType: 'Bearer',
    expiresIn: lifetimeSeconds,
    expiresAt: toTimestamp(expiresAtMs),
    refreshToken,
    user: { id: userId, username, email },
  }
}

const CHALLENGE = { headers: { 'www-authenticate': 'Bearer' } }

const wrongCredentials = (): ProblemError =>
  new ProblemError('unauthorized', 'The username or the password is wrong.', CHALLENGE)

const deadRefreshToken = (): ProblemError =>
  new ProblemError(
    'unauthorized',
    'The refresh token is not valid, was used before, or has expired.',
    CHALLENGE,
  )
