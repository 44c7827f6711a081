// What may be done with a shelter, and what comes of it.
import { accept, type Decider, type Decision, type Rejection } from '../core/decider.ts'
import { evolveShelter, noShelter, type ShelterState } from '../events/shelter-state.ts'
import type { ShelterEvent, ShelterProfile } from '../events/shelter.ts'
import { changedFields, type Partially, sameJson } from './changes.ts'
import type { Aggregate } from './handle.ts'
import { refuse, type ShelterRejectionCode } from './rejections.ts'

export type ShelterCommand = Readonly<{ occurredAt: string }> &
  (
    | Readonly<{ type: 'register'; profile: ShelterProfile }>
    | Readonly<{ type: 'update'; changes: Partially<ShelterProfile> }>
  )

type ShelterDecision = Decision<ShelterEvent, Rejection<ShelterRejectionCode>>

const decide = (command: ShelterCommand, state: ShelterState): ShelterDecision => {
  const { occurredAt } = command
  if (command.type === 'register') {
    const { profile } = command
    if (state.kind === 'none') {
      return accept({ type: 'shelter.registered', data: { profile }, occurredAt })
    }
    return sameJson(state.profile, profile) ? accept() : refuse('shelter_already_registered')
  }
  if (state.kind === 'none') return refuse('shelter_not_found')
  const changes = changedFields(state.profile, command.changes)
  if (changes === undefined) return accept()
  return accept({ type: 'shelter.updated', data: { changes }, occurredAt })
}

export const shelterDecider = {
  initialState: noShelter,
  decide,
  evolve: evolveShelter,
} satisfies Decider<ShelterCommand, ShelterState, ShelterEvent, Rejection<ShelterRejectionCode>>

export const shelterAggregate = {
  category: 'shelter',
  decider: shelterDecider,
  creates: (command) => command.type === 'register',
  exists: (state) => state.kind === 'present',
} satisfies Aggregate<ShelterCommand, ShelterState, ShelterEvent, Rejection<ShelterRejectionCode>>
