// The policies of this build. Each runs for itself, with a checkpoint of its own.
import { approvePaidOrders } from './approve-paid-orders.ts'
import { completePets } from './complete-pets.ts'
import { createOrphanedReservations } from './orphaned-reservations.ts'
import type { Policy } from './policy.ts'
import { refunds } from './refunds.ts'
import { releaseReservations } from './release-reservations.ts'
import { createSettlePayments } from './settle-payments.ts'
import { waitingLists } from './waiting-lists.ts'

/** `delayMs`: how long orders, applications and payments may take to be stored before somebody looks after them. */
export const createPolicies = (options: Readonly<{ delayMs: number }>): readonly Policy[] => [
  approvePaidOrders,
  completePets,
  releaseReservations,
  waitingLists,
  createOrphanedReservations(options),
  createSettlePayments(options),
  refunds,
]
