// Usernames and password hashes in PostgreSQL. The unique index on (tenant_id, username_key) is what lets exactly one
// of two simultaneous registrations have a name.
import type { CredentialStore } from '../../core/auth.ts'
import { type Clock, toTimestamp } from '../../core/clock.ts'
import type { SqlDatabase } from '../../core/sql.ts'
import { usernameKey } from '../../core/username.ts'

/** How long a name stays reserved for a registration that neither finished nor gave up. */
const RESERVATION_MS = 60_000

// One statement, so that the decision is made under the row's lock. Relies on credentials_username for the conflict. A
// row comes back when the name is now reserved: it was free, or left behind, or reserved by this user before.
const RESERVE = {
  name: 'credentials_reserve',
  text: `
    insert into pawtrail.credentials as mine
      (tenant_id, user_id, username, username_key, password_hash, state, reserved_at)
    values ($1, $2, $3, $4, $5, 'reserved', $6::timestamptz)
    on conflict (tenant_id, username_key) do update
      set user_id = excluded.user_id, username = excluded.username,
        password_hash = excluded.password_hash, reserved_at = excluded.reserved_at
      where mine.state = 'reserved'
        and (mine.user_id = excluded.user_id or mine.reserved_at <= $7::timestamptz)
    returning user_id`,
}

// By the primary key. Confirming twice changes nothing.
const CONFIRM = {
  name: 'credentials_confirm',
  text: `update pawtrail.credentials set state = 'confirmed'
    where tenant_id = $1 and user_id = $2 and state = 'reserved'`,
}

// By the primary key. A confirmed name stays: a late or repeated release must not take an account away.
const RELEASE = {
  name: 'credentials_release',
  text: `delete from pawtrail.credentials
    where tenant_id = $1 and user_id = $2 and state = 'reserved'`,
}

// One row by credentials_username.
const FIND = {
  name: 'credentials_find',
  text: `select user_id as "userId", username, password_hash as "passwordHash"
    from pawtrail.credentials
    where tenant_id = $1 and username_key = $2 and state = 'confirmed'`,
}

type CredentialRow = { userId: string; username: string; passwordHash: string }

export const createCredentialStore = (
  options: Readonly<{ database: SqlDatabase; clock: Clock }>,
): CredentialStore => {
  const { database, clock } = options
  return {
    reserve: async (tenantId, { userId, username, passwordHash }) => {
      const nowMs = clock()
      const rows = await database.query(RESERVE, [
        tenantId,
        userId,
        username,
        usernameKey(username),
        passwordHash,
        toTimestamp(nowMs),
        toTimestamp(nowMs - RESERVATION_MS),
      ])
      return rows.length === 1 ? 'reserved' : 'taken'
    },
    confirm: async (tenantId, userId) => {
      await database.query(CONFIRM, [tenantId, userId])
    },
    release: async (tenantId, userId) => {
      await database.query(RELEASE, [tenantId, userId])
    },
    find: async (tenantId, username) => {
      const rows = await database.query<CredentialRow>(FIND, [tenantId, usernameKey(username)])
      return rows[0]
    },
  }
}
