// A pet comes into care, and is taken out of every list. Changes in between: revise.ts, care.ts.
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { contextOf, doneOrThrow } from '../command-answer.ts'
import { underIfMatch } from '../conditional.ts'
import { optionalText, petIdParams } from '../fields.ts'
import type { RouteParts } from '../options.ts'
import type { RequestTypes } from '../validation.ts'
import { fullProfile, intakeOf, petCreateBody, type PetCreateBody, photoOf } from './body.ts'
import { careRoutes } from './care.ts'
import { petDocs } from './docs.ts'
import { reviseRoutes } from './revise.ts'
import { petAnswer } from './schema.ts'
import { petPath } from './single.ts'
import { includeQuery, petWrite, sendWritten, staff, staffOnly, tags, today } from './written.ts'

export const writeRoutes = (app: FastifyInstance, parts: RouteParts): void => {
  admitRoute(app, parts)
  reviseRoutes(app, parts)
  careRoutes(app, parts)
  removeRoute(app, parts)
}

const admitRoute = (app: FastifyInstance, parts: RouteParts): void => {
  app.withTypeProvider<RequestTypes>().post(
    '/v1/pets',
    {
      ...petWrite,
      config: { isJson: true, doc: petDocs.create },
      schema: {
        operationId: 'createPet',
        tags,
        querystring: includeQuery,
        body: petCreateBody,
        response: { 201: petAnswer },
      },
    },
    async (request, reply) => {
      const writer = staff(request)
      const call = { request, ...writer, content: request.body }
      const input = admission(parts, request.body)
      const result = await parts.runIdempotent(call, (idempotency) =>
        parts.application.pets.admit(contextOf(request, writer, { idempotency }), input),
      )
      const day = request.body.intake?.date === undefined ? 'intakeDate' : 'intake.date'
      const done = doneOrThrow(result, 'pet', { 'intake.date': day })
      reply.code(201).header('location', petPath(done.id))
      return sendWritten(parts, reply, { writer, done, include: request.query.include ?? [] })
    },
  )
}

const admission = (parts: RouteParts, body: PetCreateBody) => {
  const intake = intakeOf(body, today(parts))
  return {
    profile: { intakeDate: body.intakeDate ?? intake.date, ...fullProfile(body) },
    status: body.status === 'NOT_AVAILABLE' ? body.status : ('AVAILABLE' as const),
    intake,
    photos: (body.photos ?? []).map((url) => photoOf(url, parts.settings.publicUrl, null)),
  }
}

const removeQuery = z.strictObject({ reason: optionalText(500) })

const removeRoute = (app: FastifyInstance, parts: RouteParts): void => {
  app.withTypeProvider<RequestTypes>().delete(
    '/v1/pets/:id',
    {
      config: { isJson: true, doc: petDocs.remove },
      onRequest: staffOnly,
      schema: { operationId: 'deletePet', tags, params: petIdParams, querystring: removeQuery },
    },
    async (request, reply) => {
      const writer = staff(request)
      const reason = request.query.reason ?? null
      const result = await underIfMatch(request.headers['if-match'], (expectedVersion) =>
        parts.application.pets.remove(
          contextOf(request, writer, { expectedVersion }),
          request.params.id,
          { reason },
        ),
      )
      const { position } = doneOrThrow(result, 'pet')
      reply.header('event-cursor', parts.eventCursors.of(writer.tenantId, position))
      return reply.code(204).send()
    },
  )
}
