// The sandbox as an outside system of the simulation: it outlives our processes, sometimes answers with an error
// after the money has moved, and keeps books that can be compared with the log.
import { createSandboxPayments } from '../../src/adapters/sandbox-payments/provider.ts'
import type { Clock } from '../../src/core/clock.ts'
import type { TenantId } from '../../src/core/ids.ts'
import type { PaymentProvider } from '../../src/core/payments.ts'

/** `taken`: money was charged; `given back`: and came back. */
export type Entry = 'none' | 'taken' | 'given back'

export type SimulatedProvider = PaymentProvider &
  Readonly<{ books(): Promise<ReadonlyMap<string, Entry>> }>

export const createSimulatedProvider = (
  options: Readonly<{ clock: Clock; isFaulty: () => boolean }>,
): SimulatedProvider => {
  const { clock, isFaulty } = options
  const sandbox = createSandboxPayments({ clock, settleAfterMs: SETTLE_AFTER_MS })
  const charged = new Map<string, TenantId>()
  const refunded = new Set<string>()
  const maybeFail = (): void => {
    if (isFaulty()) throw new Error('the line to the provider broke')
  }
  return {
    name: 'sandbox',
    charge: async (charge) => {
      maybeFail()
      charged.set(charge.paymentId, charge.tenantId)
      const outcome = await sandbox.charge(charge)
      maybeFail()
      return outcome
    },
    find: async (tenantId, paymentId) => {
      maybeFail()
      return sandbox.find(tenantId, paymentId)
    },
    close: async (tenantId, paymentId) => {
      maybeFail()
      const outcome = await sandbox.close(tenantId, paymentId)
      maybeFail()
      return outcome
    },
    refund: async (tenantId, paymentId) => {
      maybeFail()
      await sandbox.refund(tenantId, paymentId)
      refunded.add(paymentId)
      maybeFail()
    },
    books: async () => {
      const books = new Map<string, Entry>()
      for (const [paymentId, tenantId] of charged) {
        const isTaken = (await sandbox.find(tenantId, paymentId))?.kind === 'succeeded'
        const entry = isTaken ? (refunded.has(paymentId) ? 'given back' : 'taken') : 'none'
        books.set(paymentId, entry)
      }
      return books
    },
  }
}

const SETTLE_AFTER_MS = 45_000
