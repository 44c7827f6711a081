// Users: their events in the log, and beside it what they sign in with. A name is reserved before
// the log says that it is the user's, and confirmed after. A crash in between is healed when
// somebody asks for the name, and when the user's command comes again: the log is right, and the
// credentials follow it.
import type { Application } from '../application.ts'
import type { CommandHandler } from '../commands/handle.ts'
import { REJECTIONS, type RejectionCode } from '../commands/rejections.ts'
import { userAggregate, type UserCommand } from '../commands/user.ts'
import {
  ADOPTER_SCOPES,
  type Credential,
  type CredentialStore,
  type PasswordHasher,
  type RefreshTokenStore,
} from '../core/auth.ts'
import { type Clock, toTimestamp } from '../core/clock.ts'
import type { CommandContext, CommandResult } from '../core/command.ts'
import type { EventStore } from '../core/event-store.ts'
import type { Version } from '../core/event.ts'
import type { IdGenerator, TenantId } from '../core/ids.ts'
import { usernameKey } from '../core/username.ts'
import type { UserEvent, UserProfile } from '../events/user.ts'
import { evolveUser, noUser, type PresentUser, type UserState } from '../events/user-state.ts'
import { onlyPresent } from './present.ts'
import { readState } from './read-state.ts'
import { createTurns } from './turns.ts'

export type UsersOptions = Readonly<{
  handler: CommandHandler
  eventStore: EventStore
  credentials: CredentialStore
  refreshTokens: RefreshTokenStore
  passwords: PasswordHasher
  clock: Clock
  ids: IdGenerator
}>

type Users = Application['users']
type UserResult = CommandResult<PresentUser>

export const createUsers = (options: UsersOptions): Users => {
  const inTurn = createTurns()
  return {
    register: (context, input) => register(options, context, input),
    // Two changes of one user's name or password would each be made on what the other is about to change.
    update: (context, userId, input) =>
      inTurn(`${context.tenantId} ${userId}`, () => update(options, context, { userId, ...input })),
    remove: async (context, userId, { reason }) => {
      const result = await run(options, context, userId, { type: 'delete', reason })
      const isGone =
        result.kind === 'done' ||
        (result.kind === 'not_found' && (await isDeleted(options, context.tenantId, userId)))
      if (isGone) await forget(options, context.tenantId, userId)
      return result
    },
    get: async (tenantId, userId) => {
      const { state, version } = await readUser(options, tenantId, userId)
      return state.kind === 'present' ? { ...state, id: userId, version } : undefined
    },
  }
}

const register = async (
  options: UsersOptions,
  context: CommandContext,
  { profile, password }: Parameters<Users['register']>[1],
): Promise<UserResult> => {
  const { credentials, passwords, eventStore } = options
  const { tenantId, idempotency } = context
  const { username } = profile
  const userId = options.ids()
  const record = async (): Promise<UserResult> => {
    // Nobody is logged in yet: the user is the actor of the own registration.
    const own = { ...context, actor: { kind: 'user', id: userId } } as const
    const command = { type: 'register', profile, scopes: ADOPTER_SCOPES } as const
    const result = onlyPresent(await run(options, own, userId, command))
    // A repeat finishes what the first try left.
    if (result.kind === 'done') await credentials.confirm(tenantId, result.id, username)
    return result
  }
  const isRepeat =
    idempotency !== undefined && (await eventStore.findByKey(tenantId, idempotency)) !== undefined
  if (isRepeat) return record()

  const passwordHash = await passwords.hash(password)
  if (!(await reserve(options, tenantId, { userId, username, passwordHash }))) return usernameTaken
  const result = await record()
  if (result.kind !== 'done' || result.id !== userId) {
    await credentials.release(tenantId, userId, username)
  }
  return result
}

type Update = Readonly<{ userId: string }> & Parameters<Users['update']>[2]

const update = async (
  options: UsersOptions,
  context: CommandContext,
  { userId, changes, password }: Update,
): Promise<UserResult> => {
  const { credentials, passwords } = options
  const { tenantId } = context
  const { state } = await readUser(options, tenantId, userId)
  if (state.kind !== 'present') return { kind: 'not_found' }
  const isOfProfileOnly = changes.username === undefined && password === undefined
  const credential = isOfProfileOnly
    ? undefined
    : await credentialOf(options, tenantId, state.profile, userId)
  if (password !== undefined && !(await isPassword(options, credential, password.current))) {
    return rejected('wrong_password', 'currentPassword')
  }
  const nextHash = password === undefined ? undefined : await passwords.hash(password.next)
  const username = newName(credential, changes.username)
  if (username !== undefined) {
    const passwordHash = credential?.passwordHash
    // Without a credential the own name was lost to somebody else, and none can be changed for another.
    if (passwordHash === undefined) return usernameTaken
    const isTheirs = await reserve(options, tenantId, { userId, username, passwordHash })
    if (!isTheirs) return usernameTaken
  }
  const result = onlyPresent(await run(options, context, userId, { type: 'update', changes }))
  if (result.kind !== 'done') {
    if (username !== undefined) await credentials.release(tenantId, userId, username)
    return result
  }
  if (username !== undefined) await credentials.confirm(tenantId, userId, username)
  if (credential === undefined || nextHash === undefined) return result
  const hashes = { from: credential.passwordHash, to: nextHash }
  const isChanged = await changePassword(options, tenantId, { userId, hashes })
  return isChanged ? result : { kind: 'conflict', actualVersion: result.version }
}

/** Undefined when it is the one that they have: written in another way it is still the same name. */
const newName = (
  credential: Credential | undefined,
  username: string | undefined,
): string | undefined =>
  username !== undefined &&
  credential !== undefined &&
  usernameKey(username) === usernameKey(credential.username)
    ? undefined
    : username

const isPassword = async (
  { passwords }: UsersOptions,
  credential: Credential | undefined,
  password: string,
): Promise<boolean> =>
  credential !== undefined && (await passwords.verify(credential.passwordHash, password))

/**
 * Sessions end before, so that no crash leaves them alive under a password that cannot be given again, and after, for a
 * sign-in that came between.
 */
const changePassword = async (
  { credentials, refreshTokens }: UsersOptions,
  tenantId: TenantId,
  { userId, hashes }: Readonly<{ userId: string; hashes: Readonly<{ from: string; to: string }> }>,
): Promise<boolean> => {
  await refreshTokens.revokeUser(tenantId, userId)
  const isChanged = await credentials.changePassword(tenantId, userId, hashes)
  await refreshTokens.revokeUser(tenantId, userId)
  return isChanged
}

/** Under the name that the log says, also when a crash has left it reserved. */
const credentialOf = async (
  { credentials }: UsersOptions,
  tenantId: TenantId,
  { username }: UserProfile,
  userId: string,
): Promise<Credential | undefined> => {
  const found = await credentials.findByUser(tenantId, userId)
  if (found && usernameKey(found.username) === usernameKey(username)) return found
  await credentials.confirm(tenantId, userId, username)
  return credentials.findByUser(tenantId, userId)
}

const reserve = async (
  options: UsersOptions,
  tenantId: TenantId,
  credential: Credential,
): Promise<boolean> => {
  const { credentials } = options
  const holder = await credentials.holderOf(tenantId, credential.username)
  if (holder !== undefined && holder !== credential.userId) {
    await followLog(options, tenantId, holder)
  }
  return (await credentials.reserve(tenantId, credential)) === 'reserved'
}

/** A name may still be held by who has left it, or be about to expire for whom the log says that it is his. */
const followLog = async (
  options: UsersOptions,
  tenantId: TenantId,
  userId: string,
): Promise<void> => {
  const { state } = await readUser(options, tenantId, userId)
  if (state.kind === 'deleted') await forget(options, tenantId, userId)
  if (state.kind !== 'present') return
  await options.credentials.confirm(tenantId, userId, state.profile.username)
}

/** Done as often as one likes. */
const forget = async (
  { credentials, refreshTokens }: UsersOptions,
  tenantId: TenantId,
  userId: string,
): Promise<void> => {
  await credentials.remove(tenantId, userId)
  await refreshTokens.revokeUser(tenantId, userId)
}

const isDeleted = async (
  options: UsersOptions,
  tenantId: TenantId,
  userId: string,
): Promise<boolean> => (await readUser(options, tenantId, userId)).state.kind === 'deleted'

const readUser = (
  { eventStore }: UsersOptions,
  tenantId: TenantId,
  id: string,
): Promise<Readonly<{ state: UserState; version: Version }>> =>
  readState<UserState, UserEvent>(
    eventStore,
    { tenantId, category: 'user', id },
    { initial: noUser, evolve: evolveUser },
  )

type WithoutTime<C> = C extends unknown ? Omit<C, 'occurredAt'> : never

const run = (
  { handler, clock }: UsersOptions,
  context: CommandContext,
  id: string,
  command: WithoutTime<UserCommand>,
): Promise<CommandResult<UserState>> =>
  handler.handle({
    aggregate: userAggregate,
    id,
    context,
    command: { ...command, occurredAt: toTimestamp(clock()) },
  })

const rejected = (code: RejectionCode, field: string): UserResult => ({
  kind: 'rejected',
  rejection: { code, detail: REJECTIONS[code], field },
})

const usernameTaken = rejected('username_taken', 'username')
