// The body of a payment. A card or a bank account comes as the published schemas have it, or as the published examples
// do, which is another way: a flat address, a bank account by number and sort code. Full numbers go no further than the
// payment provider.
import { z } from 'zod'
import type {
  BankSource,
  BillingAddress,
  CardSource,
  PaymentSource,
} from '../../../core/payments.ts'
import { ignored, moneyField, ofAnyObject, optionalText, text } from '../fields.ts'

const CURRENCIES = ['USD', 'EUR', 'GBP', 'CAD', 'AUD'] as const
const ACCOUNT_TYPES = ['CHECKING', 'SAVINGS', 'INDIVIDUAL', 'COMPANY'] as const

const upperCase = () => z.string().transform((value) => value.toUpperCase())
const country = upperCase()
  .pipe(z.string().regex(/^[A-Z]{2}$/, 'Must be an ISO 3166-1 code such as US'))
  .nullish()
/** Digits, in groups or not. */
const digits = (pattern: RegExp, message: string) =>
  z
    .string()
    .transform((value) => value.replaceAll(/[ -]/g, ''))
    .pipe(z.string().regex(pattern, message))

const card = z.strictObject({
  object: z.literal('card'),
  id: ignored,
  name: text(100),
  number: digits(/^\d{13,19}$/, 'Must be 13 to 19 digits'),
  cvc: z
    .union([
      z.string().regex(/^\d{3,4}$/, 'Must be 3 or 4 digits'),
      z
        .int()
        .min(0)
        .max(9_999)
        .transform((value) => String(value).padStart(3, '0')),
    ])
    .nullish(),
  expMonth: z.int().min(1).max(12),
  expYear: z.int().min(2_024).max(2_100),
  brand: ignored,
  last4: ignored,
  billingAddress: z
    .strictObject({
      line1: optionalText(200),
      line2: optionalText(200),
      city: optionalText(100),
      state: optionalText(100),
      postalCode: optionalText(20),
      country,
    })
    .nullish(),
  addressLine1: optionalText(200),
  addressLine2: optionalText(200),
  addressCity: optionalText(100),
  addressState: optionalText(100),
  addressPostCode: optionalText(20),
  addressPostalCode: optionalText(20),
  addressCountry: country,
})

const required = (field: string) => ({
  path: [field],
  error: 'Is required',
  params: { code: 'REQUIRED' },
  when: ofAnyObject,
})
type Given = Readonly<Record<string, unknown>>
const oneOf =
  (...fields: readonly string[]) =>
  (source: Given): boolean =>
    fields.some((field) => source[field] !== undefined)

const accountNumber = digits(/^\d{4,17}$/, 'Must be 4 to 17 digits').optional()

const bank = z
  .strictObject({
    object: z.enum(['bank_account', 'bankAccount']),
    id: ignored,
    accountHolderName: text(100).optional(),
    name: text(100).optional(),
    accountNumber,
    number: accountNumber,
    routingNumber: digits(/^\d{9}$/, 'Must be 9 digits').optional(),
    sortCode: digits(/^\d{6}$/, 'Must be 6 digits').optional(),
    accountType: upperCase().pipe(z.enum(ACCOUNT_TYPES)).optional(),
    bankName: optionalText(100),
    country,
    last4: ignored,
  })
  .refine(oneOf('accountHolderName', 'name'), required('accountHolderName'))
  .refine(oneOf('accountNumber', 'number'), required('accountNumber'))
  .refine(oneOf('routingNumber', 'sortCode'), required('routingNumber'))
  .refine(oneOf('accountType'), required('accountType'))

export const paymentBody = z.strictObject({
  id: ignored,
  amount: moneyField.refine((amount) => Number(amount) > 0, {
    error: 'Must be more than 0',
    params: { code: 'OUT_OF_RANGE' },
  }),
  currency: upperCase().pipe(z.enum(CURRENCIES)).default('USD'),
  source: z.discriminatedUnion('object', [card, bank]),
  status: ignored,
  createdAt: ignored,
})
export type PaymentBody = z.output<typeof paymentBody>

export const paymentSource = ({ source }: PaymentBody): PaymentSource =>
  source.object === 'card' ? cardOf(source) : accountOf(source)

const cardOf = (body: z.output<typeof card>): CardSource => ({
  object: 'card',
  name: body.name,
  number: body.number,
  cvc: body.cvc ?? null,
  expMonth: body.expMonth,
  expYear: body.expYear,
  billingAddress: addressOf(body),
})

/** Of both ways to give an address the nested one wins, field by field. */
const addressOf = (body: z.output<typeof card>): BillingAddress | null => {
  const nested = body.billingAddress ?? {}
  const address = {
    line1: nested.line1 ?? body.addressLine1 ?? null,
    line2: nested.line2 ?? body.addressLine2 ?? null,
    city: nested.city ?? body.addressCity ?? null,
    state: nested.state ?? body.addressState ?? null,
    postalCode: nested.postalCode ?? body.addressPostalCode ?? body.addressPostCode ?? null,
    country: nested.country ?? body.addressCountry ?? null,
  }
  return Object.values(address).every((line) => line === null) ? null : address
}

const accountOf = (body: z.output<typeof bank>): BankSource => ({
  object: 'bank_account',
  accountHolderName: body.accountHolderName ?? body.name ?? '',
  accountNumber: body.accountNumber ?? body.number ?? '',
  routingNumber: body.routingNumber ?? body.sortCode ?? '',
  // Whose account it is, said where the schema has which kind it is: such accounts are current ones.
  accountType: body.accountType === 'SAVINGS' ? 'SAVINGS' : 'CHECKING',
  bankName: body.bankName ?? null,
})

const SHOWN_DIGITS = 4

/**
 * What makes a repeat under an Idempotency-Key the same request. Its fingerprint is stored, and a number could be
 * guessed from a fast hash of it: only its end is in it.
 */
export const fingerprintOf = (body: PaymentBody): object => {
  const { amount, currency } = body
  const source = paymentSource(body)
  const end = (number: string) => number.slice(-SHOWN_DIGITS)
  if (source.object === 'card') {
    const { number, cvc: _, billingAddress: __, ...rest } = source
    return { amount, currency, source: { ...rest, number: end(number) } }
  }
  const accountEnd = end(source.accountNumber)
  return { amount, currency, source: { ...source, accountNumber: accountEnd } }
}
