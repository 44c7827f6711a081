// The built-in payment provider. It moves no money: what comes of a payment is told by the number that it is made with.
// Its memory is bounded and ends with the process; a payment that it has forgotten was never received.
import type { Clock } from '../../core/clock.ts'
import type { TenantId } from '../../core/ids.ts'
import { oldestFirst } from '../../core/oldest-first.ts'
import type {
  CardSource,
  Charge,
  ChargeOutcome,
  PaymentProvider,
  PaymentSource,
} from '../../core/payments.ts'
import {
  EXPIRED_CARD,
  type SandboxResult,
  TEST_ACCOUNTS,
  TEST_CARDS,
  TEST_NUMBERS_ONLY,
} from './test-numbers.ts'

export type SandboxPaymentsOptions = Readonly<{
  clock: Clock
  /** How long a payment stays `processing` that is settled later. */
  settleAfterMs?: number
  maxPayments?: number
}>

const SETTLE_AFTER_MS = 5_000
const MAX_PAYMENTS = 10_000

const GIVEN_UP: ChargeOutcome = {
  kind: 'failed',
  code: 'not_received',
  message: 'The payment came too late: it had been given up.',
}

type Payment = Readonly<{ outcome: ChargeOutcome; settledAtMs: number }>

export const createSandboxPayments = (options: SandboxPaymentsOptions): PaymentProvider => {
  const { clock, settleAfterMs = SETTLE_AFTER_MS, maxPayments = MAX_PAYMENTS } = options
  const payments = new Map<string, Payment>()
  const takeOldest = oldestFirst(payments)

  const outcomeOf = ({ outcome, settledAtMs }: Payment): ChargeOutcome =>
    clock() < settledAtMs ? { kind: 'processing' } : outcome

  const remember = (key: string, payment: Payment): void => {
    payments.set(key, payment)
    while (payments.size > maxPayments) takeOldest()
  }

  return {
    name: 'sandbox',
    charge: async (charge) => {
      const key = keyOf(charge.tenantId, charge.paymentId)
      const known = payments.get(key)
      if (known !== undefined) return outcomeOf(known)
      const result = resultFor(charge.source, clock())
      const payment = {
        outcome: finalOutcome(charge, result),
        settledAtMs: isLater(result) ? clock() + settleAfterMs : 0,
      }
      remember(key, payment)
      if (result.kind === 'answer_lost') throw new Error('the answer of the sandbox was lost')
      return outcomeOf(payment)
    },
    find: async (tenantId, paymentId) => {
      const known = payments.get(keyOf(tenantId, paymentId))
      return known === undefined || known.outcome === GIVEN_UP ? undefined : outcomeOf(known)
    },
    close: async (tenantId, paymentId) => {
      const key = keyOf(tenantId, paymentId)
      const known = payments.get(key)
      if (known !== undefined && known.outcome !== GIVEN_UP) return outcomeOf(known)
      remember(key, { outcome: GIVEN_UP, settledAtMs: 0 })
      return undefined
    },
    refund: async (tenantId, paymentId) => {
      const known = payments.get(keyOf(tenantId, paymentId))
      // Forgotten, with the process perhaps: no money was moved, so that none has to come back.
      if (known !== undefined && outcomeOf(known).kind !== 'succeeded') {
        throw new Error('only a payment that succeeded can be given back')
      }
    },
  }
}

const keyOf = (tenantId: TenantId, paymentId: string): string => `${tenantId} ${paymentId}`

const isLater = ({ kind }: SandboxResult): boolean =>
  kind === 'succeeds_later' || kind === 'fails_later'

const finalOutcome = ({ paymentId }: Charge, result: SandboxResult): ChargeOutcome => {
  if (!('code' in result)) return { kind: 'succeeded', reference: `sandbox_${paymentId}` }
  return { kind: 'failed', code: result.code, message: result.message }
}

const CARD_RESULTS = new Map(TEST_CARDS.map(({ number, result }) => [number, result] as const))
const ACCOUNT_RESULTS = new Map(
  TEST_ACCOUNTS.map(({ number, result }) => [number, result] as const),
)

const resultFor = (source: PaymentSource, nowMs: number): SandboxResult => {
  if (source.object === 'bank_account') {
    return ACCOUNT_RESULTS.get(source.accountNumber) ?? TEST_NUMBERS_ONLY
  }
  const result = CARD_RESULTS.get(source.number)
  if (result === undefined) return TEST_NUMBERS_ONLY
  return isExpired(source, nowMs) ? EXPIRED_CARD : result
}

/** A card is good to the end of the month that is printed on it, in UTC here. */
const isExpired = ({ expYear, expMonth }: CardSource, nowMs: number): boolean =>
  nowMs >= Date.UTC(expYear, expMonth)
