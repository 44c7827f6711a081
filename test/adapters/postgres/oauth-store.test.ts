// The OAuth store on a real database, under the role of the running program.
import t from 'tap'
import { createOAuthStore } from '../../../src/adapters/postgres/oauth-store.ts'
import { uuidV7 } from '../../../src/adapters/system/ids.ts'
import { randomToken } from '../../../src/adapters/system/random.ts'
import type { Clock } from '../../../src/core/clock.ts'
import { SHARED_TENANT } from '../../../src/core/ids.ts'
import { MAX_CLIENTS } from '../../../src/core/oauth.ts'
import { oauthStoreContract } from '../../contracts/oauth-store.ts'
import { testDatabase } from '../../support/database.ts'

const { database, admin } = await testDatabase(t)
const TABLES = ['oauth_clients', 'oauth_codes', 'oauth_devices']

const emptyStore = async (clock: Clock) => {
  for (const table of TABLES) await admin.query(`truncate pawtrail.${table}`)
  return createOAuthStore({ database, clock, ids: uuidV7(clock), randomToken })
}
const client = {
  name: 'Walks',
  kind: 'confidential',
  grantTypes: ['client_credentials'],
  scopes: ['read:pets'],
  tenants: [SHARED_TENANT],
  redirectUris: [],
} as const
const request = { clientId: 'client-1', tenantId: SHARED_TENANT, scopes: ['read:pets'] } as const
const codeOf = (userId: string) => ({
  ...{ ...request, userId, signInMark: 'mark', codeChallenge: 'a'.repeat(43) },
  redirectUri: 'https://walks.example/',
})

oauthStoreContract(t, (_, clock) => emptyStore(clock))

t.test('a stolen database holds no secret and no code that can be used', async (t) => {
  const store = await emptyStore(() => 0)
  const secret = (await store.createClient(client))?.secret ?? ''
  const code = await store.createCode(codeOf('user-1'))
  const { deviceCode, userCode } = await store.startDevice(request)
  let text = ''
  for (const table of TABLES) {
    const rows = await admin.query<{ row: string }>(
      `select row_to_json(r)::text as row from pawtrail.${table} r`,
    )
    t.equal(rows.length, 1)
    text += rows[0]?.row
  }
  for (const given of [secret, code, deviceCode, userCode]) {
    t.notOk(text.includes(given))
    t.notOk(text.includes(Buffer.from(given).toString('hex')))
    t.notOk(text.includes(Buffer.from(given, 'base64url').toString('hex')))
  }
})

t.test('old codes and devices are removed with later ones, a hundred at a time', async (t) => {
  let nowMs = 0
  const store = await emptyStore(() => nowMs)
  const count = async (table: string): Promise<number | undefined> =>
    (await admin.query<{ n: number }>(`select count(*)::int as n from pawtrail.${table}`))[0]?.n
  await admin.query(`
    insert into pawtrail.oauth_codes (code_hash, client_id, tenant_id, user_id, scopes, redirect_uri,
      code_challenge, family, expires_at, remove_at)
    select sha256(n::text::bytea), 'c', 'shared', 'u', '{}', 'r', 'c', gen_random_uuid(), to_timestamp(n),
      to_timestamp(n) from generate_series(1, 150) as n`)
  await admin.query(`
    insert into pawtrail.oauth_devices (device_code_hash, user_code_hash, client_id, tenant_id, scopes,
      status, interval_ms, expires_at)
    select sha256(n::text::bytea), sha256(n::text::bytea), 'c', 'shared', '{}', 'pending', 5000,
      to_timestamp(n) from generate_series(1, 150) as n`)
  nowMs = 24 * 3_600_000
  await store.createCode(codeOf('user-1'))
  await store.startDevice(request)
  t.equal(await count('oauth_codes'), 51)
  t.equal(await count('oauth_devices'), 51)
})

t.test('there is an end to how many clients there can be', async (t) => {
  const store = await emptyStore(() => 0)
  await admin.query(`
    insert into pawtrail.oauth_clients
      (client_id, name, grant_types, scopes, tenants, redirect_uris, created_at)
    select n::text, 'n', '{}', '{}', '{}', '{}', now() from generate_series(1, ${MAX_CLIENTS}) as n`)
  t.equal(await store.createClient(client), undefined)
})

t.test('names cannot carry SQL', async (t) => {
  const store = await emptyStore(() => 0)
  const name = `x'); drop table pawtrail.oauth_clients; --`
  const made = await store.createClient({ ...client, name })
  t.equal((await store.findClient(made?.client.id ?? ''))?.name, name)
  t.equal(await store.findClient(name), undefined)
})
