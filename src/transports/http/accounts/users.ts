// Registering: anybody may.
import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { Principal } from '../../../core/auth.ts'
import { contextOf, doneOrThrow } from '../command-answer.ts'
import { callerOf } from '../host.ts'
import { createIdempotentRunner } from '../idempotency.ts'
import type { RouteDoc } from '../route-doc.ts'
import type { AccountOptions } from './options.ts'
import { registrationBody, type Registration, userAnswer } from './schemas.ts'
import type { SignInLimit } from './sign-in-limit.ts'
import { headWritten, tags, userAnswerOf } from './user-answer.ts'

/** Who registers has no name yet. */
const NOBODY: Principal = {
  subject: 'anonymous',
  kind: 'client',
  tenants: [],
  scopes: new Set(),
  expiresAtMs: 0,
}

const doc: RouteDoc = {
  summary: 'Register',
  description:
    'Gives a user of this tenant. Usernames are compared without case. The password is in no answer, and is never ' +
    'recorded as it is.',
  security: 'public',
  headers: ['ETag'],
  examples: {
    ada: {
      username: 'ada.byron',
      email: 'ada@example.org',
      firstName: 'Ada',
      lastName: 'Byron',
      password: 'correct horse battery',
      phone: '+12075550142',
      preferences: { newsletter: false, notifications: true },
    },
  },
}

export const installRegistration = (
  app: FastifyInstance,
  { application, cursors }: AccountOptions,
  limit: SignInLimit,
): void => {
  const idempotently = createIdempotentRunner()
  app.withTypeProvider<ZodTypeProvider>().post(
    '/v1/users',
    {
      config: { isJson: true, doc },
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
      const done = doneOrThrow(result, 'user')
      headWritten(reply, tenantId, { done, cursors })
      return reply
        .code(201)
        .header('location', `/v1/users/${done.id}`)
        .send(userAnswerOf(tenantId, done.id, done.state))
    },
  )
}

const inputOf = ({ password, phone, preferences, ...rest }: Registration) => ({
  profile: { ...rest, phone: phone ?? null, preferences: preferences ?? null },
  password,
})
