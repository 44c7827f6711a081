// Registering and reading users. The credential is reserved first, because it decides whose a username
// is; it is confirmed once the user's event is in the log, and a password works from then on.
import type { Application } from '../application.ts'
import type { CommandHandler } from '../commands/handle.ts'
import { userAggregate } from '../commands/user.ts'
import { ADOPTER_SCOPES, type CredentialStore, type PasswordHasher } from '../core/auth.ts'
import { type Clock, toTimestamp } from '../core/clock.ts'
import type { CommandContext, CommandResult } from '../core/command.ts'
import type { EventStore } from '../core/event-store.ts'
import type { IdGenerator } from '../core/ids.ts'
import { decodeEventOf } from '../events/codec.ts'
import type { UserEvent } from '../events/user.ts'
import { evolveUser, noUser, type PresentUser, type UserState } from '../events/user-state.ts'
import { onlyPresent } from './present.ts'

type Options = Readonly<{
  handler: CommandHandler
  eventStore: EventStore
  credentials: CredentialStore
  passwords: PasswordHasher
  clock: Clock
  ids: IdGenerator
}>

type Register = Application['users']['register']

export const createUsers = (options: Options): Application['users'] => ({
  register: async (context, input) => {
    const { credentials, passwords, eventStore } = options
    const { tenantId, idempotency } = context
    const isRepeat =
      idempotency !== undefined && (await eventStore.findByKey(tenantId, idempotency)) !== undefined
    const userId = options.ids()
    if (isRepeat) return register(options, { context, userId, input })

    const passwordHash = await passwords.hash(input.password)
    const { username } = input.profile
    const reserved = await credentials.reserve(tenantId, { userId, username, passwordHash })
    if (reserved === 'taken') return usernameTaken
    const result = await register(options, { context, userId, input })
    if (result.kind === 'done' && result.id === userId) await credentials.confirm(tenantId, userId)
    else await credentials.release(tenantId, userId)
    return result
  },
  get: async (tenantId, userId) => {
    const stream = { tenantId, category: 'user', id: userId }
    const { version, events } = await options.eventStore.readStream(stream)
    const state = events
      .map((event) => decodeEventOf<UserEvent>(event))
      .reduce<UserState>(evolveUser, noUser)
    return state.kind === 'present' ? { ...state, id: userId, version } : undefined
  },
})

type Registration = Readonly<{
  context: CommandContext
  userId: string
  input: Parameters<Register>[1]
}>

const register = async (
  { handler, clock }: Options,
  { context, userId, input }: Registration,
): Promise<CommandResult<PresentUser>> =>
  onlyPresent(
    await handler.handle({
      aggregate: userAggregate,
      id: userId,
      // Nobody is logged in yet: the user is the actor of the own registration.
      context: { ...context, actor: { kind: 'user', id: userId } },
      command: {
        type: 'register',
        occurredAt: toTimestamp(clock()),
        profile: input.profile,
        scopes: ADOPTER_SCOPES,
      },
    }),
  )

const usernameTaken: CommandResult<PresentUser> = {
  kind: 'rejected',
  rejection: {
    code: 'username_taken',
    detail: 'This username belongs to somebody else.',
    field: 'username',
  },
}
