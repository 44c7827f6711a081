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
  const ofUser = (tenantId: TenantId, userId: string): [string, StoredCredential][] =>
    [...stored].filter(
      ([, entry]) => entry.tenantId === tenantId && entry.credential.userId === userId,
    )
  const confirmedOf = (tenantId: TenantId, userId: string) =>
    ofUser(tenantId, userId).find(([, entry]) => entry.state === 'confirmed')
  /** The entry of a name that this user has reserved. */
  const reservedBy = (key: string, userId: string): StoredCredential | undefined => {
    const entry = stored.get(key)
    return entry?.state === 'reserved' && entry.credential.userId === userId ? entry : undefined
  }

  return {
    reserve: async (tenantId, credential) => {
      const key = nameKey(tenantId, credential.username)
      const held = stored.get(key)
      const isOwn = held?.credential.userId === credential.userId
      if (isOwn && held?.state === 'confirmed') return 'reserved'
      const isLeftBehind =
        held?.state === 'reserved' && held.reservedAtMs <= clock() - RESERVATION_MS
      if (held !== undefined && !isOwn && !isLeftBehind) return 'taken'
      stored.set(key, { tenantId, credential, state: 'reserved', reservedAtMs: clock() })
      return 'reserved'
    },
    confirm: async (tenantId, userId, username) => {
      const key = nameKey(tenantId, username)
      const entry = reservedBy(key, userId)
      if (entry === undefined) return
      const [formerKey, former] = confirmedOf(tenantId, userId) ?? []
      if (formerKey !== undefined) stored.delete(formerKey)
      const passwordHash = former?.credential.passwordHash ?? entry.credential.passwordHash
      const credential = { ...entry.credential, passwordHash }
      stored.set(key, { ...entry, credential, state: 'confirmed' })
    },
    release: async (tenantId, userId, username) => {
      const key = nameKey(tenantId, username)
      if (reservedBy(key, userId) !== undefined) stored.delete(key)
    },
    find: async (tenantId, username) => {
      const entry = stored.get(nameKey(tenantId, username))
      return entry?.state === 'confirmed' ? entry.credential : undefined
    },
    findByUser: async (tenantId, userId) => confirmedOf(tenantId, userId)?.[1].credential,
    holderOf: async (tenantId, username) =>
      stored.get(nameKey(tenantId, username))?.credential.userId,
    changePassword: async (tenantId, userId, { from, to }) => {
      const [key, entry] = confirmedOf(tenantId, userId) ?? []
      if (key === undefined || entry?.credential.passwordHash !== from) return false
      stored.set(key, { ...entry, credential: { ...entry.credential, passwordHash: to } })
      return true
    },
    remove: async (tenantId, userId) => {
      for (const [key] of ofUser(tenantId, userId)) stored.delete(key)
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
    create: async (grant, family) => {
      removeExpired()
      const token = add(grant, family ?? ids())
      const live = [...tokens.values()].filter(
        (entry) =>
          !entry.used &&
          entry.grant.tenantId === grant.tenantId &&
          entry.grant.userId === grant.userId,
      )
      for (const { family } of live.slice(0, -MAX_LIVE_FAMILIES)) removeFamily(family)
      return token
    },
    rotate: async (token, clientId) => {
      const entry = tokens.get(token)
      if (entry === undefined) return undefined
      const isTheirs = entry.grant.delegation?.clientId === clientId
      if (entry.used || entry.expiresAtMs <= clock() || !isTheirs) {
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
    find: async (token) => tokens.get(token)?.grant,
    revokeFamily: async (_grant, family) => removeFamily(family),
    revokeUser: async (tenantId, userId) => {
      for (const { grant, family } of [...tokens.values()]) {
        if (grant.tenantId === tenantId && grant.userId === userId) removeFamily(family)
      }
    },
  }
}
