// Usernames and password hashes in PostgreSQL. The primary key (tenant_id, username_key) is what
// lets exactly one of two simultaneous registrations have a name.
import type { CredentialStore } from '../../core/auth.ts'
import { type Clock, toTimestamp } from '../../core/clock.ts'
import type { SqlDatabase } from '../../core/sql.ts'
import { mayBeUsername, usernameKey } from '../../core/username.ts'

/** How long a name stays reserved for a registration that neither finished nor gave up. */
const RESERVATION_MS = 60_000

// One statement, so that the decision is made under the row's lock. Relies on the primary key for
// the conflict. A row comes back when the name is this user's to have: it was free, or left behind,
// or reserved by this user before, or it is the user's own already; then nothing of it changes.
const RESERVE = {
  name: 'credentials_reserve',
  text: `
    insert into pawtrail.credentials as mine
      (tenant_id, user_id, username, username_key, password_hash, state, reserved_at)
    values ($1, $2, $3, $4, $5, 'reserved', $6::timestamptz)
    on conflict (tenant_id, username_key) do update
      set user_id = excluded.user_id,
        username = case mine.state when 'confirmed' then mine.username else excluded.username end,
        password_hash = case mine.state when 'confirmed' then mine.password_hash
          else excluded.password_hash end,
        reserved_at = case mine.state when 'confirmed' then mine.reserved_at
          else excluded.reserved_at end
      where mine.user_id = excluded.user_id
        or (mine.state = 'reserved' and mine.reserved_at <= $7::timestamptz)
    returning user_id`,
}

// By credentials_by_user. Held until the end of the transaction, so that two changes of one user's name, or of its
// password beside, come one after the other. In the order of the primary key: two that lock cannot wait for each other.
const LOCK_USER = {
  name: 'credentials_lock_user',
  text: `select username_key from pawtrail.credentials
    where tenant_id = $1 and user_id = $2 order by username_key for update`,
}

// By credentials_confirmed, and only when there is a name to come in its place: by the primary key.
const DROP_FORMER = {
  name: 'credentials_drop_former',
  text: `delete from pawtrail.credentials
    where tenant_id = $1 and user_id = $2 and state = 'confirmed'
      and exists (select from pawtrail.credentials reserved
        where reserved.tenant_id = $1 and reserved.username_key = $3
          and reserved.user_id = $2 and reserved.state = 'reserved')
    returning password_hash as "passwordHash"`,
}

// By the primary key. Confirming twice changes nothing. $4: the former name's password, null without one.
const CONFIRM = {
  name: 'credentials_confirm',
  text: `update pawtrail.credentials
    set state = 'confirmed', password_hash = coalesce($4, password_hash)
    where tenant_id = $1 and username_key = $3 and user_id = $2 and state = 'reserved'`,
}

// By the primary key. A confirmed name stays: a late or repeated release must not take an account away.
const RELEASE = {
  name: 'credentials_release',
  text: `delete from pawtrail.credentials
    where tenant_id = $1 and username_key = $3 and user_id = $2 and state = 'reserved'`,
}

// One row by the primary key.
const FIND = {
  name: 'credentials_find',
  text: `select user_id as "userId", username, password_hash as "passwordHash"
    from pawtrail.credentials
    where tenant_id = $1 and username_key = $2 and state = 'confirmed'`,
}

// One row by credentials_confirmed.
const FIND_BY_USER = {
  name: 'credentials_find_by_user',
  text: `select user_id as "userId", username, password_hash as "passwordHash"
    from pawtrail.credentials
    where tenant_id = $1 and user_id = $2 and state = 'confirmed'`,
}

// One row by the primary key.
const HOLDER = {
  name: 'credentials_holder',
  text: `select user_id as "userId" from pawtrail.credentials
    where tenant_id = $1 and username_key = $2`,
}

// By credentials_confirmed. The former hash decides: of two changes at once one is made, and the other is told.
const CHANGE_PASSWORD = {
  name: 'credentials_change_password',
  text: `update pawtrail.credentials set password_hash = $4
    where tenant_id = $1 and user_id = $2 and state = 'confirmed' and password_hash = $3
    returning user_id`,
}

// By credentials_by_user.
const REMOVE = {
  name: 'credentials_remove',
  text: `delete from pawtrail.credentials where tenant_id = $1 and user_id = $2`,
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
    confirm: (tenantId, userId, username) =>
      database.transaction(async (tx) => {
        const name = [tenantId, userId, usernameKey(username)]
        await tx.query(LOCK_USER, [tenantId, userId])
        const former = await tx.query<Pick<CredentialRow, 'passwordHash'>>(DROP_FORMER, name)
        await tx.query(CONFIRM, [...name, former[0]?.passwordHash ?? null])
      }),
    release: async (tenantId, userId, username) => {
      await database.query(RELEASE, [tenantId, userId, usernameKey(username)])
    },
    find: async (tenantId, username) => {
      if (!mayBeUsername(username)) return undefined
      const rows = await database.query<CredentialRow>(FIND, [tenantId, usernameKey(username)])
      return rows[0]
    },
    findByUser: async (tenantId, userId) => {
      const rows = await database.query<CredentialRow>(FIND_BY_USER, [tenantId, userId])
      return rows[0]
    },
    holderOf: async (tenantId, username) => {
      const name = [tenantId, usernameKey(username)]
      return (await database.query<{ userId: string }>(HOLDER, name))[0]?.userId
    },
    changePassword: async (tenantId, userId, { from, to }) => {
      const rows = await database.query(CHANGE_PASSWORD, [tenantId, userId, from, to])
      return rows.length === 1
    },
    remove: async (tenantId, userId) => {
      await database.query(REMOVE, [tenantId, userId])
    },
  }
}
