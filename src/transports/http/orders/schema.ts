// The documented shapes of orders, payments and receipts in answers. The order and the payment are closed; what is ours
// beside them comes on request.
import { z } from 'zod'
import type { PaymentStatus } from '../../../events/order-state.ts'
import type { OrderStatus } from '../../../events/order.ts'
import { collectionOf } from '../paging.ts'

export const ORDER_STATUSES = [
  'PLACED',
  'APPROVED',
  'SHIPPED',
  'DELIVERED',
  'CANCELLED',
] as const satisfies readonly OrderStatus[]

const PAYMENT_STATUSES = [
  'PROCESSING',
  'SUCCEEDED',
  'FAILED',
  'CANCELLED',
] as const satisfies readonly PaymentStatus[]

const orderFields = {
  id: z.string(),
  petId: z.string(),
  userId: z.string(),
  status: z.enum(ORDER_STATUSES),
  totalAmount: z.string(),
  currency: z.string(),
  tenantId: z.string().nullable().optional(),
  createdAt: z.string(),
  updatedAt: z.string(),
}

const cardSchema = z.strictObject({
  object: z.literal('card'),
  name: z.string(),
  number: z.string().regex(/^[0-9*]{13,19}$/), // all but the last four are stars
  expMonth: z.int(),
  expYear: z.int(),
  brand: z.enum(['VISA', 'MASTERCARD', 'AMEX', 'DISCOVER', 'DINERS', 'JCB', 'UNIONPAY']).optional(),
  last4: z.string().optional(),
  billingAddress: z
    .strictObject({
      city: z.string().optional(),
      state: z.string().optional(),
      postalCode: z.string().optional(),
      country: z.string().optional(),
    })
    .optional(),
})

const bankSchema = z.strictObject({
  object: z.literal('bank_account'),
  accountHolderName: z.string(),
  accountNumber: z.string().regex(/^[0-9*]{4,17}$/),
  routingNumber: z.string().regex(/^[0-9]{9}$/),
  accountType: z.enum(['CHECKING', 'SAVINGS']),
  bankName: z.string().optional(),
  last4: z.string().optional(),
})

const paymentFields = {
  id: z.string(),
  amount: z.string(),
  currency: z.string(),
  source: z.discriminatedUnion('object', [cardSchema, bankSchema]),
  status: z.enum(PAYMENT_STATUSES),
  createdAt: z.string(),
}

export const paymentSchema = z.strictObject(paymentFields).meta({ id: 'OrderPayment' })

const paymentDetailSchema = z
  .strictObject({
    ...paymentFields,
    updatedAt: z.string(),
    failure: z.strictObject({ code: z.string(), message: z.string() }).optional(),
    receiptId: z.string().optional(),
  })
  .meta({ id: 'OrderPaymentDetail' })

export const orderSchema = z.strictObject(orderFields).meta({ id: 'Order' })
export const orderWithPaymentsSchema = z
  .strictObject({ ...orderFields, payments: z.array(paymentDetailSchema).optional() })
  .meta({ id: 'OrderWithPayments', description: '`payments` with `include=payments` only.' })
export const paymentAnswerSchema = z.union([paymentSchema, paymentDetailSchema])
export const orderCollectionSchema = collectionOf(orderWithPaymentsSchema)

export const receiptSchema = z
  .strictObject({
    receiptId: z.string(),
    orderId: z.string(),
    petId: z.string(),
    payment: paymentSchema,
    amount: z.string(),
    currency: z.string(),
    issuedAt: z.string(),
    tenantId: z.string().optional(),
  })
  .meta({ id: 'Receipt' })
