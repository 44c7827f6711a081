// What a shelter is after its events: the fold that the decider and the read models share.
import { assertNever } from '../core/assert-never.ts'
import type { ShelterEvent, ShelterProfile } from './shelter.ts'

export type PresentShelter = Readonly<{
  kind: 'present'
  profile: ShelterProfile
  createdAt: string
  updatedAt: string
}>
export type ShelterState =
  | Readonly<{ kind: 'none' }>
  | PresentShelter
  | Readonly<{ kind: 'removed'; last: PresentShelter; removedAt: string }>

export const noShelter: ShelterState = { kind: 'none' }

export const evolveShelter = (state: ShelterState, event: ShelterEvent): ShelterState => {
  const { occurredAt } = event
  switch (event.type) {
    case 'shelter.registered': {
      if (state.kind === 'removed') return state
      const { profile } = event.data
      return { kind: 'present', profile, createdAt: occurredAt, updatedAt: occurredAt }
    }
    case 'shelter.updated': {
      if (state.kind !== 'present') return state
      // Decided and stored changes hold no undefined members: an absent field keeps its value.
      const changes = event.data.changes as Partial<ShelterProfile>
      return { ...state, profile: { ...state.profile, ...changes }, updatedAt: occurredAt }
    }
    case 'shelter.removed':
      if (state.kind !== 'present') return state
      return { kind: 'removed', last: state, removedAt: occurredAt }
    default:
      return assertNever(event)
  }
}
