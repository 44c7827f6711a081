// Registering, and a user's own page. Anybody may register; a user is shown to itself and to nobody else.
import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { UserState } from '../../../application.ts'
import type { Principal } from '../../../core/auth.ts'
import { SHARED_TENANT, type TenantId } from '../../../core/ids.ts'
import { contextOf, doneOrThrow, notFound } from '../command-answer.ts'
import { isUnchanged, versionTag } from '../conditional.ts'
import { callerOf, requireScope } from '../host.ts'
import { createIdempotentRunner } from '../idempotency.ts'
import type { AccountOptions } from './options.ts'
import {
  registrationBody,
  type Registration,
  type UserAnswer,
  userAnswer,
  userParams,
} from './schemas.ts'
import type { SignInLimit } from './sign-in-limit.ts'

const tags = ['users']

/** Who registers has no name yet. */
const NOBODY: Principal = {
  subject: 'anonymous',
  kind: 'client',
  tenants: [],
  scopes: new Set(),
  expiresAtMs: 0,
}

export const installUserRoutes = (
  app: FastifyInstance,
  options: AccountOptions,
  limit: SignInLimit,
): void => {
  installRegistration(app, options, limit)
  installOwnPage(app, options)
}

const installRegistration = (
  app: FastifyInstance,
  { application, cursors }: AccountOptions,
  limit: SignInLimit,
): void => {
  const idempotently = createIdempotentRunner()
  app.withTypeProvider<ZodTypeProvider>().post(
    '/v1/users',
    {
      schema: {
        operationId: 'createUser',
        tags,
        body: registrationBody,
        response: { 201: userAnswer },
      },
    },
    async (request, reply) => {
      const { tenantId } = callerOf(request)
      await limit.countAddress(request.ip)
      // The key's fingerprint is stored, and a fast hash of a password could be guessed from it: it leaves it out.
      const content = { ...request.body, password: undefined }
      const input = inputOf(request.body)
      const result = await idempotently(
        { request, tenantId, principal: NOBODY, content },
        (idempotency) =>
          application.users.register(
            contextOf(request, { tenantId, principal: NOBODY }, { idempotency }),
            input,
          ),
      )
      const { id, state, version, position, replayed } = doneOrThrow(result, 'user')
      if (replayed) reply.header('idempotent-replayed', 'true')
      if (cursors !== undefined) reply.header('event-cursor', cursors.encode(tenantId, position))
      return reply
        .code(201)
        .header('location', `/v1/users/${id}`)
        .header('etag', versionTag(version))
        .header('cache-control', 'no-store')
        .send(answerOf(tenantId, id, state))
    },
  )
}

const installOwnPage = (app: FastifyInstance, { application }: AccountOptions): void => {
  app.withTypeProvider<ZodTypeProvider>().get(
    '/v1/users/:id',
    {
      schema: {
        operationId: 'getUserById',
        tags,
        params: userParams,
        response: { 200: userAnswer, 304: z.undefined() },
      },
    },
    async (request, reply) => {
      const { tenantId, principal } = requireScope(request, 'read:user')
      const { id } = request.params
      const isSelf = principal.kind === 'user' && principal.subject === id
      const user = isSelf ? await application.users.get(tenantId, id) : undefined
      if (user === undefined) throw notFound('user')
      const tag = versionTag(user.version)
      reply.header('etag', tag).header('cache-control', 'private, no-cache')
      if (isUnchanged(request.headers['if-none-match'], [tag])) return reply.code(304).send()
      return reply.send(answerOf(tenantId, id, user))
    },
  )
}

const inputOf = ({ password, phone, preferences, ...rest }: Registration) => ({
  profile: { ...rest, phone: phone ?? null, preferences: preferences ?? null },
  password,
})

const answerOf = (
  tenantId: TenantId,
  id: string,
  { profile, createdAt, updatedAt }: UserState,
): UserAnswer => {
  const { phone, preferences, ...rest } = profile
  return {
    id,
    ...rest,
    ...(phone === null ? {} : { phone }),
    ...(preferences === null ? {} : { preferences }),
    ...(tenantId === SHARED_TENANT ? {} : { tenantId }),
    createdAt,
    updatedAt,
  }
}
