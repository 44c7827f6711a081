// /v1/shelters: the sites of a tenant. Readable as pets are; kept by staff.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { ShelterState, ShelterView } from '../../application.ts'
import type { ShelterProfile } from '../../events/shelter.ts'
import { JSON_TYPE, makeAnswer } from './answer.ts'
import { sendCached } from './cached-read.ts'
import { contextOf, type Done, doneOrThrow, notFound, type Writer } from './command-answer.ts'
import { underIfMatch } from './conditional.ts'
import { DEFAULT_PAGE_SIZE, ignored, optionalText, pageParameters, pathId, text } from './fields.ts'
import { callerOf, requireScope } from './host.ts'
import type { RouteParts } from './options.ts'
import type { RouteDoc } from './route-doc.ts'
import type { RequestTypes } from './validation.ts'

const shelterSchema = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    address: z.string().optional(),
    phone: z.string().optional(),
    email: z.string().optional(),
    hours: z.string().optional(),
    adoptionFeeRange: z.string().optional(),
    availablePetCount: z.int(),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .meta({ id: 'Shelter' })
const collectionSchema = z.strictObject({
  data: z.array(shelterSchema),
  pagination: z.strictObject({
    page: z.int(),
    limit: z.int(),
    totalItems: z.int(),
    totalPages: z.int(),
  }),
})

const optionalFields = {
  address: optionalText(300),
  phone: optionalText(40),
  email: z.email('Must be an e-mail address').max(254).nullish(),
  hours: optionalText(200),
  adoptionFeeRange: z
    .string()
    .regex(/^\d{1,8}(-\d{1,8})?$/, 'Must be an amount or a range such as 75-200')
    .nullish(),
}
const readOnly = {
  id: ignored,
  tenantId: ignored,
  availablePetCount: ignored,
  createdAt: ignored,
  updatedAt: ignored,
}
const fullBody = z.strictObject({ name: text(100), ...optionalFields, ...readOnly })
const patchBody = z.strictObject({ name: text(100).optional(), ...optionalFields, ...readOnly })
const SHELTER_DOCS = {
  list: {
    summary: 'List shelters',
    security: 'optional',
    headers: ['ETag', 'Event-Cursor', 'Link'],
  },
  get: { summary: 'One shelter', security: 'optional', headers: ['ETag', 'Event-Cursor'] },
  register: {
    summary: 'Register a shelter',
    security: ['write:pets'],
    headers: ['ETag'],
    examples: {
      harbor: {
        name: 'Harbor Street Shelter',
        phone: '+1-207-555-0142',
        adoptionFeeRange: '75-200',
      },
    },
  },
  replace: {
    summary: 'Replace what is known of a shelter',
    security: ['write:pets'],
    headers: ['ETag'],
    examples: { harbor: { name: 'Harbor Street Shelter', hours: '10-17' } },
  },
  patch: {
    summary: 'Change some of what is known of a shelter',
    security: ['write:pets'],
    headers: ['ETag'],
    examples: { hours: { hours: '9-16' } },
  },
} as const satisfies Readonly<Record<string, RouteDoc>>
const idParams = z.strictObject({ id: pathId })
const noQuery = z.strictObject({})
const tags = ['shelters']
const shared = { config: { isJson: true }, compress: false } as const

export const shelterRoutes = (app: FastifyInstance, parts: RouteParts): void => {
  readRoutes(app, parts)
  writeRoutes(app, parts)
}

const readRoutes = (app: FastifyInstance, parts: RouteParts): void => {
  const routes = app.withTypeProvider<RequestTypes>()
  const { application, eventCursors, readGate, settings } = parts
  const gates = { onRequest: readGate, preHandler: eventCursors.waitForCursor }

  routes.get(
    '/v1/shelters',
    {
      ...shared,
      ...gates,
      config: { isJson: true, doc: SHELTER_DOCS.list },
      schema: {
        operationId: 'listShelters',
        tags,
        querystring: z.strictObject(pageParameters),
        response: { 200: collectionSchema },
      },
    },
    (request, reply) => {
      const { tenantId } = callerOf(request)
      const { page = 1, limit = DEFAULT_PAGE_SIZE } = request.query
      const make = async () => {
        const eventCursor = eventCursors.ofReadModel(tenantId)
        const { items, totalItems } = await application.shelters.list(tenantId, { page, limit })
        const totalPages = Math.ceil(totalItems / limit)
        const json = JSON.stringify({
          data: items.map(viewJson),
          pagination: { page, limit, totalItems, totalPages },
        })
        const link = pageLinks(`${settings.publicUrl}/v1/shelters`, { page, limit, totalPages })
        return makeAnswer({ tenantId, json, eventCursor, headers: { link } })
      }
      const key = `shelters?page=${page}&limit=${limit}`
      return sendCached(parts, request, reply, { tenantId, key, make })
    },
  )

  routes.get(
    '/v1/shelters/:id',
    {
      ...shared,
      ...gates,
      config: { isJson: true, doc: SHELTER_DOCS.get },
      schema: {
        operationId: 'getShelter',
        tags,
        params: idParams,
        querystring: noQuery,
        response: { 200: shelterSchema },
      },
    },
    async (request, reply) => {
      const { tenantId } = callerOf(request)
      const { id } = request.params
      const make = async () => {
        const eventCursor = eventCursors.ofReadModel(tenantId)
        const found = await application.shelters.get(tenantId, id)
        if (found === undefined) return undefined
        const json = JSON.stringify(viewJson(found))
        // The count of pets moves without the shelter's version: both are in the tag, the version is
        // what If-Match reads.
        const tag = shelterTag(found.version, found.availablePetCount)
        return makeAnswer({ tenantId, json, eventCursor, tag })
      }
      const sent = await sendCached(parts, request, reply, { tenantId, key: `shelter/${id}`, make })
      if (sent === undefined) throw notFound('shelter')
      return sent
    },
  )
}

type Place = Readonly<{ page: number; limit: number; totalPages: number }>

const pageLinks = (base: string, { page, limit, totalPages }: Place): string => {
  const last = Math.max(1, totalPages)
  const at = (relation: string, number: number): string =>
    `<${base}?page=${number}&limit=${limit}>; rel="${relation}"`
  return [
    at('self', page),
    at('first', 1),
    ...(page > 1 ? [at('prev', Math.min(page - 1, last))] : []),
    ...(page < last ? [at('next', page + 1)] : []),
    at('last', last),
  ].join(', ')
}

const writeRoutes = (app: FastifyInstance, parts: RouteParts): void => {
  const routes = app.withTypeProvider<RequestTypes>()
  const { shelters } = parts.application
  const onRequest = (request: FastifyRequest, _reply: FastifyReply, done: () => void): void => {
    requireScope(request, 'write:pets')
    done()
  }

  routes.post(
    '/v1/shelters',
    {
      ...shared,
      config: { isJson: true, doc: SHELTER_DOCS.register },
      onRequest,
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
      config: { isJson: true, doc: SHELTER_DOCS.replace },
      onRequest,
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
        doc: SHELTER_DOCS.patch,
      },
      onRequest,
      schema: { ...changed, operationId: 'patchShelter', body: patchBody },
    },
    (request, reply) => {
      const { name, address, phone, email, hours, adoptionFeeRange } = request.body
      const changes = { name, address, phone, email, hours, adoptionFeeRange }
      return update(request, reply, { id: request.params.id, changes })
    },
  )
}

const shelterTag = (version: number, count: number): string => `"v${version}.${count}"`

const fullProfile = (body: z.output<typeof fullBody>): ShelterProfile => ({
  name: body.name,
  address: body.address ?? null,
  phone: body.phone ?? null,
  email: body.email ?? null,
  hours: body.hours ?? null,
  adoptionFeeRange: body.adoptionFeeRange ?? null,
})

const viewJson = (view: Omit<ShelterView, 'serial' | 'version'>) => ({
  id: view.id,
  name: view.name,
  address: view.address ?? undefined,
  phone: view.phone ?? undefined,
  email: view.email ?? undefined,
  hours: view.hours ?? undefined,
  adoptionFeeRange: view.adoptionFeeRange ?? undefined,
  availablePetCount: view.availablePetCount,
  createdAt: view.createdAt,
  updatedAt: view.updatedAt,
})

type Sent = Readonly<{ writer: Writer; done: Done<ShelterState> }>

const sendState = async (
  parts: RouteParts,
  reply: FastifyReply,
  { writer, done }: Sent,
): Promise<FastifyReply> => {
  const { tenantId } = writer
  // How many pets wait there is the read model's to say; a shelter it does not know yet has none.
  const known = await parts.application.shelters.get(tenantId, done.id)
  const availablePetCount = known?.availablePetCount ?? 0
  const { profile, createdAt, updatedAt } = done.state
  reply.headers({
    'content-type': JSON_TYPE,
    'cache-control': 'no-store',
    etag: shelterTag(done.version, availablePetCount),
    'event-cursor': parts.eventCursors.of(tenantId, done.position),
  })
  if (done.replayed) reply.header('idempotent-replayed', 'true')
  const view = { id: done.id, ...profile, availablePetCount, createdAt, updatedAt }
  return reply.send(JSON.stringify(viewJson(view)))
}
