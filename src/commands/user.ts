// What may be done with a user. That a username belongs to one user is the credential store's
// promise, not this stream's.
import { accept, type Decider, type Decision, type Rejection } from '../core/decider.ts'
import { evolveUser, noUser, type UserState } from '../events/user-state.ts'
import type { UserEvent, UserProfile } from '../events/user.ts'
import { sameJson } from './changes.ts'
import type { Aggregate } from './handle.ts'
import { refuse, type UserRejectionCode } from './rejections.ts'

export type UserCommand = Readonly<{
  type: 'register'
  occurredAt: string
  profile: UserProfile
  scopes: readonly string[]
}>

type UserDecision = Decision<UserEvent, Rejection<UserRejectionCode>>

const decide = (command: UserCommand, state: UserState): UserDecision => {
  const { profile, occurredAt } = command
  const scopes = [...command.scopes]
  if (state.kind === 'none') {
    return accept({ type: 'user.registered', data: { profile, scopes }, occurredAt })
  }
  const isSame = sameJson(state.profile, profile) && sameJson(state.scopes, scopes)
  return isSame ? accept() : refuse('user_already_registered')
}

export const userDecider = {
  initialState: noUser,
  decide,
  evolve: evolveUser,
} satisfies Decider<UserCommand, UserState, UserEvent, Rejection<UserRejectionCode>>

export const userAggregate = {
  category: 'user',
  decider: userDecider,
  creates: () => true,
  exists: (state) => state.kind === 'present',
} satisfies Aggregate<UserCommand, UserState, UserEvent, Rejection<UserRejectionCode>>
