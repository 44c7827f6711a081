// A pet's reservation: made for one order or adoption, given back, or passed on to the next in line
// without the pet being available in between.
import { accept, type Decision, type Rejection } from '../core/decider.ts'
import type { PresentPet, ReservationCause } from '../events/pet-state.ts'
import type { PetEvent, PetStatus } from '../events/pet.ts'
import { sameJson } from './changes.ts'
import { type PetRejectionCode, refuse } from './rejections.ts'

export type PetDecision = Decision<PetEvent, Rejection<PetRejectionCode>>

export type Reservation = Readonly<{ cause: ReservationCause; reason?: string | undefined }>
export type PassedOn = Readonly<{ from: ReservationCause; to: ReservationCause }>
type At = Readonly<{ occurredAt: string }>

const RESERVATION_REASONS = { order: 'order placed', adoption: 'application received' } as const

export const reserve = (command: Reservation & At, pet: PresentPet): PetDecision => {
  const { cause, reason, occurredAt } = command
  if (isReservedFor(pet, cause)) return accept()
  if (pet.status !== 'AVAILABLE') return refuse('pet_not_available')
  if (hasFulfilled(pet, cause)) return refuse('reservation_fulfilled')
  const why = reason ?? RESERVATION_REASONS[cause.kind]
  return accept(statusChanged(pet, { status: 'PENDING', reason: why, cause, occurredAt }))
}

export const release = (command: Reservation & At, pet: PresentPet): PetDecision => {
  const { cause, reason, occurredAt } = command
  if (pet.status === 'AVAILABLE') return accept()
  if (!isReservedFor(pet, cause)) return refuse('not_reserved_for_this')
  const why = reason ?? 'reservation released'
  return accept(statusChanged(pet, { status: 'AVAILABLE', reason: why, cause, occurredAt }))
}

export const passOn = ({ from, to, occurredAt }: PassedOn & At, pet: PresentPet): PetDecision => {
  if (isReservedFor(pet, to)) return accept()
  if (!isReservedFor(pet, from)) return refuse('not_reserved_for_this')
  if (hasFulfilled(pet, to)) return refuse('reservation_fulfilled')
  const reason = 'reservation passed on'
  return accept(statusChanged(pet, { status: 'PENDING', reason, cause: to, occurredAt }))
}

/**
 * A promise that was kept is over: who was read to be waiting may have had the pet, and brought it
 * back, since then.
 */
const hasFulfilled = (pet: PresentPet, cause: ReservationCause): boolean =>
  pet.fulfilled.some((each) => sameJson(each, cause))

export const isReservedFor = (pet: PresentPet, cause: ReservationCause | null): boolean =>
  pet.status === 'PENDING' && cause !== null && sameJson(pet.reservedFor, cause)

type StatusChange = Readonly<{
  status: PetStatus
  reason: string | null
  cause: ReservationCause | null
  occurredAt: string
}>

export const statusChanged = (pet: PresentPet, change: StatusChange): PetEvent => {
  const { occurredAt, ...data } = change
  return { type: 'pet.status_changed', data: { previousStatus: pet.status, ...data }, occurredAt }
}
