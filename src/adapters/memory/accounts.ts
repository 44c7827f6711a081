// Credentials and refresh tokens in memory, with the promises of the PostgreSQL ones: for tests and simulations.
import type {
  Credential,
  CredentialStore,
  RefreshGrant,
  RefreshTokenStore,
} from '../../core/auth.ts'
import type { Clock } from '../../core/clock.ts'
import type { IdGenerator, TenantId } from '../../core/ids.ts'
import { usernameKey } from '../../core/username.ts'

const RESERVATION_MS = 60_000
const TOKEN_BYTES = 32
const LIFETIME_MS = 30 * 24 * 60 * 60_000
const MAX_LIVE_FAMILIES = 10

type StoredCredential = Readonly<{
  tenantId: TenantId
  credential: Credential
  state: 'reserved' | 'confirmed'
  reservedAtMs: number
}>

export const createMemoryCredentialStore = (
  options: Readonly<{ clock: Clock }>,
): CredentialStore => {
  const { clock } = options
  const stored = new Map<string, StoredCredential>() // by tenant and username
  const nameKey = (tenantId: TenantId, username: string): string =>
    `${tenantId}/${usernameKey(username)}`
  const reservedBy = (tenantId: TenantId, userId: string): [string, StoredCredential] | undefined =>
    [...stored].find(
      ([, entry]) =>
        entry.state === 'reserved' &&
        entry.tenantId === tenantId &&
        entry.credential.userId === userId,
    )

  return {
    reserve: async (tenantId, credential) => {
      const key = nameKey(tenantId, credential.username)
      const held = stored.get(key)
      const free =
        held === undefined ||
        (held.state === 'reserved' &&
          (held.credential.userId === credential.userId ||
            held.reservedAtMs <= clock() - RESERVATION_MS))
      if (!free) return 'taken'
      stored.set(key, { tenantId, credential, state: 'reserved', reservedAtMs: clock() })
      return 'reserved'
    },
    confirm: async (tenantId, userId) => {
      const [key, entry] = reservedBy(tenantId, userId) ?? []
      if (key !== undefined && entry !== undefined)
        stored.set(key, { ...entry, state: 'confirmed' })
    },
    release: async (tenantId, userId) => {
      const [key] = reservedBy(tenantId, userId) ?? []
      if (key !== undefined) stored.delete(key)
    },
    find: async (tenantId, username) => {
      const entry = stored.get(nameKey(tenantId, username))
      return entry?.state === 'confirmed' ? entry.credential : undefined
    },
  }
}

type StoredToken = { grant: RefreshGrant; family: string; expiresAtMs: number; used: boolean }

export type MemoryRefreshTokenOptions = Readonly<{
  clock: Clock
  ids: IdGenerator
  randomToken: (bytes: number) => string
}>

export const createMemoryRefreshTokenStore = (
  options: MemoryRefreshTokenOptions,
): RefreshTokenStore => {
  const { clock, ids, randomToken } = options
  const tokens = new Map<string, StoredToken>()

  const add = (grant: RefreshGrant, family: string): string => {
    const token = randomToken(TOKEN_BYTES)
    tokens.set(token, { grant, family, expiresAtMs: clock() + LIFETIME_MS, used: false })
    return token
  }
  const removeFamily = (family: string): void => {
    for (const [token, entry] of tokens) if (entry.family === family) tokens.delete(token)
  }
  const removeExpired = (): void => {
    for (const [token, entry] of tokens) if (entry.expiresAtMs <= clock()) tokens.delete(token)
  }

  return {
    create: async (grant) => {
      removeExpired()
      const token = add(grant, ids())
      const live = [...tokens.values()].filter(
        (entry) =>
          !entry.used &&
          entry.grant.tenantId === grant.tenantId &&
          entry.grant.userId === grant.userId,
      )
      for (const { family } of live.slice(0, -MAX_LIVE_FAMILIES)) removeFamily(family)
      return token
    },
    rotate: async (token) => {
      const entry = tokens.get(token)
      if (entry === undefined) return undefined
      if (entry.used || entry.expiresAtMs <= clock()) {
        removeFamily(entry.family)
        return undefined
      }
      entry.used = true
      return { grant: entry.grant, next: add(entry.grant, entry.family) }
    },
    revoke: async (token) => {
      const entry = tokens.get(token)
      if (entry !== undefined) removeFamily(entry.family)
    },
  }
}
