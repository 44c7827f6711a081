// Paying for an order: at most one payment is being processed, at most one succeeds, and the first
// outcome of a payment stands, whoever reports another one later.
import { accept, type Decision, type Rejection } from '../core/decider.ts'
import type { ChargeOutcome } from '../core/payments.ts'
import type { OrderPayment, PresentOrder } from '../events/order-state.ts'
import type { OrderEvent, ShownSource } from '../events/order.ts'
import { normaliseMoney } from './money.ts'
import { type OrderRejectionCode, refuse } from './rejections.ts'

export const MAX_PAYMENTS = 20

type Command<Type extends string, Input> = Readonly<
  { type: Type; occurredAt: string; paymentId: string } & Input
>

type Submit = Command<
  'submit_payment',
  { amount: string; currency: string; source: ShownSource } // the order's own amount and currency
>
type Settle = Command<
  'settle_payment',
  { outcome: Exclude<ChargeOutcome, Readonly<{ kind: 'processing' }>> }
>
type Refund = Command<'refund_payment', { reason: string }>

export type PaymentCommand = Submit | Settle | Refund
export type OrderDecision = Decision<OrderEvent, Rejection<OrderRejectionCode>>

export const submitPayment = (command: Submit, order: PresentOrder): OrderDecision => {
  const { paymentId, currency, source, occurredAt } = command
  // Every try has an id of its own: a known one is a repeat.
  if (paymentOf(order, paymentId) !== undefined) return accept()
  const refused = notPayable(order)
  if (refused !== undefined) return refused
  const amount = normaliseMoney(command.amount)
  if (amount !== order.totalAmount) {
    const detail = `The amount of this order is ${order.totalAmount}.`
    return refuse('payment_amount_mismatch', { detail, field: 'amount' })
  }
  if (currency !== order.currency) {
    const detail = `The currency of this order is ${order.currency}.`
    return refuse('payment_currency_mismatch', { detail, field: 'currency' })
  }
  if (order.payments.length >= MAX_PAYMENTS) return refuse('payment_limit_reached')
  const data = { paymentId, amount, currency, source }
  return accept({ type: 'payment.submitted', data, occurredAt })
}

export const settlePayment = (command: Settle, order: PresentOrder): OrderDecision => {
  const { paymentId, outcome, occurredAt } = command
  const payment = paymentOf(order, paymentId)
  if (payment === undefined) return refuse('payment_not_found')
  if (payment.status !== 'PROCESSING') return accept()
  if (outcome.kind === 'failed') {
    const { code, message } = outcome
    return accept({ type: 'payment.failed', data: { paymentId, code, message }, occurredAt })
  }
  const { amount, currency } = payment
  const receiptId = `rcp_${paymentId}`
  const data = { paymentId, amount, currency, receiptId, reference: outcome.reference }
  return accept({ type: 'payment.succeeded', data, occurredAt })
}

export const refundPayment = (command: Refund, order: PresentOrder): OrderDecision => {
  const { paymentId, reason, occurredAt } = command
  const payment = paymentOf(order, paymentId)
  if (payment === undefined) return refuse('payment_not_found')
  if (payment.status === 'CANCELLED') return accept()
  if (order.status !== 'CANCELLED') {
    const detail = 'A payment is given back only when its order was cancelled.'
    return refuse('invalid_order_transition', { detail })
  }
  if (payment.status !== 'SUCCEEDED') {
    const detail = `There is nothing to give back of a payment that is ${payment.status}.`
    return refuse('invalid_order_transition', { detail })
  }
  const { amount, currency } = payment
  return accept({
    type: 'payment.refunded',
    data: { paymentId, amount, currency, reason },
    occurredAt,
  })
}

export const paymentOf = (order: PresentOrder, id: string): OrderPayment | undefined =>
  order.payments.find((payment) => payment.id === id)

export const isBeingPaid = (order: PresentOrder): boolean => hasPayment(order, 'PROCESSING')

const hasPayment = (order: PresentOrder, status: OrderPayment['status']): boolean =>
  order.payments.some((payment) => payment.status === status)

const notPayable = (order: PresentOrder): OrderDecision | undefined => {
  const isOver = order.status === 'CANCELLED' // said first: its payment, if any, is given back
  if (!isOver && isBeingPaid(order)) return refuse('payment_in_progress')
  if (!isOver && hasPayment(order, 'SUCCEEDED')) return refuse('order_already_paid')
  if (order.status === 'PLACED') return undefined
  const detail = `An order that is ${order.status} cannot be paid.`
  return refuse('invalid_order_transition', { detail })
}
