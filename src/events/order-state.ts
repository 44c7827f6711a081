// What an order is after its events: the one fold that the decider and the read models share.
import { assertNever } from '../core/assert-never.ts'
import type { OrderEvent, OrderStatus, ShownSource } from './order.ts'

export type PaymentStatus = 'PROCESSING' | 'SUCCEEDED' | 'FAILED' | 'CANCELLED' // cancelled: given back

export type OrderPayment = Readonly<{
  id: string
  amount: string
  currency: string
  source: ShownSource
  status: PaymentStatus
  failure: Readonly<{ code: string; message: string }> | null // while FAILED
  receiptId: string | null // once it has succeeded
  succeededAt: string | null
  createdAt: string
  updatedAt: string
}>

export type PresentOrder = Readonly<{
  kind: 'present'
  petId: string
  userId: string
  status: OrderStatus
  totalAmount: string
  currency: string
  payments: readonly OrderPayment[] // in the order in which they were submitted
  createdAt: string
  updatedAt: string
}>

/** `abandoned`: never placed, and can be placed no more. */
export type OrderState = Readonly<{ kind: 'none' }> | PresentOrder | Readonly<{ kind: 'abandoned' }>

export const noOrder: OrderState = { kind: 'none' }

export const evolveOrder = (state: OrderState, event: OrderEvent): OrderState => {
  const { occurredAt } = event
  if (event.type === 'order.abandoned') return { kind: 'abandoned' }
  if (event.type === 'order.placed') {
    const times = { createdAt: occurredAt, updatedAt: occurredAt }
    return { kind: 'present', status: 'PLACED', payments: [], ...event.data, ...times }
  }
  if (state.kind !== 'present') return state
  const order = { ...state, updatedAt: occurredAt }
  switch (event.type) {
    case 'order.status_changed':
      return { ...order, status: event.data.status }
    case 'payment.submitted': {
      const { paymentId: id, amount, currency, source } = event.data
      const times = { createdAt: occurredAt, updatedAt: occurredAt }
      const nothing = { failure: null, receiptId: null, succeededAt: null } as const
      const submitted = { status: 'PROCESSING', ...nothing } as const
      const payment = { id, amount, currency, source, ...submitted, ...times }
      return { ...order, payments: [...order.payments, payment] }
    }
    case 'payment.succeeded': {
      const { paymentId, receiptId } = event.data
      const succeeded = { status: 'SUCCEEDED', receiptId, succeededAt: occurredAt } as const
      return withPayment(order, paymentId, succeeded)
    }
    case 'payment.failed': {
      const { paymentId, code, message } = event.data
      return withPayment(order, paymentId, { status: 'FAILED', failure: { code, message } })
    }
    case 'payment.refunded':
      return withPayment(order, event.data.paymentId, { status: 'CANCELLED' })
    default:
      return assertNever(event)
  }
}

const withPayment = (
  order: PresentOrder,
  id: string,
  change: Partial<OrderPayment>,
): PresentOrder => ({
  ...order,
  payments: order.payments.map((payment) =>
    payment.id === id ? { ...payment, ...change, updatedAt: order.updatedAt } : payment,
  ),
})
