// The two events for which the documents of this API name an envelope of their own, with the order and the payment as
// they were when it happened, so that every attempt sends the same bytes.
import type { Application } from '../../../application.ts'
import type { StoredEvent } from '../../../core/event.ts'
import type { JsonObject } from '../../../core/json.ts'
import { orderJson, paymentJson, paymentOf } from '../orders/view.ts'

type Documented = Readonly<{ eventType: string; data: JsonObject }>

export const documentedData =
  ({ orders }: Pick<Application, 'orders'>) =>
  async (event: StoredEvent): Promise<Documented | undefined> => {
    const { type, tenantId, streamId, data, occurredAt, metadata } = event
    if (type !== 'order.status_changed' && type !== 'payment.succeeded') return undefined
    const found = await orders.get(tenantId, streamId)
    if (found === undefined) return undefined
    const isPayment = type === 'payment.succeeded'
    const status = isPayment ? 'PLACED' : data['status']
    const own = orderJson(tenantId, found, { withPayments: false })
    const order = { ...own, status, updatedAt: occurredAt }
    if (!isPayment) {
      const { previousStatus, status: newStatus } = data
      const changedBy = metadata.actor.kind === 'user' ? metadata.actor.id : 'system'
      const change = { order, previousStatus, newStatus, changedAt: occurredAt, changedBy }
      return { eventType: 'order.statusChanged', data: plain(change) }
    }
    const { paymentId, receiptId: id } = data
    if (typeof paymentId !== 'string' || typeof id !== 'string') return undefined
    const payment = paymentOf(found, paymentId)
    if (payment === undefined) return undefined
    const succeeded = { ...paymentJson(payment), status: 'SUCCEEDED' }
    const receipt = {
      receiptId: id,
      receiptUrl: `/v1/receipts/${id}`,
      generatedAt: occurredAt,
    }
    return { eventType: type, data: plain({ payment: succeeded, order, receipt }) }
  }

/** Without the members that are undefined. */
const plain = (value: object): JsonObject => JSON.parse(JSON.stringify(value)) as JsonObject
