// A payment that went through approves its order. Whether it was this policy or a member of staff who approved it first
// makes no difference.
import { done, outcomeOf, type Policy } from './policy.ts'

export const approvePaidOrders: Policy = {
  name: 'approve-paid-orders',
  categories: ['order'],
  types: ['payment.succeeded'],
  react: async (event, { orders }, context) => {
    if (event.type !== 'payment.succeeded') return done
    const { paymentId } = event.data
    const input = { paymentId, reason: 'payment succeeded' }
    // invalid_order_transition: further than approved by now, or cancelled, and then it is given back by `refunds`.
    return outcomeOf(await orders.approve(context, event.streamId, input), [
      'invalid_order_transition',
    ])
  },
}
