// Clients, authorization codes and devices in PostgreSQL, as SHA-256 hashes: what is hashed has 256 random bits, but
// for user codes, which are worth nothing after ten minutes. Each use of a code is one update, so that one caller wins.
import { toTimestamp } from '../../core/clock.ts'
import { tenantIdSchema } from '../../core/ids.ts'
import type { Scope } from '../../core/auth.ts'
import {
  CODE_LIFETIME_SECONDS,
  type CodeGrant,
  DEVICE_INTERVAL_SECONDS,
  DEVICE_LIFETIME_SECONDS,
  type OAuthStore,
  userCodeKey,
} from '../../core/oauth.ts'
import { createClients } from './oauth-clients.ts'
import { hashOf, newUserCode, type OAuthStoreOptions, SECRET_BYTES } from './oauth-secrets.ts'

const USED_CODE_MEMORY_MS = 24 * 3_600_000
/** Removed with each one that is made: more than one adds, so that old rows cannot pile up. */
const REMOVED_AT_ONCE = 100
/** A device whose requests take their time must not be told that it asks too soon. */
const POLL_TOLERANCE_MS = 1_000
const SLOW_DOWN_MS = 5_000
const MAX_INTERVAL_MS = 60_000

export const createOAuthStore = (options: OAuthStoreOptions): OAuthStore => ({
  ...createClients(options),
  ...createCodes(options),
  ...createDevices(options),
})

// By oauth_codes_by_removal, a bounded batch over all tenants; rows that another caller is removing are passed over.
const REMOVE_OLD_CODES = {
  name: 'oauth_codes_remove_old',
  text: `delete from pawtrail.oauth_codes where code_hash = any (array(
      select code_hash from pawtrail.oauth_codes where remove_at <= $1::timestamptz
      order by remove_at limit ${REMOVED_AT_ONCE} for update skip locked))`,
}

const INSERT_CODE = {
  name: 'oauth_codes_insert',
  text: `insert into pawtrail.oauth_codes (tenant_id, code_hash, client_id, user_id, scopes,
      redirect_uri, code_challenge, family, expires_at, remove_at, sign_in_mark)
    values ($1, $2, $3, $4, $5::text[], $6, $7, $8, $9::timestamptz, $10::timestamptz, $11)`,
}

// By the primary key alone: the code is the secret, and it is what tells the tenant.
const FIND_CODE = {
  name: 'oauth_codes_find',
  text: `select client_id as "clientId", tenant_id as "tenantId", user_id as "userId", scopes,
      redirect_uri as "redirectUri", code_challenge as "codeChallenge", family,
      sign_in_mark as "signInMark",
      case when used_at is not null then 'used'
        when expires_at <= $2::timestamptz then 'expired' else 'fresh' end as state
    from pawtrail.oauth_codes where code_hash = $1`,
}

// By the primary key. A row comes back when this use is the first one and in time.
const USE_CODE = {
  name: 'oauth_codes_use',
  text: `update pawtrail.oauth_codes set used_at = $2::timestamptz
    where code_hash = $1 and used_at is null and expires_at > $2::timestamptz
    returning family`,
}

type CodeRow = Omit<CodeGrant, 'tenantId'> &
  Readonly<{ tenantId: string; family: string; state: 'fresh' | 'used' | 'expired' }>

const createCodes = (
  options: OAuthStoreOptions,
): Pick<OAuthStore, 'createCode' | 'findCode' | 'useCode'> => {
  const { database, clock, ids, randomToken } = options
  return {
    createCode: async (grant) => {
      const { clientId, tenantId, userId, scopes, redirectUri, codeChallenge } = grant
      const nowMs = clock()
      await database.query(REMOVE_OLD_CODES, [toTimestamp(nowMs)])
      const code = randomToken(SECRET_BYTES)
      const expiresAtMs = nowMs + CODE_LIFETIME_SECONDS * 1000
      await database.query(INSERT_CODE, [
        ...[tenantId, hashOf(code), clientId, userId, scopes, redirectUri, codeChallenge, ids()],
        toTimestamp(expiresAtMs),
        toTimestamp(expiresAtMs + USED_CODE_MEMORY_MS),
        grant.signInMark,
      ])
      return code
    },
    findCode: async (code) => {
      const now = toTimestamp(clock())
      const [row] = await database.query<CodeRow>(FIND_CODE, [hashOf(code), now])
      return row === undefined
        ? undefined
        : { ...row, tenantId: tenantIdSchema.parse(row.tenantId) }
    },
    useCode: async (code) => {
      const used = await database.query(USE_CODE, [hashOf(code), toTimestamp(clock())])
      return used.length === 1
    },
  }
}

// By oauth_devices_by_expiry, as above.
const REMOVE_OLD_DEVICES = {
  name: 'oauth_devices_remove_old',
  text: `delete from pawtrail.oauth_devices where device_code_hash = any (array(
      select device_code_hash from pawtrail.oauth_devices where expires_at <= $1::timestamptz
      order by expires_at limit ${REMOVED_AT_ONCE} for update skip locked))`,
}

const INSERT_DEVICE = {
  name: 'oauth_devices_insert',
  text: `insert into pawtrail.oauth_devices (tenant_id, device_code_hash, user_code_hash, client_id,
      scopes, status, interval_ms, expires_at)
    values ($1, $2, $3, $4, $5::text[], 'pending', ${DEVICE_INTERVAL_SECONDS * 1000}, $6::timestamptz)`,
}

// One row by oauth_devices_user_code.
const FIND_DEVICE = {
  name: 'oauth_devices_find',
  text: `select client_id as "clientId", tenant_id as "tenantId", scopes from pawtrail.oauth_devices
    where user_code_hash = $1 and status = 'pending' and expires_at > $2::timestamptz`,
}

// One row by oauth_devices_user_code. Of two answers the first one stands.
const ANSWER_DEVICE = {
  name: 'oauth_devices_answer',
  text: `update pawtrail.oauth_devices set user_id = $3, sign_in_mark = $4,
      status = case when $3::text is null then 'denied' else 'approved' end
    where user_code_hash = $1 and status = 'pending' and expires_at > $2::timestamptz
    returning client_id`,
}

// By the primary key. Locked until the answer is recorded: of two polls one gets the grant.
const POLLED_DEVICE = {
  name: 'oauth_devices_polled',
  text: `select tenant_id as "tenantId", user_id as "userId", scopes, status, sign_in_mark as "signInMark",
      expires_at <= $3::timestamptz as "isExpired",
      coalesce(asked_at > $3::timestamptz
        - (interval_ms - ${POLL_TOLERANCE_MS}) * interval '1 millisecond', false) as "isTooSoon"
    from pawtrail.oauth_devices where device_code_hash = $1 and client_id = $2 for update`,
}

// By the primary key.
const NOTE_POLL = {
  name: 'oauth_devices_note_poll',
  text: `update pawtrail.oauth_devices set asked_at = $2::timestamptz,
      status = case when $3 then 'used' else status end,
      interval_ms = least(interval_ms + $4::int, ${MAX_INTERVAL_MS})
    where device_code_hash = $1`,
}

type RequestRow = Readonly<{ clientId: string; tenantId: string; scopes: readonly Scope[] }>
type PolledRow = Omit<RequestRow, 'clientId'> &
  Readonly<{
    userId: string | null
    signInMark: string | null
    status: 'pending' | 'approved' | 'denied' | 'used'
    isExpired: boolean
    isTooSoon: boolean
  }>

const createDevices = (
  options: OAuthStoreOptions,
): Pick<OAuthStore, 'startDevice' | 'findDevice' | 'answerDevice' | 'pollDevice'> => {
  const { database, clock, randomToken } = options
  const now = (): string => toTimestamp(clock())
  return {
    startDevice: async ({ clientId, tenantId, scopes }) => {
      await database.query(REMOVE_OLD_DEVICES, [now()])
      const deviceCode = randomToken(SECRET_BYTES)
      const userCode = newUserCode(randomToken)
      await database.query(INSERT_DEVICE, [
        ...[tenantId, hashOf(deviceCode), hashOf(userCodeKey(userCode)), clientId, scopes],
        toTimestamp(clock() + DEVICE_LIFETIME_SECONDS * 1000),
      ])
      return { deviceCode, userCode }
    },
    findDevice: async (userCode) => {
      const values = [hashOf(userCodeKey(userCode)), now()]
      const [row] = await database.query<RequestRow>(FIND_DEVICE, values)
      return row === undefined
        ? undefined
        : { ...row, tenantId: tenantIdSchema.parse(row.tenantId) }
    },
    answerDevice: async (userCode, by) => {
      const { userId, signInMark } = by ?? { userId: null, signInMark: null }
      const values = [hashOf(userCodeKey(userCode)), now(), userId, signInMark]
      return (await database.query(ANSWER_DEVICE, values)).length === 1
    },
    pollDevice: (deviceCode, clientId) =>
      database.transaction(async (tx) => {
        const hash = hashOf(deviceCode)
        const [row] = await tx.query<PolledRow>(POLLED_DEVICE, [hash, clientId, now()])
        if (row === undefined || row.status === 'used') return { kind: 'unknown' }
        if (row.isExpired) return { kind: 'expired' }
        if (row.status === 'denied') return { kind: 'denied' }
        const { userId, scopes, signInMark } = row
        const isTooSoon = row.status === 'pending' && row.isTooSoon
        await tx.query(NOTE_POLL, [hash, now(), userId !== null, isTooSoon ? SLOW_DOWN_MS : 0])
        if (userId === null) return { kind: isTooSoon ? 'slow_down' : 'pending' }
        const tenantId = tenantIdSchema.parse(row.tenantId)
        return { kind: 'approved', consent: { clientId, tenantId, userId, scopes, signInMark } }
      }),
  }
}
