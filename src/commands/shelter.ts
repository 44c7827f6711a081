// What may be done with a shelter, and what comes of it.
import { assertNever } from '../core/assert-never.ts'
import { accept, type Decider, type Decision, type Rejection } from '../core/decider.ts'
import {
  evolveShelter,
  noShelter,
  type PresentShelter,
  type ShelterState,
} from '../events/shelter-state.ts'
import type { ShelterEvent, ShelterProfile } from '../events/shelter.ts'
import { changedFields, type Partially, sameJson } from './changes.ts'
import type { Aggregate } from './handle.ts'
import { refuse, type ShelterRejectionCode } from './rejections.ts'

type Command<Type extends string, Input> = Readonly<{ type: Type; occurredAt: string } & Input>

type Register = Command<'register', { profile: ShelterProfile }>
type Update = Command<'update', { changes: Partially<ShelterProfile> }>
/** `petsInCare`: how many pets of this shelter are in care. Their own streams say so, not this one. */
type Remove = Command<'remove', { reason: string | null; petsInCare: number }>

export type ShelterCommand = Register | Update | Remove

type ShelterDecision = Decision<ShelterEvent, Rejection<ShelterRejectionCode>>

const decide = (command: ShelterCommand, state: ShelterState): ShelterDecision => {
  if (state.kind === 'removed') {
    return command.type === 'remove' ? accept() : refuse('shelter_not_found')
  }
  if (command.type === 'register') return register(command, state)
  if (state.kind === 'none') return refuse('shelter_not_found')
  switch (command.type) {
    case 'update':
      return update(command, state)
    case 'remove':
      return remove(command)
    default:
      return assertNever(command)
  }
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

const register = (
  { profile, occurredAt }: Register,
  state: Exclude<ShelterState, { kind: 'removed' }>,
): ShelterDecision => {
  if (state.kind === 'none') {
    return accept({ type: 'shelter.registered', data: { profile }, occurredAt })
  }
  return sameJson(state.profile, profile) ? accept() : refuse('shelter_already_registered')
}

const update = ({ changes, occurredAt }: Update, shelter: PresentShelter): ShelterDecision => {
  const changed = changedFields(shelter.profile, changes)
  if (changed === undefined) return accept()
  return accept({ type: 'shelter.updated', data: { changes: changed }, occurredAt })
}

const remove = ({ reason, petsInCare, occurredAt }: Remove): ShelterDecision =>
  petsInCare > 0
    ? refuse('shelter_has_pets')
    : accept({ type: 'shelter.removed', data: { reason }, occurredAt })
