// The receipt of a payment, for who paid it and for staff. Which order it belongs to is the read model's to say.
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { notFound } from '../command-answer.ts'
import { text } from '../fields.ts'
import type { RouteParts } from '../options.ts'
import { maySee, partyOnly, requireParty } from '../party.ts'
import { sendPrivate } from '../private-answer.ts'
import type { RequestTypes } from '../validation.ts'
import { orderDocs } from './docs.ts'
import { receiptSchema } from './schema.ts'
import { receiptJson } from './view.ts'

const SCOPE = 'read:orders'
const MAX_RECEIPT_ID_LENGTH = 100

export const receiptRoute = (app: FastifyInstance, parts: RouteParts): void => {
  const { application, eventCursors } = parts
  app.withTypeProvider<RequestTypes>().get(
    '/v1/receipts/:id',
    {
      compress: false,
      onRequest: partyOnly(SCOPE),
      config: { isJson: true, doc: orderDocs.receipt },
      preHandler: eventCursors.waitForCursor,
      schema: {
        operationId: 'getReceipt',
        tags: ['orders'],
        params: z.strictObject({ id: text(MAX_RECEIPT_ID_LENGTH) }),
        querystring: z.strictObject({}),
        response: { 200: receiptSchema },
      },
    },
    async (request, reply) => {
      const party = requireParty(request, SCOPE)
      const { tenantId } = party
      const eventCursor = eventCursors.ofReadModel(tenantId)
      const receipt = await application.orders.receipt(tenantId, request.params.id)
      if (receipt === undefined || !maySee(party, receipt.order.userId)) throw notFound('receipt')
      const shown = receiptJson(tenantId, receipt)
      if (shown === undefined) throw notFound('receipt')
      return sendPrivate(request, reply, { tenantId, json: JSON.stringify(shown), eventCursor })
    },
  )
}
