// /shelters and /classic/shelters, which are the same. Of the pets that wait there they count those that /pets lists.
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { ClassicShelterField } from '../../../../application.ts'
import type { TenantId } from '../../../../core/ids.ts'
import type { RouteParts } from '../../options.ts'
import type { RequestTypes } from '../../validation.ts'
import { listControls, rangeOf, STARTS_ONCE, startsOnce } from '../controls.ts'
import { type Base, type Found, notFoundById, sendFound, totalCount } from '../reading.ts'
import { forgetUnknownControls, idParams } from '../validation.ts'
import { querystring, shelterSchema, shelterTag, shelterView, tags } from './view.ts'
import { shelterWriteRoutes } from './write.ts'

const SORT_FIELDS: Readonly<Record<string, ClassicShelterField>> = {
  id: 'serial',
  name: 'name',
  available_pet_count: 'availablePetCount',
}
const listParameters = listControls(Object.keys(SORT_FIELDS))
const listQuery = z.strictObject(listParameters).refine(startsOnce, STARTS_ONCE)

export const shelterRoutes = (app: FastifyInstance, parts: RouteParts, base: Base): void => {
  listRoute(app, parts, base)
  singleRoute(app, parts, base)
  shelterWriteRoutes(app, parts, base)
}

const listRoute = (app: FastifyInstance, parts: RouteParts, { url, name }: Base): void => {
  app.withTypeProvider<RequestTypes>().get(
    url,
    {
      config: {
        isJson: true,
        doc: {
          profile: 'classic',
          summary: 'List shelters',
          security: 'optional',
          headers: ['ETag', 'Event-Cursor', 'X-Total-Count'],
        },
      },
      compress: false,
      schema: {
        operationId: `listShelters${name}`,
        tags,
        querystring: listQuery,
        response: { 200: z.array(shelterSchema) },
      },
      onRequest: [parts.readGate, parts.shortcut],
      preValidation: forgetUnknownControls(listParameters),
      preHandler: parts.eventCursors.waitForCursor,
    },
    (request, reply) => {
      const range = rangeOf(request.query, SORT_FIELDS)
      const plan = { key: `classic:shelters?${JSON.stringify(range)}`, range }
      parts.memo.remember(request, plan)
      const find = async (tenantId: TenantId): Promise<Found> => {
        const { items, totalItems } = await parts.application.classic.shelters.list(tenantId, range)
        return { json: JSON.stringify(items.map(shelterView)), headers: totalCount(totalItems) }
      }
      return sendFound(parts, { request, reply }, { key: plan.key, find })
    },
  )
}

const singleRoute = (app: FastifyInstance, parts: RouteParts, { url, name }: Base): void => {
  app.withTypeProvider<RequestTypes>().get(
    `${url}/:id`,
    {
      config: {
        isJson: true,
        doc: {
          profile: 'classic',
          summary: 'Get a shelter',
          security: 'optional',
          headers: ['ETag', 'Event-Cursor'],
        },
      },
      compress: false,
      schema: {
        operationId: `getShelter${name}`,
        tags,
        params: idParams,
        querystring,
        response: { 200: shelterSchema },
      },
      onRequest: parts.readGate,
      preValidation: forgetUnknownControls({}),
      preHandler: parts.eventCursors.waitForCursor,
    },
    async (request, reply) => {
      const { id } = request.params
      const find = async (tenantId: TenantId): Promise<Found | undefined> => {
        const shelter = await parts.application.classic.shelters.get(tenantId, id)
        return shelter && { json: JSON.stringify(shelterView(shelter)), tag: shelterTag(shelter) }
      }
      const sent = await sendFound(
        parts,
        { request, reply },
        { key: `classic:shelter/${id}`, find },
      )
      if (sent === undefined) throw notFoundById('Shelter', id)
      return sent
    },
  )
}
