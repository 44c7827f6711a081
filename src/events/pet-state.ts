// What a pet is after its events: the one fold that the decider, the read models and the history
// share.
import { assertNever } from '../core/assert-never.ts'
import type { z } from 'zod'
import type {
  intakeSchema,
  outcomeKindSchema,
  PetEvent,
  PetPhoto,
  PetProfile,
  PetStatus,
} from './pet.ts'

export type PetIntake = z.infer<typeof intakeSchema>
export type ReservationCause = Readonly<{ kind: 'order' | 'adoption'; id: string }>

/**
 * How a pet left care. `cause`: the order or adoption that was completed; null over the counter.
 */
export type PetOutcome = Readonly<{
  kind: 'ADOPTION' | z.infer<typeof outcomeKindSchema>
  date: string
  cause: ReservationCause | null
}>

/**
 * `inCare` is false once an outcome or an adoption took the pet out of the inventory, until it is
 * returned.
 */
export type PresentPet = Readonly<{
  kind: 'present'
  profile: PetProfile
  status: PetStatus
  reservedFor: ReservationCause | null // set while PENDING
  fulfilled: readonly ReservationCause[] // by which it was adopted, once or again
  inCare: boolean
  outcome: PetOutcome | null // null while in care
  intake: PetIntake // the newest
  photos: readonly PetPhoto[]
  createdAt: string
  updatedAt: string
}>

export type PetState =
  | Readonly<{ kind: 'none' }>
  | PresentPet
  | Readonly<{ kind: 'removed'; last: PresentPet; removedAt: string }>

export const noPet: PetState = { kind: 'none' }

export const evolvePet = (state: PetState, event: PetEvent): PetState => {
  if (event.type === 'pet.admitted') {
    const { profile, status, intake, photos } = event.data
    return {
      kind: 'present',
      profile,
      status,
      intake,
      photos,
      reservedFor: null,
      fulfilled: [],
      inCare: true,
      outcome: null,
      createdAt: event.occurredAt,
      updatedAt: event.occurredAt,
    }
  }
  if (state.kind !== 'present') return state
  const pet = { ...state, updatedAt: event.occurredAt }
  switch (event.type) {
    case 'pet.updated':
      return { ...pet, profile: withChanges(pet.profile, event.data.changes) }
    case 'pet.status_changed': {
      const { status, cause } = event.data
      return { ...pet, status, reservedFor: status === 'PENDING' ? cause : null }
    }
    case 'pet.adopted': {
      const { date, cause } = event.data
      const fulfilled = cause === null ? pet.fulfilled : [...pet.fulfilled, cause]
      return left({ ...pet, fulfilled }, 'ADOPTED', { kind: 'ADOPTION', date, cause })
    }
    case 'pet.outcome_recorded':
      return left(pet, 'NOT_AVAILABLE', {
        kind: event.data.kind,
        date: event.data.date,
        cause: null,
      })
    case 'pet.returned': {
      const { status, intake } = event.data
      return { ...pet, status, intake, reservedFor: null, inCare: true, outcome: null }
    }
    case 'pet.photo_added':
      return { ...pet, photos: [...pet.photos, event.data.photo] }
    case 'pet.removed':
      return { kind: 'removed', last: state, removedAt: event.occurredAt }
    default:
      return assertNever(event)
  }
}

const left = (pet: PresentPet, status: PetStatus, outcome: PetOutcome): PresentPet => ({
  ...pet,
  status,
  outcome,
  reservedFor: null,
  inCare: false,
})

type Changes = { [Field in keyof PetProfile]?: PetProfile[Field] | undefined }

/** Absent fields keep their value; null is a value. */
const withChanges = (profile: PetProfile, changes: Changes): PetProfile => ({
  ...profile,
  ...(changes as Partial<PetProfile>),
})
