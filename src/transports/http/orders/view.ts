// How orders, payments and receipts are shown. Of a card or an account only what the event kept is there to be shown:
// its end, and how long its number was.
import type { OrderView, Receipt } from '../../../application.ts'
import { SHARED_TENANT, type TenantId } from '../../../core/ids.ts'
import type { OrderPayment, PresentOrder } from '../../../events/order-state.ts'
import type { ShownSource } from '../../../events/order.ts'

type Included = Readonly<{ withPayments: boolean }>

export const orderJson = (
  tenantId: TenantId,
  order: PresentOrder & Readonly<{ id: string }>,
  { withPayments }: Included,
) => ({
  id: order.id,
  petId: order.petId,
  userId: order.userId,
  status: order.status,
  totalAmount: order.totalAmount,
  currency: order.currency,
  tenantId: tenantId === SHARED_TENANT ? undefined : tenantId,
  createdAt: order.createdAt,
  updatedAt: order.updatedAt,
  payments: withPayments ? order.payments.map(paymentDetailJson) : undefined,
})

export const paymentJson = (payment: OrderPayment) => ({
  id: payment.id,
  amount: payment.amount,
  currency: payment.currency,
  source: sourceJson(payment.source),
  status: payment.status,
  createdAt: payment.createdAt,
})

export const paymentDetailJson = (payment: OrderPayment) => ({
  ...paymentJson(payment),
  updatedAt: payment.updatedAt,
  failure: payment.failure ?? undefined,
  receiptId: payment.receiptId ?? undefined,
})

const LAST4_DIGITS = 4
const ROUTING_NUMBER_DIGITS = 9

/** Stars for every digit but those at the end that may be shown. */
const masked = ({ last4, numberLength }: Pick<ShownSource, 'last4' | 'numberLength'>): string =>
  last4.padStart(numberLength, '*')

const sourceJson = (source: ShownSource) => {
  // Of a short number fewer digits are kept: they are in the mask, and not in a member that has four.
  const last4 = source.last4.length === LAST4_DIGITS ? source.last4 : undefined
  if (source.object === 'bank_account') {
    return {
      object: source.object,
      accountHolderName: source.accountHolderName,
      accountNumber: masked(source),
      // A sort code has six digits; the documented member has nine.
      routingNumber: source.routingNumber.padStart(ROUTING_NUMBER_DIGITS, '0'),
      accountType: source.accountType,
      bankName: source.bankName ?? undefined,
      last4,
    }
  }
  return {
    object: source.object,
    name: source.name,
    number: masked(source),
    expMonth: source.expMonth,
    expYear: source.expYear,
    brand: source.brand ?? undefined,
    last4,
    billingAddress: addressJson(source.billingAddress),
  }
}

type Address = Extract<ShownSource, { object: 'card' }>['billingAddress']

const addressJson = (address: Address) =>
  address === null
    ? undefined
    : {
        city: address.city ?? undefined,
        state: address.state ?? undefined,
        postalCode: address.postalCode ?? undefined,
        country: address.country ?? undefined,
      }

/** Undefined: the payment has no receipt. */
export const receiptJson = (tenantId: TenantId, { receiptId, paymentId, order }: Receipt) => {
  const payment = paymentOf(order, paymentId)
  if (payment === undefined || payment.succeededAt === null) return undefined
  return {
    receiptId,
    orderId: order.id,
    petId: order.petId,
    payment: paymentJson(payment),
    amount: payment.amount,
    currency: payment.currency,
    issuedAt: payment.succeededAt,
    tenantId: tenantId === SHARED_TENANT ? undefined : tenantId,
  }
}

export const paymentOf = (
  { payments }: Pick<OrderView, 'payments'>,
  paymentId: string | undefined,
): OrderPayment | undefined => payments.find(({ id }) => id === paymentId)
