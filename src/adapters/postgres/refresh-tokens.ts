// Refresh tokens in PostgreSQL, as SHA-256 hashes: they have 256 random bits, so a fast hash is enough. Everything that
// changes one user's tokens takes that user's lock first; without it a revocation could miss the token that a rotation
// is just inserting.
import { createHash } from 'node:crypto'
import type { RefreshGrant, RefreshTokenStore, Scope } from '../../core/auth.ts'
import { type Clock, toTimestamp } from '../../core/clock.ts'
import { type IdGenerator, tenantIdSchema } from '../../core/ids.ts'
import type { SqlDatabase, SqlExecutor } from '../../core/sql.ts'

const TOKEN_BYTES = 32
const LIFETIME_MS = 30 * 24 * 60 * 60_000
/** Sign-ins of one user that are alive at once; one more ends the one that was used longest ago. */
const MAX_LIVE_FAMILIES = 10
/** Removed with each sign-in: more than one sign-in adds, so that expired rows cannot pile up. */
const EXPIRED_PER_SIGN_IN = 100
const USER_LOCK_SEED = 7021436002

export type RefreshTokenStoreOptions = Readonly<{
  database: SqlDatabase
  clock: Clock
  ids: IdGenerator
  /** So many random bytes, as text. */
  randomToken: (bytes: number) => string
}>

// Held until the end of the transaction. A statement of its own: what follows must see what the holder
// before it committed.
const LOCK_USER = {
  name: 'refresh_tokens_lock_user',
  text: `select pg_advisory_xact_lock(hashtextextended($1 || '.' || $2, ${USER_LOCK_SEED}))`,
}

const INSERT = {
  name: 'refresh_tokens_insert',
  text: `insert into pawtrail.refresh_tokens
      (tenant_id, user_id, family, token_hash, expires_at, client_id, scopes)
    values ($1, $2, $3, $4, $5::timestamptz, $6, $7::text[])`,
}

// By the primary key alone: the token is the secret, and it is what tells the tenant.
const FIND = {
  name: 'refresh_tokens_find',
  text: `select tenant_id as "tenantId", user_id as "userId", family, client_id as "clientId", scopes
    from pawtrail.refresh_tokens where token_hash = $1`,
}

// By the primary key. A row comes back when this use is the first one, in time, and by who the token was given to.
const USE = {
  name: 'refresh_tokens_use',
  text: `update pawtrail.refresh_tokens set used_at = $4::timestamptz
    where tenant_id = $1 and user_id = $2 and token_hash = $3
      and used_at is null and revoked_at is null and expires_at > $4::timestamptz
      and client_id is not distinct from $5
    returning family`,
}

// By refresh_tokens_by_family. Used ones too: they are then told apart from a family that is still alive.
const REVOKE_FAMILY = {
  name: 'refresh_tokens_revoke_family',
  text: `update pawtrail.refresh_tokens set revoked_at = $4::timestamptz
    where tenant_id = $1 and user_id = $2 and family = $3 and revoked_at is null`,
}

// By refresh_tokens_by_family, all families of one user.
const REVOKE_USER = {
  name: 'refresh_tokens_revoke_user',
  text: `update pawtrail.refresh_tokens set revoked_at = $3::timestamptz
    where tenant_id = $1 and user_id = $2 and revoked_at is null`,
}

// By refresh_tokens_live: a living family has one unused token, and the one used longest ago expires first.
const REVOKE_BEYOND_LIMIT = {
  name: 'refresh_tokens_revoke_beyond_limit',
  text: `update pawtrail.refresh_tokens set revoked_at = $3::timestamptz
    where tenant_id = $1 and user_id = $2 and revoked_at is null and family = any (array(
      select family from pawtrail.refresh_tokens
      where tenant_id = $1 and user_id = $2 and used_at is null and revoked_at is null
      order by expires_at desc, family desc offset ${MAX_LIVE_FAMILIES}))`,
}

// By refresh_tokens_by_expiry, a bounded batch over all tenants; rows that another sign-in is removing are passed over.
const REMOVE_EXPIRED = {
  name: 'refresh_tokens_remove_expired',
  text: `delete from pawtrail.refresh_tokens where token_hash = any (array(
      select token_hash from pawtrail.refresh_tokens where expires_at <= $1::timestamptz
      order by expires_at limit ${EXPIRED_PER_SIGN_IN} for update skip locked))`,
}

type FamilyRow = {
  tenantId: string
  userId: string
  family: string
  clientId: string | null
  scopes: readonly Scope[] | null
}

export const createRefreshTokenStore = (options: RefreshTokenStoreOptions): RefreshTokenStore => {
  const { database, clock, ids, randomToken } = options

  const insert = async (tx: SqlExecutor, grant: RefreshGrant, family: string): Promise<string> => {
    const token = randomToken(TOKEN_BYTES)
    const expiresAt = toTimestamp(clock() + LIFETIME_MS)
    const { tenantId, userId, delegation } = grant
    const given = [delegation?.clientId ?? null, delegation?.scopes ?? null]
    await tx.query(INSERT, [tenantId, userId, family, hashOf(token), expiresAt, ...given])
    return token
  }

  return {
    create: async (grant, family) => {
      const now = toTimestamp(clock())
      // By itself: it touches rows of other users, and within the transaction two sign-ins could wait for each other.
      await database.query(REMOVE_EXPIRED, [now])
      return database.transaction(async (tx) => {
        await tx.query(LOCK_USER, [grant.tenantId, grant.userId])
        const token = await insert(tx, grant, family ?? ids())
        await tx.query(REVOKE_BEYOND_LIMIT, [grant.tenantId, grant.userId, now])
        return token
      })
    },
    rotate: (token, clientId) =>
      database.transaction(async (tx) => {
        const found = await findFamily(tx, token)
        if (found === undefined) return undefined
        const { grant, family } = found
        const owner = [grant.tenantId, grant.userId]
        await tx.query(LOCK_USER, owner)
        const now = toTimestamp(clock())
        const used = await tx.query(USE, [...owner, hashOf(token), now, clientId ?? null])
        if (used.length === 1) return { grant, next: await insert(tx, grant, family) }
        await tx.query(REVOKE_FAMILY, [...owner, family, now])
        return undefined
      }),
    revoke: (token) =>
      database.transaction(async (tx) => {
        const found = await findFamily(tx, token)
        if (found === undefined) return
        const owner = [found.grant.tenantId, found.grant.userId]
        await tx.query(LOCK_USER, owner)
        await tx.query(REVOKE_FAMILY, [...owner, found.family, toTimestamp(clock())])
      }),
    find: async (token) => (await findFamily(database, token))?.grant,
    revokeFamily: ({ tenantId, userId }, family) =>
      database.transaction(async (tx) => {
        await tx.query(LOCK_USER, [tenantId, userId])
        await tx.query(REVOKE_FAMILY, [tenantId, userId, family, toTimestamp(clock())])
      }),
    revokeUser: (tenantId, userId) =>
      database.transaction(async (tx) => {
        await tx.query(LOCK_USER, [tenantId, userId])
        await tx.query(REVOKE_USER, [tenantId, userId, toTimestamp(clock())])
      }),
  }
}

const findFamily = async (
  tx: SqlExecutor,
  token: string,
): Promise<Readonly<{ grant: RefreshGrant; family: string }> | undefined> => {
  const rows = await tx.query<FamilyRow>(FIND, [hashOf(token)])
  const row = rows[0]
  if (row === undefined) return undefined
  const { userId, family, clientId, scopes } = row
  const owner = { tenantId: tenantIdSchema.parse(row.tenantId), userId }
  const isOwn = clientId === null || scopes === null
  return { grant: isOwn ? owner : { ...owner, delegation: { clientId, scopes } }, family }
}

const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest()
