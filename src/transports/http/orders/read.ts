// Reading orders. A single order comes from the log and is never behind; lists come from the read model.
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { OrderQuery } from '../../../application.ts'
import { notFound } from '../command-answer.ts'
import { pathId, queryList } from '../fields.ts'
import type { RouteParts } from '../options.ts'
import { clash, listParameters, notBoth, queryId, sendList } from '../paging.ts'
import { maySee, partyOnly, personListed, requireParty } from '../party.ts'
import { sendPrivate } from '../private-answer.ts'
import type { RequestTypes } from '../validation.ts'
import { orderDocs } from './docs.ts'
import { ORDER_STATUSES, orderCollectionSchema, orderWithPaymentsSchema } from './schema.ts'
import { orderJson } from './view.ts'
import { orderTag } from './written.ts'

const tags = ['orders']
const SCOPE = 'read:orders'

export const orderParams = z.strictObject({ id: pathId })
const include = queryList(['payments']).optional()
const listQuery = z
  .strictObject({
    status: queryList(ORDER_STATUSES).optional(),
    userId: queryId(),
    include,
    petId: queryId(),
    ...listParameters,
  })
  .refine(notBoth, clash)

export const readRoutes = (app: FastifyInstance, parts: RouteParts): void => {
  listRoute(app, parts)
  singleRoute(app, parts)
}

const shared = { compress: false, onRequest: partyOnly(SCOPE) } as const

const listRoute = (app: FastifyInstance, parts: RouteParts): void => {
  const { orders } = parts.application
  app.withTypeProvider<RequestTypes>().get(
    '/v1/orders',
    {
      ...shared,
      config: { isJson: true, doc: orderDocs.list },
      preHandler: parts.eventCursors.waitForCursor,
      schema: {
        operationId: 'listOrders',
        tags,
        querystring: listQuery,
        response: { 200: orderCollectionSchema },
      },
    },
    (request, reply) => {
      const party = requireParty(request, SCOPE)
      const { tenantId } = party
      const { status, petId, userId, include: included, ...paging } = request.query
      const owner = personListed(party, userId)
      const filter: Omit<OrderQuery, 'limit' | 'place'> = {
        ...(status === undefined ? {} : { statuses: status }),
        ...(petId === undefined ? {} : { petId }),
        ...(owner === undefined ? {} : { userId: owner }),
      }
      return sendList(request, reply, {
        tenantId,
        eventCursor: parts.eventCursors.ofReadModel(tenantId),
        base: `${parts.settings.publicUrl}/v1/orders`,
        filters: { status, petId, userId, include: included },
        paging,
        load: (part) => orders.list(tenantId, { ...filter, ...part }),
        view: (order) => orderJson(tenantId, order, { withPayments: included !== undefined }),
      })
    },
  )
}

const singleRoute = (app: FastifyInstance, parts: RouteParts): void => {
  app.withTypeProvider<RequestTypes>().get(
    '/v1/orders/:id',
    {
      ...shared,
      config: { isJson: true, doc: orderDocs.get },
      schema: {
        operationId: 'getOrder',
        tags,
        params: orderParams,
        querystring: z.strictObject({ include }),
        response: { 200: orderWithPaymentsSchema },
      },
    },
    async (request, reply) => {
      const party = requireParty(request, SCOPE)
      const { tenantId } = party
      const eventCursor = parts.eventCursors.ofReadModel(tenantId)
      const order = await parts.application.orders.get(tenantId, request.params.id)
      if (order === undefined || !maySee(party, order.userId)) throw notFound('order')
      const withPayments = request.query.include !== undefined
      const json = JSON.stringify(orderJson(tenantId, order, { withPayments }))
      const tag = orderTag(order.version, { withPayments })
      return sendPrivate(request, reply, { tenantId, json, eventCursor, tag })
    },
  )
}
