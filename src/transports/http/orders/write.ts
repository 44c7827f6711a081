// An order is placed and cancelled by its buyer, and sent on its way by staff.
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { contextOf, doneOrThrow } from '../command-answer.ts'
import { underIfMatch } from '../conditional.ts'
import type { RouteParts } from '../options.ts'
import { partyOnly, personFor, requireParty, requireStaff, staffOnly } from '../party.ts'
import type { RequestTypes } from '../validation.ts'
import { orderBody, orderedPet, reasonBody, reasonQuery } from './body.ts'
import { orderDocs } from './docs.ts'
import { orderParams } from './read.ts'
import { orderSchema } from './schema.ts'
import { ownOrder, sendOrder } from './written.ts'

const tags = ['orders']
const SCOPE = 'write:orders'
const noQuery = z.strictObject({})

export const writeRoutes = (app: FastifyInstance, parts: RouteParts): void => {
  placeRoute(app, parts)
  cancelRoute(app, parts)
  stepRoutes(app, parts)
}

const placeRoute = (app: FastifyInstance, parts: RouteParts): void => {
  app.withTypeProvider<RequestTypes>().post(
    '/v1/orders',
    {
      config: { isJson: true, doc: orderDocs.place },
      compress: false,
      onRequest: partyOnly(SCOPE),
      schema: {
        operationId: 'createOrder',
        tags,
        querystring: noQuery,
        body: orderBody,
        response: { 201: orderSchema },
      },
    },
    async (request, reply) => {
      const party = requireParty(request, SCOPE)
      const userId = personFor(party, { field: 'userId', id: request.body.userId })
      const input = { petId: orderedPet(request.body), userId }
      const result = await parts.runIdempotent(
        { request, ...party, content: input },
        (idempotency) =>
          parts.application.orders.place(contextOf(request, party, { idempotency }), input),
      )
      const done = doneOrThrow(result, 'pet')
      reply.code(201).header('location', `/v1/orders/${done.id}`)
      return sendOrder(parts, reply, { party, done })
    },
  )
}

const cancelRoute = (app: FastifyInstance, parts: RouteParts): void => {
  app.withTypeProvider<RequestTypes>().delete(
    '/v1/orders/:id',
    {
      config: { isJson: true, doc: orderDocs.cancel },
      onRequest: partyOnly(SCOPE),
      schema: { operationId: 'deleteOrder', tags, params: orderParams, querystring: reasonQuery },
    },
    async (request, reply) => {
      const party = requireParty(request, SCOPE)
      const { id } = request.params
      await ownOrder(parts, party, id)
      const reason = request.query.reason ?? null
      const result = await underIfMatch(request.headers['if-match'], (expectedVersion) =>
        parts.application.orders.cancel(contextOf(request, party, { expectedVersion }), id, {
          reason,
        }),
      )
      const { position } = doneOrThrow(result, 'order')
      reply.header('event-cursor', parts.eventCursors.of(party.tenantId, position))
      return reply.code(204).send()
    },
  )
}

const stepRoutes = (app: FastifyInstance, parts: RouteParts): void => {
  const { orders } = parts.application
  const steps = [
    [
      'approve',
      'approveOrder',
      (...[context, id, input]: Parameters<typeof orders.ship>) =>
        orders.approve(context, id, { ...input, paymentId: null }),
    ],
    ['ship', 'shipOrder', orders.ship],
    ['deliver', 'deliverOrder', orders.deliver],
  ] as const
  for (const [name, operationId, step] of steps) {
    app.withTypeProvider<RequestTypes>().post(
      `/v1/orders/:id/${name}`,
      {
        config: { isJson: true, doc: orderDocs[name] },
        compress: false,
        onRequest: staffOnly(SCOPE),
        schema: {
          operationId,
          tags,
          params: orderParams,
          querystring: noQuery,
          body: reasonBody,
          response: { 200: orderSchema },
        },
      },
      async (request, reply) => {
        const party = requireStaff(request, SCOPE)
        const input = { reason: request.body?.reason ?? null }
        const result = await parts.runIdempotent(
          { request, ...party, content: input },
          (idempotency) =>
            underIfMatch(request.headers['if-match'], (expectedVersion) => {
              const context = contextOf(request, party, { expectedVersion, idempotency })
              return step(context, request.params.id, input)
            }),
        )
        return sendOrder(parts, reply, { party, done: doneOrThrow(result, 'order') })
      },
    )
  }
}
