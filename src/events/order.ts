// What can happen to an order and to the payments for it. Card and account numbers are never here:
// of a payment's source only what may be shown is kept.
import { z } from 'zod'
import { type AggregateEvents, defineEvent, type EventOf } from './definition.ts'
import { currencySchema, moneySchema } from './pet.ts'

export const orderStatusSchema = z.enum(['PLACED', 'APPROVED', 'SHIPPED', 'DELIVERED', 'CANCELLED'])
export type OrderStatus = z.infer<typeof orderStatusSchema>

const billingAddressSchema = z.strictObject({
  city: z.string().nullable(),
  state: z.string().nullable(),
  postalCode: z.string().nullable(),
  country: z.string().nullable(), // ISO 3166-1 alpha-2
})

/** What a payment was made with, as far as it may be shown. `last4`: the end of the number. */
export const shownSourceSchema = z.discriminatedUnion('object', [
  z.strictObject({
    object: z.literal('card'),
    name: z.string(),
    brand: z
      .enum(['VISA', 'MASTERCARD', 'AMEX', 'DISCOVER', 'DINERS', 'JCB', 'UNIONPAY'])
      .nullable(),
    last4: z.string(),
    numberLength: z.int(),
    expMonth: z.int(),
    expYear: z.int(),
    billingAddress: billingAddressSchema.nullable(),
  }),
  z.strictObject({
    object: z.literal('bank_account'),
    accountHolderName: z.string(),
    accountType: z.enum(['CHECKING', 'SAVINGS']),
    routingNumber: z.string(),
    bankName: z.string().nullable(),
    last4: z.string(),
    numberLength: z.int(),
  }),
])
export type ShownSource = z.infer<typeof shownSourceSchema>

const samplePaymentId = '0199f3a0-7c1e-7a01-8000-0000000000d1'
const amount = { amount: moneySchema, currency: currencySchema }
const sampleAmount = { amount: '75.00', currency: 'USD' }

export const orderPlaced = defineEvent({
  type: 'order.placed',
  version: 1,
  summary: 'A pet was ordered, at the price that it had then.',
  schema: z.strictObject({
    petId: z.string(),
    userId: z.string(),
    totalAmount: moneySchema,
    currency: currencySchema,
  }),
  sample: {
    petId: '0199f3a0-7c1e-7a01-8000-0000000000e1',
    userId: '0199f3a0-7c1e-7a01-8000-0000000000f1',
    totalAmount: '75.00',
    currency: 'USD',
  },
  personal: ['userId'],
  visibleToPublic: 'none',
})

export const orderStatusChanged = defineEvent({
  type: 'order.status_changed',
  version: 1,
  summary: "An order's status changed: approved, shipped, delivered or cancelled.",
  schema: z.strictObject({
    previousStatus: orderStatusSchema,
    status: orderStatusSchema,
    reason: z.string().nullable(),
    cause: z.strictObject({ kind: z.literal('payment'), id: z.string() }).nullable(),
  }),
  sample: {
    previousStatus: 'PLACED',
    status: 'APPROVED',
    reason: 'payment succeeded',
    cause: { kind: 'payment', id: samplePaymentId },
  },
  personal: [],
  visibleToPublic: 'none',
})

export const orderAbandoned = defineEvent({
  type: 'order.abandoned',
  version: 1,
  summary: 'A pet was reserved for an order that was never placed; it can be placed no more.',
  schema: z.strictObject({ petId: z.string(), reason: z.string() }),
  sample: {
    petId: '0199f3a0-7c1e-7a01-8000-0000000000e1',
    reason: 'the order was not placed in time',
  },
  personal: [],
  visibleToPublic: 'none',
})

export const paymentSubmitted = defineEvent({
  type: 'payment.submitted',
  version: 1,
  summary: 'A payment for an order was handed to the payment provider.',
  schema: z.strictObject({ paymentId: z.string(), ...amount, source: shownSourceSchema }),
  sample: {
    paymentId: samplePaymentId,
    ...sampleAmount,
    source: {
      object: 'card',
      name: 'Ada Byron',
      brand: 'VISA',
      last4: '4242',
      numberLength: 16,
      expMonth: 12,
      expYear: 2030,
      billingAddress: { city: 'Portland', state: 'ME', postalCode: '04101', country: 'US' },
    },
  },
  personal: ['source'],
  visibleToPublic: 'none',
})

export const paymentSucceeded = defineEvent({
  type: 'payment.succeeded',
  version: 1,
  summary: 'A payment went through; its receipt can be asked for.',
  schema: z.strictObject({
    paymentId: z.string(),
    ...amount,
    receiptId: z.string(), // rcp_ and the payment's id
    reference: z.string(), // the provider's own name for it
  }),
  sample: {
    paymentId: samplePaymentId,
    ...sampleAmount,
    receiptId: `rcp_${samplePaymentId}`,
    reference: 'sandbox_0199f3a0',
  },
  personal: [],
  visibleToPublic: 'none',
})

export const paymentFailed = defineEvent({
  type: 'payment.failed',
  version: 1,
  summary: 'A payment did not go through; another one may be tried.',
  schema: z.strictObject({
    paymentId: z.string(),
    code: z.string(), // card_declined, insufficient_funds, ...
    message: z.string(),
  }),
  sample: {
    paymentId: samplePaymentId,
    code: 'card_declined',
    message: 'The card was declined.',
  },
  personal: [],
  visibleToPublic: 'none',
})

export const paymentRefunded = defineEvent({
  type: 'payment.refunded',
  version: 1,
  summary: 'A payment was given back, because its order was cancelled.',
  schema: z.strictObject({ paymentId: z.string(), ...amount, reason: z.string() }),
  sample: { paymentId: samplePaymentId, ...sampleAmount, reason: 'the order was cancelled' },
  personal: [],
  visibleToPublic: 'none',
})

export const orderEvents = {
  category: 'order',
  collection: 'orders',
  events: [
    orderPlaced,
    orderStatusChanged,
    orderAbandoned,
    paymentSubmitted,
    paymentSucceeded,
    paymentFailed,
    paymentRefunded,
  ],
} as const satisfies AggregateEvents

export type OrderEvent = EventOf<(typeof orderEvents.events)[number]>
