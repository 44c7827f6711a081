// A payment whose outcome was not recorded in time is asked for at the provider: the process that asked first may have
// crashed, or the provider may still be at it. One that takes days keeps nobody waiting: its order is set aside.
import { again, done, later, outcomeOf, type Policy } from './policy.ts'

export const createSettlePayments = (options: Readonly<{ delayMs: number }>): Policy => ({
  name: 'settle-payments',
  categories: ['order'],
  types: ['payment.submitted'],
  delayMs: options.delayMs,
  react: async (event, { orders }, context) => {
    if (event.type !== 'payment.submitted') return done
    const { paymentId } = event.data
    const order = await orders.get(event.tenantId, event.streamId)
    if (order === undefined) return again('the order cannot be read')
    const isOpen = (payments: typeof order.payments): boolean =>
      payments.some(({ id, status }) => id === paymentId && status === 'PROCESSING')
    if (!isOpen(order.payments)) return done
    const settled = await orders.settlePayment(context, event.streamId, paymentId)
    if (settled.kind !== 'done') return outcomeOf(settled)
    return isOpen(settled.state.payments) ? later('the payment is still being processed') : done
  },
})
