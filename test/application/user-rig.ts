// Users over the memory log and memory credentials, each of which can be made to fail.
import {
  createMemoryCredentialStore,
  createMemoryRefreshTokenStore,
} from '../../src/adapters/memory/accounts.ts'
import { createMemoryEventStore } from '../../src/adapters/memory/event-store.ts'
import { randomToken } from '../../src/adapters/system/random.ts'
import { createUsers } from '../../src/application/users.ts'
import { createCommandHandler } from '../../src/commands/handle.ts'
import type { PasswordHasher } from '../../src/core/auth.ts'
import { SHARED_TENANT } from '../../src/core/ids.ts'
import { aContext, aUserProfile } from '../support/builders.ts'
import { fixedClock } from '../support/fixed-clock.ts'
import { seededIds } from '../support/seeded-ids.ts'
import { failingEventStore } from './order-rig.ts'

const passwords: PasswordHasher = {
  hash: async (password) => `hash of ${password}`,
  verify: async (encoded, password) => encoded === `hash of ${password}`,
}

export const usersRig = () => {
  const clock = fixedClock()
  const ids = seededIds()
  const eventStore = failingEventStore(createMemoryEventStore({ clock }))
  const credentials = { ...createMemoryCredentialStore({ clock }) }
  const refreshTokens = { ...createMemoryRefreshTokenStore({ clock, ids, randomToken }) }
  const handler = createCommandHandler({ eventStore, ids })
  const options = { handler, eventStore, credentials, refreshTokens, passwords, clock, ids }
  const users = createUsers(options)
  const register = (username = 'Ada', key?: string) =>
    users.register(aContext(key === undefined ? {} : { idempotency: { key, requestHash: key } }), {
      profile: aUserProfile({ username }),
      password: 'secret',
    })
  return {
    users,
    credentials,
    refreshTokens,
    eventStore,
    clock,
    register,
    registered: async (username = 'Ada'): Promise<string> => {
      const result = await register(username)
      if (result.kind !== 'done') throw new Error(JSON.stringify(result))
      return result.id
    },
    rename: (userId: string, username: string) =>
      users.update(aContext(), userId, { changes: { username } }),
    changePassword: (userId: string, current: string, next: string) =>
      users.update(aContext(), userId, { changes: {}, password: { current, next } }),
    /** Whom a name and a password belong to. */
    signIn: async (username: string, password = 'secret') => {
      const found = await credentials.find(SHARED_TENANT, username)
      return found && (await passwords.verify(found.passwordHash, password))
        ? found.userId
        : undefined
    },
    session: (userId: string) => refreshTokens.create({ tenantId: SHARED_TENANT, userId }),
    typesOf: async (userId: string) =>
      (
        await eventStore.readStream({ tenantId: SHARED_TENANT, category: 'user', id: userId })
      ).events.map(({ type }) => type),
  }
}
