// Writes on pets: admit, replace, patch, remove, outcome, return. Answers carry the pet as it is after the command,
// its version as entity tag and the cursor to read it back by.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { PetResult, RevisePet } from '../../../application.ts'
import type { PetState } from '../../../events/pet-state.ts'
import { JSON_TYPE } from '../answer.ts'
import { contextOf, type Done, doneOrThrow, notFound, type Writer } from '../command-answer.ts'
import { underIfMatch, versionTag } from '../conditional.ts'
import { includeParameter, petIdParams } from '../fields.ts'
import { requireScope } from '../host.ts'
import type { RouteParts } from '../options.ts'
import {
  fullProfile,
  intakeOf,
  outcomeBody,
  petCreateBody,
  type PetPatchBody,
  petPatchBody,
  petReplaceBody,
  photoOf,
  returnBody,
} from './body.ts'
import { revisePatched } from './patch.ts'
import { petSchema } from './schema.ts'
import { petPath, withLinks } from './single.ts'
import type { RequestTypes } from '../validation.ts'

const includeQuery = z.strictObject({ include: includeParameter })
const removeQuery = z.strictObject({ reason: z.string().trim().max(500).optional() })
const shared = { config: { isJson: true }, compress: false } as const
const tags = ['pets']
const changed = {
  tags,
  params: petIdParams,
  querystring: includeQuery,
  response: { 200: petSchema },
}

export const writeRoutes = (app: FastifyInstance, parts: RouteParts): void => {
  admitRoute(app, parts)
  reviseRoutes(app, parts)
  careRoutes(app, parts)
}

export const today = (parts: RouteParts): string =>
  new Date(parts.clock()).toISOString().slice(0, 10)

const staff = (request: FastifyRequest): Writer => requireScope(request, 'write:pets')
// Checked before the body is read and validated: who may not write learns nothing about what is valid.
const onRequest = (request: FastifyRequest, _reply: FastifyReply, done: () => void): void => {
  staff(request)
  done()
}

const admitRoute = (app: FastifyInstance, parts: RouteParts): void => {
  app.withTypeProvider<RequestTypes>().post(
    '/v1/pets',
    {
      ...shared,
      schema: {
        operationId: 'createPet',
        tags,
        querystring: includeQuery,
        body: petCreateBody,
        response: { 201: petSchema },
      },
      onRequest,
    },
    async (request, reply) => {
      const writer = staff(request)
      const { body } = request
      const intake = intakeOf(body, today(parts))
      const input = {
        profile: { ...fullProfile(body), intakeDate: body.intakeDate ?? intake.date },
        status: body.status === 'NOT_AVAILABLE' ? body.status : ('AVAILABLE' as const),
        intake,
        photos: (body.photos ?? []).map((url) => photoOf(url, parts.settings.publicUrl, null)),
      }
      const call = { request, ...writer, content: body }
      const result = await parts.runIdempotent(call, (idempotency) =>
        parts.application.pets.admit(contextOf(request, writer, { idempotency }), input),
      )
      const done = doneOrThrow(result, 'pet')
      reply.code(201).header('location', petPath(done.id))
      return sendState(parts, reply, { writer, done, include: request.query.include ?? [] })
    },
  )
}

const reviseRoutes = (app: FastifyInstance, parts: RouteParts): void => {
  const routes = app.withTypeProvider<RequestTypes>()
  const { pets } = parts.application

  routes.put(
    '/v1/pets/:id',
    {
      ...shared,
      schema: { ...changed, operationId: 'updatePet', body: petReplaceBody },
      onRequest,
    },
    async (request, reply) => {
      const writer = staff(request)
      const { body, params } = request
      const changes = {
        ...fullProfile(body),
        ...(body.intakeDate === undefined ? {} : { intakeDate: body.intakeDate }),
      }
      const input = { changes, ...beside(parts, params.id, body) }
      const result = await underIfMatch(request.headers['if-match'], (expectedVersion) =>
        pets.revise(contextOf(request, writer, { expectedVersion }), params.id, input),
      )
      const done = doneOrThrow(result, 'pet')
      return sendState(parts, reply, { writer, done, include: request.query.include ?? [] })
    },
  )

  routes.patch(
    '/v1/pets/:id',
    {
      ...shared,
      config: { isJson: true, acceptPatch: 'application/merge-patch+json, application/json' },
      schema: { ...changed, operationId: 'patchPet', body: petPatchBody },
      onRequest,
    },
    async (request, reply) => {
      const writer = staff(request)
      const { body, params } = request
      const result = await underIfMatch(request.headers['if-match'], (expectedVersion) =>
        revisePatched(parts, {
          petId: params.id,
          body,
          beside: beside(parts, params.id, body),
          expectedVersion,
          contextAt: (version) => contextOf(request, writer, { expectedVersion: version }),
        }),
      )
      const done = doneOrThrow(result, 'pet')
      return sendState(parts, reply, { writer, done, include: request.query.include ?? [] })
    },
  )

  routes.delete(
    '/v1/pets/:id',
    {
      config: { isJson: true },
      schema: { operationId: 'deletePet', tags, params: petIdParams, querystring: removeQuery },
      onRequest,
    },
    async (request, reply) => {
      const writer = staff(request)
      const reason = request.query.reason ?? null
      const result = await underIfMatch(request.headers['if-match'], (expectedVersion) =>
        pets.remove(contextOf(request, writer, { expectedVersion }), request.params.id, { reason }),
      )
      const { position } = doneOrThrow(result, 'pet')
      reply.header('event-cursor', parts.eventCursors.of(writer.tenantId, position))
      return reply.code(204).send()
    },
  )
}

/** What a revision says beside the profile. */
const beside = (
  parts: RouteParts,
  petId: string,
  body: Pick<PetPatchBody, 'status' | 'photos' | 'reason'>,
): Omit<RevisePet, 'changes'> => {
  const { status, photos, reason } = body
  const { publicUrl } = parts.settings
  return {
    ...(status === undefined ? {} : { status }),
    ...(photos === undefined || photos === null
      ? {}
      : { photos: photos.map((url) => photoOf(url, publicUrl, petId)) }),
    ...(reason === undefined || reason === null ? {} : { reason }),
  }
}

const careRoutes = (app: FastifyInstance, parts: RouteParts): void => {
  const routes = app.withTypeProvider<RequestTypes>()
  const { pets } = parts.application

  /** Runs a POST on a pet under If-Match and Idempotency-Key, and answers with the pet. */
  const act = async (
    request: FastifyRequest,
    reply: FastifyReply,
    run: (context: ReturnType<typeof contextOf>) => Promise<PetResult>,
  ): Promise<FastifyReply> => {
    const writer = staff(request)
    const call = { request, ...writer, content: request.body }
    const result = await parts.runIdempotent(call, (idempotency) =>
      underIfMatch(request.headers['if-match'], (expectedVersion) =>
        run(contextOf(request, writer, { expectedVersion, idempotency })),
      ),
    )
    return sendState(parts, reply, { writer, done: doneOrThrow(result, 'pet'), include: [] })
  }

  routes.post(
    '/v1/pets/:id/outcome',
    {
      ...shared,
      schema: { ...changed, operationId: 'recordOutcome', body: outcomeBody },
      onRequest,
    },
    (request, reply) => {
      const { kind, date = today(parts), destination = null, reason = null } = request.body
      return act(request, reply, (context) =>
        pets.recordOutcome(context, request.params.id, { kind, date, destination, reason }),
      )
    },
  )

  routes.post(
    '/v1/pets/:id/return',
    { ...shared, schema: { ...changed, operationId: 'returnPet', body: returnBody }, onRequest },
    (request, reply) => {
      const { status, date = today(parts), source = null, condition = null } = request.body
      const intake = { kind: 'RETURN', date, source, condition } as const
      return act(request, reply, (context) =>
        pets.returnToCare(context, request.params.id, {
          status,
          intake,
          reason: request.body.reason ?? null,
        }),
      )
    },
  )
}

type Sent = Readonly<{ writer: Writer; done: Done<PetState>; include: readonly string[] }>

/** The pet after the command: the same bytes that a read gives once the read model has followed. */
const sendState = (parts: RouteParts, reply: FastifyReply, sent: Sent): FastifyReply => {
  const { writer, done, include } = sent
  if (done.state.kind !== 'present') throw notFound('pet')
  const json = parts.application.pets.render(writer.tenantId, done.id, done.state, {
    extras: include.includes('shelter'),
  })
  reply.headers({
    'content-type': JSON_TYPE,
    'cache-control': 'no-store',
    etag: versionTag(done.version),
    'event-cursor': parts.eventCursors.of(writer.tenantId, done.position),
  })
  if (done.replayed) reply.header('idempotent-replayed', 'true')
  return reply.send(
    include.includes('links') ? withLinks(json, parts.settings.publicUrl, done.id) : json,
  )
}
