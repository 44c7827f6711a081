// /pets and /classic/pets, which are the same. Reads are public and cached; writes are in write.ts.
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { TenantId } from '../../../../core/ids.ts'
import type { RouteParts } from '../../options.ts'
import type { RequestTypes } from '../../validation.ts'
import { type Base, type Found, notFoundById, sendFound, totalCount } from '../reading.ts'
import { forgetUnknownControls, idParams } from '../validation.ts'
import { petListParameters, petListQuery, planList } from './query.ts'
import { classicPetSchema, petTag, petView } from './view.ts'
import { petWriteRoutes } from './write.ts'

export const petRoutes = (app: FastifyInstance, parts: RouteParts, base: Base): void => {
  listRoute(app, parts, base)
  singleRoute(app, parts, base)
  petWriteRoutes(app, parts, base)
}

const tags = ['pets']

const listRoute = (app: FastifyInstance, parts: RouteParts, { url, name }: Base): void => {
  app.withTypeProvider<RequestTypes>().get(
    url,
    {
      config: {
        isJson: true,
        doc: {
          profile: 'classic',
          summary: 'List pets',
          description:
            'Cats and dogs, by id. A filter takes one value, several with commas between, or is repeated. ' +
            'An answer has at most 1,000 pets; `_limit` and `_start` page through more, and X-Total-Count says how ' +
            'many match in all.',
          security: 'optional',
          headers: ['ETag', 'Event-Cursor', 'X-Total-Count'],
        },
      },
      compress: false,
      schema: {
        operationId: `listPets${name}`,
        tags,
        querystring: petListQuery,
        response: { 200: z.array(classicPetSchema) },
      },
      onRequest: [parts.readGate, parts.shortcut],
      preValidation: forgetUnknownControls(petListParameters),
      preHandler: parts.eventCursors.waitForCursor,
    },
    (request, reply) => {
      const plan = planList(request.query)
      parts.memo.remember(request, plan)
      const find = async (tenantId: TenantId): Promise<Found> => {
        const { items, totalItems } = await parts.application.classic.pets.list(
          tenantId,
          plan.query,
        )
        return { json: JSON.stringify(items.map(petView)), headers: totalCount(totalItems) }
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
          summary: 'Get a pet',
          security: 'optional',
          headers: ['ETag', 'Event-Cursor'],
        },
      },
      compress: false,
      schema: {
        operationId: `getPet${name}`,
        tags,
        params: idParams,
        querystring: z.strictObject({}),
        response: { 200: classicPetSchema },
      },
      onRequest: [parts.readGate, parts.shortcut],
      preValidation: forgetUnknownControls({}),
      preHandler: parts.eventCursors.waitForCursor,
    },
    async (request, reply) => {
      const { id } = request.params
      const plan = { key: `classic:pet/${id}`, id }
      parts.memo.remember(request, plan)
      const find = async (tenantId: TenantId): Promise<Found | undefined> => {
        const pet = await parts.application.classic.pets.get(tenantId, id)
        return (
          pet && {
            json: JSON.stringify(petView(pet)),
            tag: petTag(pet),
            headers: { 'last-modified': new Date(pet.updatedAt).toUTCString() },
          }
        )
      }
      const sent = await sendFound(parts, { request, reply }, { key: plan.key, find })
      if (sent === undefined) throw notFoundById('Pet', id)
      return sent
    },
  )
}
