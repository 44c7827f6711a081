// What may be done with a pet, and what comes of it. The pet's stream is where two buyers meet:
// exactly one reservation wins. Every command is safe to repeat: decided on its own result it
// records nothing more.
import { assertNever } from '../core/assert-never.ts'
import { accept, type Decider, type Rejection } from '../core/decider.ts'
import {
  evolvePet,
  noPet,
  type PetIntake,
  type PetOutcome,
  type PetState,
  type PresentPet,
  type ReservationCause,
} from '../events/pet-state.ts'
import type { PetEvent, PetPhoto, PetProfile, PetStatus } from '../events/pet.ts'
import { isFutureDay } from './calendar.ts'
import { changedFields, sameJson } from './changes.ts'
import type { Aggregate } from './handle.ts'
import { normaliseMoney } from './money.ts'
import { type PetChanges, wantedFields } from './pet-changes.ts'
import {
  isReservedFor,
  type PassedOn,
  passOn,
  type PetDecision,
  release,
  type Reservation,
  reserve,
  statusChanged,
} from './pet-reservations.ts'
import { type PetRejectionCode, refuse } from './rejections.ts'

export const MAX_PHOTOS = 50

type Command<Type extends string, Input> = Readonly<{ type: Type; occurredAt: string } & Input>

type Admit = Command<
  'admit',
  { profile: PetProfile; status: StaffStatus; intake: PetIntake; photos: readonly PetPhoto[] }
>
type Revise = Command<
  'revise',
  {
    changes: PetChanges
    status?: PetStatus | undefined
    photos?: readonly PetPhoto[] | undefined // new ones are added; none is taken away
    reason?: string | undefined // of the status
  }
>
type ChangeStatus = Command<'change_status', { status: PetStatus; reason: string | null }>
type Reserve = Command<'reserve', Reservation>
type Release = Command<'release', Reservation>
type PassOn = Command<'pass_on', PassedOn>
/** Without a cause: an available pet is adopted over the counter. */
type Adopt = Command<
  'adopt',
  { cause: ReservationCause | null; adopterId: string | null; date: string; reason: string | null }
>
type RecordOutcome = Command<
  'record_outcome',
  {
    kind: Exclude<PetOutcome['kind'], 'ADOPTION'>
    date: string
    destination: string | null
    reason: string | null
  }
>
type Return = Command<'return', { status: StaffStatus; intake: PetIntake; reason: string | null }>
type AddPhoto = Command<'add_photo', { photo: PetPhoto; description: string | null }>
type Remove = Command<'remove', { reason: string | null }>

/** What staff may set by hand. */
type StaffStatus = Extract<PetStatus, 'AVAILABLE' | 'NOT_AVAILABLE'>

export type PetCommand =
  | Admit
  | Revise
  | ChangeStatus
  | Reserve
  | Release
  | PassOn
  | Adopt
  | RecordOutcome
  | Return
  | AddPhoto
  | Remove

const decide = (command: PetCommand, state: PetState): PetDecision => {
  if (state.kind === 'removed') return command.type === 'remove' ? accept() : refuse('pet_removed')
  if (command.type === 'admit') return admit(command, state)
  if (state.kind === 'none') return refuse('pet_not_found')
  switch (command.type) {
    case 'revise':
      return revise(command, state)
    case 'change_status':
      return changeStatus(command, state)
    case 'reserve':
      return reserve(command, state)
    case 'release':
      return release(command, state)
    case 'pass_on':
      return passOn(command, state)
    case 'adopt':
      return adopt(command, state)
    case 'record_outcome':
      return recordOutcome(command, state)
    case 'return':
      return returnToCare(command, state)
    case 'add_photo':
      return addPhotos({ ...command, photos: [command.photo] }, state)
    case 'remove':
      return remove(command, state)
    default:
      return assertNever(command)
  }
}

export const petDecider = {
  initialState: noPet,
  decide,
  evolve: evolvePet,
} satisfies Decider<PetCommand, PetState, PetEvent, Rejection<PetRejectionCode>>

export const petAggregate = {
  category: 'pet',
  decider: petDecider,
  creates: (command) => command.type === 'admit',
  exists: (state) => state.kind === 'present',
} satisfies Aggregate<PetCommand, PetState, PetEvent, Rejection<PetRejectionCode>>

const admit = (command: Admit, state: Exclude<PetState, { kind: 'removed' }>): PetDecision => {
  const { status, intake, occurredAt } = command
  const data = {
    profile: normalised(command.profile),
    status,
    intake,
    photos: distinct(command.photos),
  }
  if (state.kind === 'present') {
    const { profile, photos } = state
    const current = { profile, status: state.status, intake: state.intake, photos }
    return sameJson(current, data) ? accept() : refuse('pet_already_admitted')
  }
  if (isFutureDay(intake.date, occurredAt))
    return refuse('date_in_future', { field: 'intake.date' })
  if (isFutureDay(data.profile.intakeDate, occurredAt)) {
    return refuse('date_in_future', { field: 'intakeDate' })
  }
  if (data.photos.length > MAX_PHOTOS) return refuse('photo_limit_reached', { field: 'photos' })
  return accept({ type: 'pet.admitted', data, occurredAt })
}

const revise = (command: Revise, pet: PresentPet): PetDecision => {
  const { status = pet.status, photos = [], reason = null, occurredAt } = command
  const { intakeDate } = command.changes
  if (intakeDate !== undefined && isFutureDay(intakeDate, occurredAt)) {
    return refuse('date_in_future', { field: 'intakeDate' })
  }
  const statusChange = changeStatus({ status, reason, occurredAt }, pet)
  if (statusChange.kind === 'rejected') return statusChange
  const photosAdded = addPhotos({ photos, description: null, occurredAt }, pet)
  if (photosAdded.kind === 'rejected') return photosAdded

  const changes = changedFields(pet.profile, wantedFields(pet.profile, command.changes))
  const updated: readonly PetEvent[] =
    changes === undefined ? [] : [{ type: 'pet.updated', data: { changes }, occurredAt }]
  return accept(...updated, ...statusChange.events, ...photosAdded.events)
}

/**
 * By hand, staff hold a pet back and make it available again; every other change has a command of
 * its own.
 */
const changeStatus = (command: Omit<ChangeStatus, 'type'>, pet: PresentPet): PetDecision => {
  const { status, reason, occurredAt } = command
  const from = pet.status
  if (status === from) return accept()
  const isByHand =
    (from === 'AVAILABLE' && status === 'NOT_AVAILABLE') ||
    (from === 'NOT_AVAILABLE' && status === 'AVAILABLE')
  if (!isByHand) {
    const detail = `The status cannot be changed by hand from ${from} to ${status}.`
    return refuse('invalid_status_transition', { detail, field: 'status' })
  }
  if (!pet.inCare) return refuse('pet_not_in_care', { field: 'status' })
  return accept(statusChanged(pet, { status, reason, cause: null, occurredAt }))
}

const adopt = (command: Adopt, pet: PresentPet): PetDecision => {
  const { cause, adopterId, date, reason, occurredAt } = command
  if (pet.outcome?.kind === 'ADOPTION' && sameJson(pet.outcome.cause, cause)) return accept()
  if (pet.status === 'PENDING' && !isReservedFor(pet, cause)) return refuse('not_reserved_for_this')
  if (pet.status !== 'PENDING') {
    if (pet.status !== 'AVAILABLE') return refuse('pet_not_available')
    if (cause !== null) return refuse('not_reserved_for_this')
  }
  if (isFutureDay(date, occurredAt)) return refuse('date_in_future', { field: 'date' })
  const change = { previousStatus: pet.status, status: 'ADOPTED', reason, cause } as const
  return accept({ type: 'pet.adopted', data: { ...change, adopterId, date }, occurredAt })
}

const recordOutcome = (command: RecordOutcome, pet: PresentPet): PetDecision => {
  const { kind, date, destination, reason, occurredAt } = command
  if (pet.outcome?.kind === kind && pet.outcome.date === date) return accept()
  if (!pet.inCare) return refuse('pet_not_in_care')
  if (pet.status === 'PENDING') return refuse('pet_reserved')
  if (isFutureDay(date, occurredAt)) return refuse('date_in_future', { field: 'date' })
  const change = { previousStatus: pet.status, status: 'NOT_AVAILABLE', reason } as const
  return accept({
    type: 'pet.outcome_recorded',
    data: { ...change, kind, date, destination },
    occurredAt,
  })
}

const returnToCare = (command: Return, pet: PresentPet): PetDecision => {
  const { status, intake, reason, occurredAt } = command
  if (intake.kind !== 'RETURN') return refuse('intake_kind_not_return', { field: 'intake.kind' })
  if (pet.inCare && pet.status === status && sameJson(pet.intake, intake)) return accept()
  if (pet.status !== 'ADOPTED') return refuse('pet_not_adopted')
  if (isFutureDay(intake.date, occurredAt))
    return refuse('date_in_future', { field: 'intake.date' })
  const change = { previousStatus: pet.status, status, reason }
  return accept({ type: 'pet.returned', data: { ...change, intake }, occurredAt })
}

type Photos = Readonly<{
  photos: readonly PetPhoto[]
  description: string | null
  occurredAt: string
}>

const addPhotos = ({ photos, description, occurredAt }: Photos, pet: PresentPet): PetDecision => {
  const all = distinct([...pet.photos, ...photos])
  const known = distinct(pet.photos).length
  if (all.length > known && pet.photos.length + all.length - known > MAX_PHOTOS) {
    return refuse('photo_limit_reached', { field: 'photos' })
  }
  return accept(
    ...all.slice(known).map((photo): PetEvent => {
      return { type: 'pet.photo_added', data: { photo, description }, occurredAt }
    }),
  )
}

const remove = ({ reason, occurredAt }: Remove, pet: PresentPet): PetDecision => {
  if (pet.status === 'PENDING') return refuse('pet_reserved')
  return accept({
    type: 'pet.removed',
    data: { previousStatus: pet.status, reason },
    occurredAt,
  })
}

const normalised = (profile: PetProfile): PetProfile => ({
  ...profile,
  price: normaliseMoney(profile.price),
})

const distinct = (photos: readonly PetPhoto[]): PetPhoto[] => {
  const byContent = new Map(photos.map((photo) => [contentOf(photo), photo]))
  return [...byContent.values()]
}

/** Two photos are one when their addresses are; a blob's name is the hash of its bytes. */
const contentOf = (photo: PetPhoto): string =>
  photo.kind === 'url' ? `url ${photo.url}` : `blob ${photo.name}`
