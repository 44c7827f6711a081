// How many pets there are: the map by status that older clients ask for, and the aggregate.
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { makeAnswer } from './answer.ts'
import { sendCached } from './cached-read.ts'
import { queryList, STATUSES } from './fields.ts'
import { callerOf, requireCaller } from './host.ts'
import type { RouteParts } from './options.ts'
import type { RequestTypes } from './validation.ts'

const countsSchema = z.record(z.string(), z.int())
const aggregateSchema = z.object({
  available: z.int(),
  pending: z.int(),
  adopted: z.int(),
  notAvailable: z.int(),
  total: z.int(),
  bySpecies: countsSchema,
})
const listQuery = z.strictObject({ status: queryList(STATUSES).optional() })

export const inventoryRoutes = (app: FastifyInstance, parts: RouteParts): void => {
  countsRoute(app, parts)
  statisticsRoute(app, parts)
}

const countsRoute = (app: FastifyInstance, parts: RouteParts): void => {
  const { application, eventCursors } = parts
  app.withTypeProvider<RequestTypes>().get(
    '/v1/inventories',
    {
      compress: false,
      config: {
        isJson: true,
        doc: {
          summary: 'Pets by status',
          security: [],
          headers: ['ETag', 'Event-Cursor'],
        },
      },
      schema: {
        operationId: 'getInventory',
        tags: ['inventory'],
        querystring: listQuery,
        response: { 200: countsSchema },
      },
      preHandler: eventCursors.waitForCursor,
    },
    async (request, reply) => {
      const { tenantId } = requireCaller(request)
      const statuses = request.query.status ?? STATUSES
      const make = async () => {
        const eventCursor = eventCursors.ofReadModel(tenantId)
        const { byStatus } = await application.pets.inventory(tenantId)
        const counts = statuses.map((status) => [status, byStatus[status] ?? 0])
        return makeAnswer({
          tenantId,
          json: JSON.stringify(Object.fromEntries(counts)),
          eventCursor,
        })
      }
      return sendCached(parts, request, reply, {
        tenantId,
        key: `inventories?${statuses.join()}`,
        make,
      })
    },
  )
}

const statisticsRoute = (app: FastifyInstance, parts: RouteParts): void => {
  const { application, eventCursors, readGate } = parts
  app.withTypeProvider<RequestTypes>().get(
    '/v1/inventory',
    {
      compress: false,
      config: {
        isJson: true,
        doc: {
          summary: 'Pets in numbers',
          security: 'optional',
          headers: ['ETag', 'Event-Cursor'],
        },
      },
      schema: {
        operationId: 'getInventoryStatistics',
        tags: ['inventory'],
        querystring: z.strictObject({}),
        response: { 200: aggregateSchema },
      },
      preHandler: [readGate, eventCursors.waitForCursor],
    },
    async (request, reply) => {
      const { tenantId } = callerOf(request)
      const make = async () => {
        const eventCursor = eventCursors.ofReadModel(tenantId)
        const { byStatus, bySpecies, total } = await application.pets.inventory(tenantId)
        const aggregate = {
          available: byStatus['AVAILABLE'] ?? 0,
          pending: byStatus['PENDING'] ?? 0,
          adopted: byStatus['ADOPTED'] ?? 0,
          notAvailable: byStatus['NOT_AVAILABLE'] ?? 0,
          total,
          bySpecies,
        }
        return makeAnswer({ tenantId, json: JSON.stringify(aggregate), eventCursor })
      }
      return sendCached(parts, request, reply, { tenantId, key: 'inventory', make })
    },
  )
}
