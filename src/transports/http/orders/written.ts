// What writes on an order share: whose it has to be, and the order as it is after the command.
import type { FastifyReply } from 'fastify'
import type { OrderView } from '../../../application.ts'
import type { Version } from '../../../core/event.ts'
import type { PresentOrder } from '../../../events/order-state.ts'
import { type Done, notFound } from '../command-answer.ts'
import type { RouteParts } from '../options.ts'
import { maySee, type Party } from '../party.ts'
import { sendWritten } from '../private-answer.ts'
import { orderJson } from './view.ts'

/** The version, for If-Match; and what is shown of it, because one tag names one sequence of bytes. */
export const orderTag = (
  version: Version,
  { withPayments }: Readonly<{ withPayments: boolean }>,
): string => `"v${version}${withPayments ? '.1' : ''}"`

/** Looked up before the command, which does not ask whose an order is: that never changes. */
export const ownOrder = async (
  { application }: RouteParts,
  party: Party,
  orderId: string,
): Promise<OrderView> => {
  const order = await application.orders.get(party.tenantId, orderId)
  if (order === undefined || !maySee(party, order.userId)) throw notFound('order')
  return order
}

export const sendOrder = (
  parts: RouteParts,
  reply: FastifyReply,
  { party, done }: Readonly<{ party: Party; done: Done<PresentOrder> }>,
): FastifyReply => {
  const { tenantId } = party
  const shown = { withPayments: false }
  return sendWritten(parts, reply, {
    tenantId,
    done,
    tag: orderTag(done.version, shown),
    resource: orderJson(tenantId, { ...done.state, id: done.id }, shown),
  })
}
