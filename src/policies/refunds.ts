// What was paid for a cancelled order is given back. An order can be cancelled between its payment and its approval, so
// both events are listened to: whichever is the later one sees the other. The provider gives a payment back once.
import { again, done, outcomeOf, type Policy } from './policy.ts'

export const refunds: Policy = {
  name: 'refunds',
  categories: ['order'],
  types: ['order.status_changed', 'payment.succeeded'],
  react: async (event, { orders }, context) => {
    const order = await orders.get(event.tenantId, event.streamId)
    if (order === undefined) return again('the order cannot be read')
    if (order.status !== 'CANCELLED') return done
    for (const { id, status } of order.payments) {
      if (status !== 'SUCCEEDED') continue
      const outcome = outcomeOf(await orders.refundPayment(context, event.streamId, id))
      if (outcome.kind !== 'done') return outcome
    }
    return done
  },
}
