// The port of payment providers: who really moves money. Full card and account numbers pass through it once, and are in
// no event, log line or error.
import type { TenantId } from './ids.ts'

export type BillingAddress = Readonly<{
  line1: string | null
  line2: string | null
  city: string | null
  state: string | null
  postalCode: string | null
  country: string | null // ISO 3166-1 alpha-2
}>

export type CardSource = Readonly<{
  object: 'card'
  name: string
  number: string // digits only
  cvc: string | null
  expMonth: number
  expYear: number
  billingAddress: BillingAddress | null
}>
export type BankSource = Readonly<{
  object: 'bank_account'
  accountHolderName: string
  accountNumber: string // digits only
  routingNumber: string
  accountType: 'CHECKING' | 'SAVINGS'
  bankName: string | null
}>
export type PaymentSource = CardSource | BankSource

export type Charge = Readonly<{
  tenantId: TenantId
  paymentId: string
  amount: string // decimal text, `75.00`
  currency: string
  source: PaymentSource
}>

export type ChargeOutcome =
  | Readonly<{ kind: 'succeeded'; reference: string }> // the provider's own name for it
  | Readonly<{ kind: 'failed'; code: string; message: string }>
  | Readonly<{ kind: 'processing' }> // ask again later with `find`

/**
 * Guaranteed: a payment id is charged at most once, however often it is asked for, and given back at most once.
 * An outcome other than `processing` never changes, but for being given back.
 *
 * Not guaranteed: an answer; a call may throw after the money has moved. `find` then tells.
 */
export interface PaymentProvider {
  /** `sandbox` for the one that moves no money. */
  readonly name: string
  charge(charge: Charge): Promise<ChargeOutcome>
  /** Undefined: the provider never heard of it. */
  find(tenantId: TenantId, paymentId: string): Promise<ChargeOutcome | undefined>
  /**
   * As `find`, and gives up one that the provider never heard of: a charge that comes later fails. In one step, so that
   * nobody pays for what was given up.
   */
  close(tenantId: TenantId, paymentId: string): Promise<ChargeOutcome | undefined>
  /** Gives back a payment that succeeded. */
  refund(tenantId: TenantId, paymentId: string): Promise<void>
}
