// The documented demonstration of a callback: a request about an order is taken on, and its outcome sent to an address
// that the caller gives. Nobody is told why an address is refused or how a call went: that would make us somebody's
// port scanner.
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { OrderView } from '../../../application.ts'
import { toTimestamp } from '../../../core/clock.ts'
import { notFound } from '../command-answer.ts'
import { currencyField, moneyField, text } from '../fields.ts'
import { callerOf } from '../host.ts'
import type { RouteParts } from '../options.ts'
import { ProblemError } from '../problem.ts'
import type { RequestTypes } from '../validation.ts'
import { callbackDoc } from './callback-doc.ts'
import { createCallbackQueue } from './callback-queue.ts'
import { orderParams } from './read.ts'

const MAX_TIMESTAMP_LENGTH = 64
const MAX_URL_LENGTH = 2_048
const RETRY_AFTER_SECONDS = '10'

const callbackBody = z.strictObject({
  amount: moneyField,
  currency: currencyField,
  timestamp: text(MAX_TIMESTAMP_LENGTH).meta({
    description: 'When the caller sent it, in any form; it is not looked at.',
    examples: ['1719763200'],
  }),
  callbackUrl: z.string().min(1).max(MAX_URL_LENGTH).meta({
    format: 'uri',
    description: 'A public https address on port 443 or 8443, without user or password.',
  }),
})
type CallbackBody = z.output<typeof callbackBody>

export const callbackRoute = (app: FastifyInstance, parts: RouteParts): void => {
  const { application, outbound, ids, clock } = parts
  const queue = createCallbackQueue(parts)
  app.addHook('onClose', () => queue.stop())
  app.withTypeProvider<RequestTypes>().post(
    '/v1/orders/:id',
    {
      config: { isJson: true, doc: callbackDoc },
      compress: false,
      schema: {
        operationId: 'callbackOrder',
        tags: ['orders'],
        params: orderParams,
        querystring: z.strictObject({}),
        body: callbackBody,
        response: { 201: z.strictObject({}) },
      },
    },
    async (request, reply) => {
      const { tenantId } = callerOf(request)
      const { callbackUrl: url } = request.body
      const order = await application.orders.get(tenantId, request.params.id)
      if (order === undefined) throw notFound('order')
      const verdict = await outbound.check(url)
      if (verdict.kind === 'refused') throw addressRefused()
      const requestId = ids()
      const timestamp = toTimestamp(clock())
      const message = { requestId, orderId: order.id, ...outcomeOf(order, request.body), timestamp }
      if (!queue.offer({ requestId, url, json: JSON.stringify(message) })) throw queueFull()
      reply.header('location', `/v1/orders/${order.id}`)
      return reply.code(201).header('cache-control', 'no-store').send({})
    },
  )
}

type Outcome =
  | Readonly<{ status: 'COMPLETED' }>
  | Readonly<{ status: 'FAILED'; result: Readonly<{ differs: readonly string[] }> }>

/** By what the order costs. Nothing happens to the order. */
const outcomeOf = (order: OrderView, { amount, currency }: CallbackBody): Outcome => {
  const differs = [
    ...(amount === order.totalAmount ? [] : ['amount']),
    ...(currency === order.currency ? [] : ['currency']),
  ]
  return differs.length === 0 ? { status: 'COMPLETED' } : { status: 'FAILED', result: { differs } }
}

const addressRefused = (): ProblemError =>
  new ProblemError('validation-error', 'The request body contains validation errors', {
    errors: [
      {
        field: 'callbackUrl',
        message: 'Must be an https address that can be reached from the public network',
        code: 'INVALID_VALUE',
      },
    ],
  })

const queueFull = (): ProblemError =>
  new ProblemError('service-unavailable', 'Too many callbacks are waiting. Try again shortly.', {
    headers: { 'retry-after': RETRY_AFTER_SECONDS },
  })
