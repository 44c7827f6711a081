// A shelter is registered, changed and removed, by staff.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { contextOf, doneOrThrow } from '../command-answer.ts'
import { underIfMatch } from '../conditional.ts'
import { requireScope } from '../host.ts'
import type { RouteParts } from '../options.ts'
import type { RequestTypes } from '../validation.ts'
import { shelterDocs } from './docs.ts'
import {
  fullBody,
  idParams,
  noQuery,
  patchBody,
  removeQuery,
  shared,
  shelterSchema,
  tags,
} from './schema.ts'
import { fullProfile, sendState } from './view.ts'

export const writeRoutes = (app: FastifyInstance, parts: RouteParts): void => {
  registerRoute(app, parts)
  changeRoutes(app, parts)
  removeRoute(app, parts)
}

const staffOnly = (request: FastifyRequest, _reply: FastifyReply, done: () => void): void => {
  requireScope(request, 'write:pets')
  done()
}

const registerRoute = (app: FastifyInstance, parts: RouteParts): void => {
  const routes = app.withTypeProvider<RequestTypes>()
  const { shelters } = parts.application
  routes.post(
    '/v1/shelters',
    {
      ...shared,
      config: { isJson: true, doc: shelterDocs.register },
      onRequest: staffOnly,
      schema: {
        operationId: 'createShelter',
        tags,
        querystring: noQuery,
        body: fullBody,
        response: { 201: shelterSchema },
      },
    },
    async (request, reply) => {
      const writer = requireScope(request, 'write:pets')
      const call = { request, ...writer, content: request.body }
      const result = await parts.runIdempotent(call, (idempotency) =>
        shelters.register(contextOf(request, writer, { idempotency }), fullProfile(request.body)),
      )
      const done = doneOrThrow(result, 'shelter')
      reply.code(201).header('location', `/v1/shelters/${done.id}`)
      return sendState(parts, reply, { writer, done })
    },
  )
}

const changeRoutes = (app: FastifyInstance, parts: RouteParts): void => {
  const routes = app.withTypeProvider<RequestTypes>()
  const { shelters } = parts.application
  const changed = { tags, params: idParams, querystring: noQuery, response: { 200: shelterSchema } }
  const update = async (
    request: FastifyRequest,
    reply: FastifyReply,
    change: Readonly<{ id: string; changes: Parameters<typeof shelters.update>[2] }>,
  ): Promise<FastifyReply> => {
    const writer = requireScope(request, 'write:pets')
    const result = await underIfMatch(request.headers['if-match'], (expectedVersion) =>
      shelters.update(contextOf(request, writer, { expectedVersion }), change.id, change.changes),
    )
    return sendState(parts, reply, { writer, done: doneOrThrow(result, 'shelter') })
  }

  routes.put(
    '/v1/shelters/:id',
    {
      ...shared,
      config: { isJson: true, doc: shelterDocs.replace },
      onRequest: staffOnly,
      schema: { ...changed, operationId: 'updateShelter', body: fullBody },
    },
    (request, reply) =>
      update(request, reply, { id: request.params.id, changes: fullProfile(request.body) }),
  )
  routes.patch(
    '/v1/shelters/:id',
    {
      ...shared,
      config: {
        isJson: true,
        acceptPatch: 'application/merge-patch+json, application/json',
        doc: shelterDocs.patch,
      },
      onRequest: staffOnly,
      schema: { ...changed, operationId: 'patchShelter', body: patchBody },
    },
    (request, reply) => {
      const { name, address, phone, email, hours, adoptionFeeRange } = request.body
      const changes = { name, address, phone, email, hours, adoptionFeeRange }
      return update(request, reply, { id: request.params.id, changes })
    },
  )
}

const removeRoute = (app: FastifyInstance, parts: RouteParts): void => {
  app.withTypeProvider<RequestTypes>().delete(
    '/v1/shelters/:id',
    {
      config: { isJson: true, doc: shelterDocs.remove },
      onRequest: staffOnly,
      schema: { operationId: 'deleteShelter', tags, params: idParams, querystring: removeQuery },
    },
    async (request, reply) => {
      const writer = requireScope(request, 'write:pets')
      const reason = request.query.reason ?? null
      const result = await underIfMatch(request.headers['if-match'], (expectedVersion) =>
        parts.application.shelters.remove(
          contextOf(request, writer, { expectedVersion }),
          request.params.id,
          { reason },
        ),
      )
      const { position } = doneOrThrow(result, 'shelter')
      reply.header('event-cursor', parts.eventCursors.of(writer.tenantId, position))
      return reply.code(204).send()
    },
  )
}
