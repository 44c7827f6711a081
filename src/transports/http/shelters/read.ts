// The list of a tenant's shelters, and one of them.
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { makeAnswer } from '../answer.ts'
import { sendCached } from '../cached-read.ts'
import { notFound } from '../command-answer.ts'
import { DEFAULT_PAGE_SIZE, pageParameters } from '../fields.ts'
import { callerOf } from '../host.ts'
import type { RouteParts } from '../options.ts'
import type { RequestTypes } from '../validation.ts'
import { shelterDocs } from './docs.ts'
import { collectionSchema, idParams, noQuery, shared, shelterSchema, tags } from './schema.ts'
import { shelterTag, viewJson } from './view.ts'

export const readRoutes = (app: FastifyInstance, parts: RouteParts): void => {
  const routes = app.withTypeProvider<RequestTypes>()
  const { application, eventCursors, readGate, settings } = parts
  const gates = { onRequest: readGate, preHandler: eventCursors.waitForCursor }

  routes.get(
    '/v1/shelters',
    {
      ...shared,
      ...gates,
      config: { isJson: true, doc: shelterDocs.list },
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
      config: { isJson: true, doc: shelterDocs.get },
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
