// The list of a tenant's shelters, and one of them.
import type { FastifyInstance } from 'fastify'
import { makeAnswer } from '../answer.ts'
import { sendCached } from '../cached-read.ts'
import { notFound } from '../command-answer.ts'
import { callerOf } from '../host.ts'
import type { RouteParts } from '../options.ts'
import { askedPageOf, badCursor, surroundingsOf } from '../paging.ts'
import type { RequestTypes } from '../validation.ts'
import { shelterDocs } from './docs.ts'
import {
  collectionSchema,
  idParams,
  listQuery,
  noQuery,
  shared,
  shelterSchema,
  tags,
} from './schema.ts'
import { shelterTag, viewJson } from './view.ts'

export const readRoutes = (app: FastifyInstance, parts: RouteParts): void => {
  const routes = app.withTypeProvider<RequestTypes>()
  const { application, eventCursors, readGate, settings } = parts
  const base = `${settings.publicUrl}/v1/shelters`
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
        querystring: listQuery,
        response: { 200: collectionSchema },
      },
    },
    (request, reply) => {
      const { tenantId } = callerOf(request)
      const asked = askedPageOf(request.query)
      const make = async () => {
        const eventCursor = eventCursors.ofReadModel(tenantId)
        const page = await application.shelters.list(tenantId, asked)
        if (page === 'bad_cursor') throw badCursor()
        const { pagination, headers } = surroundingsOf({ base }, asked, page)
        const json = JSON.stringify({ data: page.items.map(viewJson), pagination })
        return makeAnswer({ tenantId, json, eventCursor, headers })
      }
      const key = `shelters/${JSON.stringify(asked)}`
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
