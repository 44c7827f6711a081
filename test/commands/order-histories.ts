// What orders of the tests have been through, and the commands that they are given.
import type { OrderCommand } from '../../src/commands/order.ts'
import type { OrderEvent, OrderStatus, ShownSource } from '../../src/events/order.ts'
import { TEST_TIME } from '../support/fixed-clock.ts'

export const occurredAt = TEST_TIME

export const card: ShownSource = {
  object: 'card',
  name: 'Ada Byron',
  brand: 'VISA',
  last4: '4242',
  numberLength: 16,
  expMonth: 12,
  expYear: 2030,
  billingAddress: null,
}

const terms = { petId: 'p-1', userId: 'u-1', totalAmount: '75.00', currency: 'USD' }
const amount = { amount: '75.00', currency: 'USD' }

export const placed: OrderEvent = { type: 'order.placed', data: terms, occurredAt }
export const abandoned: OrderEvent = {
  type: 'order.abandoned',
  data: { petId: 'p-1', reason: 'too late' },
  occurredAt,
}
export const changed = (
  previousStatus: OrderStatus,
  status: OrderStatus,
  more: Partial<Extract<OrderEvent, { type: 'order.status_changed' }>['data']> = {},
): OrderEvent => ({
  type: 'order.status_changed',
  data: { previousStatus, status, reason: null, cause: null, ...more },
  occurredAt,
})
export const approved = changed('PLACED', 'APPROVED')
export const shipped = changed('APPROVED', 'SHIPPED')
export const delivered = changed('SHIPPED', 'DELIVERED')
export const cancelled = changed('PLACED', 'CANCELLED')
export const submitted = (paymentId = 'pay-1'): OrderEvent => ({
  type: 'payment.submitted',
  data: { paymentId, ...amount, source: card },
  occurredAt,
})
export const succeeded = (paymentId = 'pay-1'): OrderEvent => ({
  type: 'payment.succeeded',
  data: { paymentId, ...amount, receiptId: `rcp_${paymentId}`, reference: 'ref-1' },
  occurredAt,
})
export const failed = (paymentId = 'pay-1'): OrderEvent => ({
  type: 'payment.failed',
  data: { paymentId, code: 'card_declined', message: 'No.' },
  occurredAt,
})
export const refunded = (paymentId = 'pay-1'): OrderEvent => ({
  type: 'payment.refunded',
  data: { paymentId, ...amount, reason: 'the order was cancelled' },
  occurredAt,
})

/** An order in each status, by the shortest way there. */
export const HISTORIES: Readonly<Record<OrderStatus, readonly OrderEvent[]>> = {
  PLACED: [placed],
  APPROVED: [placed, approved],
  SHIPPED: [placed, approved, shipped],
  DELIVERED: [placed, approved, shipped, delivered],
  CANCELLED: [placed, cancelled],
}

const reason = null
export const place = { type: 'place', ...terms, occurredAt } as const
export const abandon = { type: 'abandon', petId: 'p-1', reason: 'too late', occurredAt } as const
export const approve = { type: 'approve', paymentId: null, reason, occurredAt } as const
export const ship = { type: 'ship', reason, occurredAt } as const
export const deliver = { type: 'deliver', reason, occurredAt } as const
export const cancel = { type: 'cancel', reason, occurredAt } as const
export const submit = (paymentId = 'pay-1') =>
  ({ type: 'submit_payment', paymentId, ...amount, source: card, occurredAt }) as const
export const settle = (
  outcome: 'succeeded' | 'failed',
  paymentId = 'pay-1',
): Extract<OrderCommand, { type: 'settle_payment' }> => ({
  type: 'settle_payment',
  paymentId,
  outcome:
    outcome === 'succeeded'
      ? { kind: 'succeeded', reference: 'ref-1' }
      : { kind: 'failed', code: 'card_declined', message: 'No.' },
  occurredAt,
})
export const refund = (paymentId = 'pay-1') =>
  ({
    type: 'refund_payment',
    paymentId,
    reason: 'the order was cancelled',
    occurredAt,
  }) as const
