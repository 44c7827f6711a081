// What may be done with an order, and what comes of it. The pet was reserved before, in its own
// stream; here the order is placed, paid, approved and sent on its way. Every command is safe to
// repeat: decided on its own result it records nothing more.
import { assertNever } from '../core/assert-never.ts'
import { accept, type Decider, type Rejection } from '../core/decider.ts'
import { evolveOrder, noOrder, type OrderState, type PresentOrder } from '../events/order-state.ts'
import type { OrderEvent, OrderStatus } from '../events/order.ts'
import { sameJson } from './changes.ts'
import type { Aggregate } from './handle.ts'
import { normaliseMoney } from './money.ts'
import {
  isBeingPaid,
  type OrderDecision,
  type PaymentCommand,
  paymentOf,
  refundPayment,
  settlePayment,
  submitPayment,
} from './order-payments.ts'
import { type OrderRejectionCode, refuse } from './rejections.ts'

type Command<Type extends string, Input> = Readonly<{ type: Type; occurredAt: string } & Input>
type Reasoned = Readonly<{ reason: string | null }>

/** The price is the pet's at the time of its reservation. */
type Place = Command<
  'place',
  { petId: string; userId: string; totalAmount: string; currency: string }
>
/** `paymentId`: the payment that paid it; null when staff approve it by hand. */
type Approve = Command<'approve', { paymentId: string | null } & Reasoned>
type Ship = Command<'ship', Reasoned>
type Deliver = Command<'deliver', Reasoned>
type Cancel = Command<'cancel', Reasoned>
/** Closes the stream of an order that was never placed: whoever comes to place it is too late. */
type Abandon = Command<'abandon', { petId: string; reason: string }>

export type OrderCommand = Place | Approve | Ship | Deliver | Cancel | Abandon | PaymentCommand

const decide = (command: OrderCommand, state: OrderState): OrderDecision => {
  if (command.type === 'place') return place(command, state)
  if (command.type === 'abandon') return abandon(command, state)
  if (state.kind !== 'present') return refuse('order_not_found')
  switch (command.type) {
    case 'approve':
      return approve(command, state)
    case 'ship':
      return move(command, state, { from: ['APPROVED'], to: 'SHIPPED' })
    case 'deliver':
      return move(command, state, { from: ['SHIPPED'], to: 'DELIVERED' })
    case 'cancel':
      return cancel(command, state)
    case 'submit_payment':
      return submitPayment(command, state)
    case 'settle_payment':
      return settlePayment(command, state)
    case 'refund_payment':
      return refundPayment(command, state)
    default:
      return assertNever(command)
  }
}

export const orderDecider = {
  initialState: noOrder,
  decide,
  evolve: evolveOrder,
} satisfies Decider<OrderCommand, OrderState, OrderEvent, Rejection<OrderRejectionCode>>

/** An abandoned order is there as far as the stream goes, so that placing it can be refused. */
export const orderAggregate = {
  category: 'order',
  decider: orderDecider,
  creates: (command) => command.type === 'place' || command.type === 'abandon',
  exists: (state) => state.kind !== 'none',
} satisfies Aggregate<OrderCommand, OrderState, OrderEvent, Rejection<OrderRejectionCode>>

const place = (command: Place, state: OrderState): OrderDecision => {
  const { petId, userId, currency, occurredAt } = command
  const data = { petId, userId, totalAmount: normaliseMoney(command.totalAmount), currency }
  switch (state.kind) {
    case 'none':
      return accept({ type: 'order.placed', data, occurredAt })
    case 'present':
      return sameJson(termsOf(state), data) ? accept() : refuse('order_already_placed')
    case 'abandoned':
      return refuse('order_abandoned')
    default:
      return assertNever(state)
  }
}

const termsOf = ({ petId, userId, totalAmount, currency }: PresentOrder) => ({
  petId,
  userId,
  totalAmount,
  currency,
})

const abandon = ({ petId, reason, occurredAt }: Abandon, state: OrderState): OrderDecision => {
  if (state.kind === 'abandoned') return accept()
  if (state.kind === 'present') {
    return refuse('order_already_placed', { detail: 'The order was placed; it can be cancelled.' })
  }
  return accept({ type: 'order.abandoned', data: { petId, reason }, occurredAt })
}

const approve = (command: Approve, order: PresentOrder): OrderDecision => {
  const { paymentId } = command
  const way = { from: ['PLACED'], to: 'APPROVED' } as const
  if (order.status !== 'PLACED') return move(command, order, way)
  if (paymentId === null) {
    return isBeingPaid(order) ? refuse('payment_in_progress') : move(command, order, way)
  }
  const payment = paymentOf(order, paymentId)
  if (payment === undefined) return refuse('payment_not_found')
  if (payment.status === 'PROCESSING') return refuse('payment_in_progress')
  if (payment.status !== 'SUCCEEDED') {
    const detail = `A payment that is ${payment.status} does not approve its order.`
    return refuse('invalid_order_transition', { detail })
  }
  return move(command, order, { ...way, cause: { kind: 'payment', id: paymentId } })
}

const cancel = (command: Cancel, order: PresentOrder): OrderDecision =>
  isBeingPaid(order)
    ? refuse('payment_in_progress')
    : move(command, order, { from: ['PLACED', 'APPROVED'], to: 'CANCELLED' })

type Way = Readonly<{
  from: readonly OrderStatus[]
  to: OrderStatus
  cause?: Readonly<{ kind: 'payment'; id: string }>
}>

const move = (
  { reason, occurredAt }: Approve | Ship | Deliver | Cancel,
  order: PresentOrder,
  { from, to, cause }: Way,
): OrderDecision => {
  if (order.status === to) return accept()
  if (!from.includes(order.status)) {
    const detail = `An order that is ${order.status} cannot become ${to}.`
    return refuse('invalid_order_transition', { detail })
  }
  const data = { previousStatus: order.status, status: to, reason, cause: cause ?? null }
  return accept({ type: 'order.status_changed', data, occurredAt })
}
