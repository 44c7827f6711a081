// Paying for an order. The answer shows the payment as the provider left it; a card or account only by its end.
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { PaymentResult } from '../../../application.ts'
import { contextOf, doneOrThrow } from '../command-answer.ts'
import { underIfMatch } from '../conditional.ts'
import { queryList } from '../fields.ts'
import type { RouteParts } from '../options.ts'
import { partyOnly, requireParty } from '../party.ts'
import { sendWritten } from '../private-answer.ts'
import type { RequestTypes } from '../validation.ts'
import { orderDocs } from './docs.ts'
import { fingerprintOf, paymentBody, paymentSource } from './payment-body.ts'
import { orderParams } from './read.ts'
import { paymentAnswerSchema } from './schema.ts'
import { paymentDetailJson, paymentJson, paymentOf } from './view.ts'
import { orderTag, ownOrder } from './written.ts'

const SCOPE = 'write:orders'

export const paymentRoute = (app: FastifyInstance, parts: RouteParts): void => {
  app.withTypeProvider<RequestTypes>().post(
    '/v1/orders/:id/payment',
    {
      config: { isJson: true, doc: orderDocs.pay },
      compress: false,
      onRequest: partyOnly(SCOPE),
      schema: {
        operationId: 'createOrderPayment',
        tags: ['orders'],
        params: orderParams,
        querystring: z.strictObject({ include: queryList(['outcome']).optional() }),
        body: paymentBody,
        response: { 201: paymentAnswerSchema },
      },
    },
    async (request, reply) => {
      const party = requireParty(request, SCOPE)
      const { id } = request.params
      await ownOrder(parts, party, id)
      const { amount, currency } = request.body
      const input = { amount, currency, source: paymentSource(request.body) }
      const call = { request, ...party, content: fingerprintOf(request.body) }
      const result = await parts.runIdempotent(call, (idempotency) =>
        underIfMatch(request.headers['if-match'], (expectedVersion) =>
          parts.application.orders.pay(
            contextOf(request, party, { expectedVersion, idempotency }),
            id,
            input,
          ),
        ),
      )
      const done = doneOrThrow(result, 'order')
      const payment = paymentOf(done.state, paymentIdOf(result))
      if (payment === undefined) throw new Error(`order ${id} has no payment after it was paid`)
      const withOutcome = request.query.include !== undefined
      reply.code(201).header('location', `/v1/orders/${id}?include=payments`)
      return sendWritten(parts, reply, {
        tenantId: party.tenantId,
        done,
        tag: orderTag(done.version, { withPayments: false }),
        resource: withOutcome ? paymentDetailJson(payment) : paymentJson(payment),
      })
    },
  )
}

const paymentIdOf = (result: PaymentResult): string | undefined => result.paymentId
