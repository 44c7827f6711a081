// What a user is after the user's events: the fold that the decider and the read models share.
import type { UserEvent, UserProfile } from './user.ts'

export type PresentUser = Readonly<{
  kind: 'present'
  profile: UserProfile
  scopes: readonly string[]
  createdAt: string
  updatedAt: string
}>
export type UserState = Readonly<{ kind: 'none' }> | PresentUser

export const noUser: UserState = { kind: 'none' }

export const evolveUser = (_state: UserState, event: UserEvent): UserState => {
  const { profile, scopes } = event.data
  const { occurredAt } = event
  return { kind: 'present', profile, scopes, createdAt: occurredAt, updatedAt: occurredAt }
}
