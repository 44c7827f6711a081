// What a user is after the user's events: the fold that the decider and the read models share.
import { assertNever } from '../core/assert-never.ts'
import type { UserEvent, UserProfile } from './user.ts'

export type PresentUser = Readonly<{
  kind: 'present'
  profile: UserProfile
  scopes: readonly string[]
  createdAt: string
  updatedAt: string
}>
export type UserState =
  Readonly<{ kind: 'none' }> | PresentUser | Readonly<{ kind: 'deleted'; deletedAt: string }>

export const noUser: UserState = { kind: 'none' }

export const evolveUser = (state: UserState, event: UserEvent): UserState => {
  const { occurredAt } = event
  switch (event.type) {
    case 'user.registered': {
      const { profile, scopes } = event.data
      return { kind: 'present', profile, scopes, createdAt: occurredAt, updatedAt: occurredAt }
    }
    case 'user.updated': {
      if (state.kind !== 'present') return state
      // Decided and stored changes hold no undefined members: an absent field keeps its value.
      const changes = event.data.changes as Partial<UserProfile>
      return { ...state, profile: { ...state.profile, ...changes }, updatedAt: occurredAt }
    }
    case 'user.deleted':
      return { kind: 'deleted', deletedAt: occurredAt }
    default:
      return assertNever(event)
  }
}
