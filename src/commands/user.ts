// What may be done with a user. That a username belongs to one user is the credential store's
// promise, not this stream's.
import { assertNever } from '../core/assert-never.ts'
import { accept, type Decider, type Decision, type Rejection } from '../core/decider.ts'
import { evolveUser, noUser, type PresentUser, type UserState } from '../events/user-state.ts'
import type { UserEvent, UserProfile } from '../events/user.ts'
import { changedFields, type Partially, sameJson, withFields } from './changes.ts'
import type { Aggregate } from './handle.ts'
import { refuse, type UserRejectionCode } from './rejections.ts'

type Preferences = NonNullable<UserProfile['preferences']>

/** What is left out stays, down to the single preference. Null: not said. */
export type UserChanges = Partially<Omit<UserProfile, 'preferences'>> &
  Readonly<{ preferences?: Partially<Preferences> | null | undefined }>

type Command<Type extends string, Input> = Readonly<{ type: Type; occurredAt: string } & Input>

type Register = Command<'register', { profile: UserProfile; scopes: readonly string[] }>
type Update = Command<'update', { changes: UserChanges }>
type Delete = Command<'delete', { reason: string | null }>

export type UserCommand = Register | Update | Delete

type UserDecision = Decision<UserEvent, Rejection<UserRejectionCode>>

const decide = (command: UserCommand, state: UserState): UserDecision => {
  if (state.kind === 'deleted') return command.type === 'delete' ? accept() : refuse('user_deleted')
  if (command.type === 'register') return register(command, state)
  if (state.kind === 'none') return refuse('user_not_found')
  switch (command.type) {
    case 'update':
      return update(command, state)
    case 'delete': {
      const { reason, occurredAt } = command
      return accept({ type: 'user.deleted', data: { reason }, occurredAt })
    }
    default:
      return assertNever(command)
  }
}

export const userDecider = {
  initialState: noUser,
  decide,
  evolve: evolveUser,
} satisfies Decider<UserCommand, UserState, UserEvent, Rejection<UserRejectionCode>>

export const userAggregate = {
  category: 'user',
  decider: userDecider,
  creates: (command) => command.type === 'register',
  exists: (state) => state.kind === 'present',
} satisfies Aggregate<UserCommand, UserState, UserEvent, Rejection<UserRejectionCode>>

const register = (
  command: Register,
  state: Exclude<UserState, { kind: 'deleted' }>,
): UserDecision => {
  const { profile, occurredAt } = command
  const scopes = [...command.scopes]
  if (state.kind === 'none') {
    return accept({ type: 'user.registered', data: { profile, scopes }, occurredAt })
  }
  const isSame = sameJson(state.profile, profile) && sameJson(state.scopes, scopes)
  return isSame ? accept() : refuse('user_already_registered')
}

const update = ({ changes, occurredAt }: Update, user: PresentUser): UserDecision => {
  const changed = changedFields(user.profile, wantedFields(user.profile, changes))
  if (changed === undefined) return accept()
  return accept({ type: 'user.updated', data: { changes: changed }, occurredAt })
}

const NO_PREFERENCES: Preferences = { newsletter: false, notifications: false }

const wantedFields = (
  profile: UserProfile,
  { preferences, ...others }: UserChanges,
): Partially<UserProfile> => {
  if (preferences === undefined || preferences === null) return { ...others, preferences }
  const before = profile.preferences ?? NO_PREFERENCES
  return { ...others, preferences: withFields(before, preferences) }
}
