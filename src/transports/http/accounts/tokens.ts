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
import type { AccountOptions } from './options.ts'
import { refreshBody, signInBody, type TokenAnswer, tokenAnswer } from './schemas.ts'
import type { SignInLimit } from './sign-in-limit.ts'

const tags = ['auth']

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
    { schema: { operationId: 'createToken', tags, body: signInBody, response } },
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
    { schema: { operationId: 'refreshToken', tags, body: refreshBody, response } },
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

const startSession = async (
  options: AccountOptions,
  tenantId: TenantId,
  { userId }: Credential,
): Promise<TokenAnswer> => {
  const grant = { tenantId, userId }
  const answer = await answerFor(options, grant, await options.refreshTokens.create(grant))
  if (answer === undefined) throw wrongCredentials()
  return answer
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
