// What pets of the tests have been through, and the commands that they are given.
import type { PetEvent, PetStatus } from '../../src/events/pet.ts'
import { anIntake, aPetAdmitted, aPetProfile } from '../support/builders.ts'
import { TEST_TIME } from '../support/fixed-clock.ts'

export const occurredAt = TEST_TIME
export const order = { kind: 'order', id: 'o-1' } as const
export const otherOrder = { kind: 'order', id: 'o-2' } as const
export const adoption = { kind: 'adoption', id: 'o-1' } as const // the same id, another kind

export const admitted = aPetAdmitted()
export const heldBack = aPetAdmitted({ status: 'NOT_AVAILABLE' })
export const changed = (
  previousStatus: PetStatus,
  status: PetStatus,
  more: Partial<Extract<PetEvent, { type: 'pet.status_changed' }>['data']> = {},
): PetEvent => ({
  type: 'pet.status_changed',
  data: { previousStatus, status, reason: null, cause: null, ...more },
  occurredAt,
})
export const reserved = changed('AVAILABLE', 'PENDING', { reason: 'order placed', cause: order })
export const adopted: PetEvent = {
  type: 'pet.adopted',
  data: {
    previousStatus: 'PENDING',
    status: 'ADOPTED',
    reason: null,
    cause: order,
    adopterId: 'u-1',
    date: '2026-08-22',
  },
  occurredAt,
}
export const outcome: PetEvent = {
  type: 'pet.outcome_recorded',
  data: {
    previousStatus: 'AVAILABLE',
    status: 'NOT_AVAILABLE',
    reason: null,
    kind: 'TRANSFER_OUT',
    date: '2026-08-22',
    destination: 'Riverside Rescue',
  },
  occurredAt,
}
export const removed: PetEvent = {
  type: 'pet.removed',
  data: { previousStatus: 'AVAILABLE', reason: null },
  occurredAt,
}

export const admit = {
  type: 'admit',
  profile: aPetProfile(),
  status: 'AVAILABLE',
  intake: anIntake(),
  photos: [],
  occurredAt,
} as const
export const adopt = {
  type: 'adopt',
  cause: order,
  adopterId: 'u-1',
  date: '2026-08-22',
  reason: null,
  occurredAt,
} as const
export const recordOutcome = {
  type: 'record_outcome',
  kind: 'TRANSFER_OUT',
  date: '2026-08-22',
  destination: 'Riverside Rescue',
  reason: null,
  occurredAt,
} as const
export const returnIntake = anIntake({ kind: 'RETURN', date: '2026-08-22' })
export const giveBack = {
  type: 'return',
  status: 'AVAILABLE',
  intake: returnIntake,
  reason: 'allergy',
  occurredAt,
} as const
export const revise = { type: 'revise', changes: {}, occurredAt } as const
export const reserve = { type: 'reserve', cause: order, occurredAt } as const
export const release = { type: 'release', cause: order, occurredAt } as const
export const remove = { type: 'remove', reason: 'entered twice', occurredAt } as const
