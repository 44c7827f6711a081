// A user's own page: read, changed and taken down by that user. The id of anybody else is answered as one that nobody
// has.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { UserState } from '../../../application.ts'
import type { Scope } from '../../../core/auth.ts'
import type { CommandResult } from '../../../core/command.ts'
import { contextOf, doneOrThrow, notFound, type Writer } from '../command-answer.ts'
import { isUnchanged, underIfMatch, versionTag } from '../conditional.ts'
import { requireScope } from '../host.ts'
import type { RouteDoc } from '../route-doc.ts'
import type { AccountOptions } from './options.ts'
import { userAnswer, userChangesBody, type UserChangesBody, userParams } from './schemas.ts'
import type { SignInLimit } from './sign-in-limit.ts'
import { headWritten, tags, userAnswerOf } from './user-answer.ts'

const DOCS = {
  get: {
    summary: "A user's own page",
    description: 'Of the user whose token it is. Any other id is answered with 404.',
    security: ['read:user'],
    headers: ['ETag'],
  },
  put: {
    summary: "Change a user's own page",
    description:
      'What is left out stays as it is. A new password needs the current one, and ends every session: refresh ' +
      'tokens are good no more.',
    security: ['write:user'],
    headers: ['ETag'],
    examples: { moved: { email: 'ada@example.com', phone: '+12075550143' } },
  },
  patch: {
    summary: "Change some of a user's own page",
    description: 'A JSON Merge Patch: null takes away a phone number or preferences.',
    security: ['write:user'],
    headers: ['ETag'],
    examples: { quiet: { phone: null, preferences: { newsletter: false } } },
  },
  remove: {
    summary: 'Leave',
    description:
      'The username is free again; the password and every refresh token are good no more.',
    security: ['write:user'],
  },
} as const satisfies Readonly<Record<string, RouteDoc>>

/** Who has left is told that the page is not there. */
const OWN = { isJson: true, answersWhoLeft: true } as const

export const installOwnPage = (
  app: FastifyInstance,
  options: AccountOptions,
  limit: SignInLimit,
): void => {
  readRoute(app, options)
  changeRoutes(app, options, limit)
  removeRoute(app, options)
}

const readRoute = (app: FastifyInstance, { application }: AccountOptions): void => {
  app.withTypeProvider<ZodTypeProvider>().get(
    '/v1/users/:id',
    {
      config: { ...OWN, doc: DOCS.get },
      onRequest: scoped('read:user'),
      schema: {
        operationId: 'getUserById',
        tags,
        params: userParams,
        response: { 200: userAnswer, 304: z.undefined() },
      },
    },
    async (request, reply) => {
      const { id } = request.params
      const { tenantId } = selfOf(request, id, 'read:user')
      const user = await application.users.get(tenantId, id)
      if (user === undefined) throw notFound('user')
      const tag = versionTag(user.version)
      reply.header('etag', tag).header('cache-control', 'private, no-cache')
      if (isUnchanged(request.headers['if-none-match'], [tag])) return reply.code(304).send()
      return reply.send(userAnswerOf(tenantId, id, user))
    },
  )
}

const changeRoutes = (app: FastifyInstance, options: AccountOptions, limit: SignInLimit): void => {
  const routes = app.withTypeProvider<ZodTypeProvider>()
  const onRequest = scoped('write:user')
  const schema = {
    tags,
    params: userParams,
    body: userChangesBody,
    response: { 200: userAnswer },
  }
  const change = async (request: FastifyRequest, id: string, body: UserChangesBody) => {
    const writer = selfOf(request, id, 'write:user')
    const forgetAttempts = await countGuess(limit, request, { writer, id, body })
    const result = await underIfMatch(request.headers['if-match'], (expectedVersion) =>
      update(options, contextOf(request, writer, { expectedVersion }), { id, body }),
    )
    const done = doneOrThrow(result, 'user')
    await forgetAttempts?.()
    return {
      done,
      tenantId: writer.tenantId,
      answer: userAnswerOf(writer.tenantId, id, done.state),
    }
  }

  routes.put(
    '/v1/users/:id',
    {
      config: { ...OWN, doc: DOCS.put },
      onRequest,
      schema: { ...schema, operationId: 'updateUser' },
    },
    async (request, reply) => {
      const { done, tenantId, answer } = await change(request, request.params.id, request.body)
      headWritten(reply, tenantId, { done, cursors: options.cursors })
      return reply.send(answer)
    },
  )
  routes.patch(
    '/v1/users/:id',
    {
      config: {
        ...OWN,
        acceptPatch: 'application/merge-patch+json, application/json',
        doc: DOCS.patch,
      },
      onRequest,
      schema: { ...schema, operationId: 'patchUser' },
    },
    async (request, reply) => {
      const { done, tenantId, answer } = await change(request, request.params.id, request.body)
      headWritten(reply, tenantId, { done, cursors: options.cursors })
      return reply.send(answer)
    },
  )
}

const removeRoute = (app: FastifyInstance, { application, cursors }: AccountOptions): void => {
  app.withTypeProvider<ZodTypeProvider>().delete(
    '/v1/users/:id',
    {
      config: { ...OWN, doc: DOCS.remove },
      onRequest: scoped('write:user'),
      schema: {
        operationId: 'deleteUser',
        tags,
        params: userParams,
        response: { 204: z.undefined() },
      },
    },
    async (request, reply) => {
      const { id } = request.params
      const writer = selfOf(request, id, 'write:user')
      const result = await underIfMatch(request.headers['if-match'], (expectedVersion) =>
        application.users.remove(contextOf(request, writer, { expectedVersion }), id, {
          reason: null,
        }),
      )
      const { position } = doneOrThrow(result, 'user')
      if (cursors !== undefined) {
        reply.header('event-cursor', cursors.encode(writer.tenantId, position))
      }
      return reply.code(204).header('cache-control', 'no-store').send()
    },
  )
}

/** Checked before the body is read and validated. */
const scoped =
  (scope: Scope) =>
  (request: FastifyRequest, _reply: FastifyReply, done: () => void): void => {
    requireScope(request, scope)
    done()
  }

const selfOf = (request: FastifyRequest, id: string, scope: Scope): Writer => {
  const caller = requireScope(request, scope)
  const { kind, subject } = caller.principal
  if (kind !== 'user' || subject !== id) throw notFound('user')
  return caller
}

type Change = Readonly<{ id: string; body: UserChangesBody }>

const update = (
  { application }: AccountOptions,
  context: ReturnType<typeof contextOf>,
  { id, body }: Change,
): Promise<CommandResult<UserState>> => {
  const { username, email, firstName, lastName, phone, preferences, password } = body
  const { currentPassword } = body
  const changes = { username, email, firstName, lastName, phone, preferences }
  return application.users.update(context, id, {
    changes,
    ...(password === undefined || currentPassword === undefined
      ? {}
      : { password: { current: currentPassword, next: password } }),
  })
}

/** Whoever has found a token must not learn the password by trying. */
const countGuess = async (
  limit: SignInLimit,
  request: FastifyRequest,
  { writer, id, body }: Change & Readonly<{ writer: Writer }>,
): Promise<(() => Promise<void>) | undefined> => {
  if (body.currentPassword === undefined) return undefined
  await limit.countAddress(request.ip)
  return limit.countName(writer.tenantId, id, request.ip)
}
