// Refresh tokens on a real database, under the role of the running program.
import t from 'tap'
import { createRefreshTokenStore } from '../../../src/adapters/postgres/refresh-tokens.ts'
import { uuidV7 } from '../../../src/adapters/system/ids.ts'
import { randomToken } from '../../../src/adapters/system/random.ts'
import type { Clock } from '../../../src/core/clock.ts'
import { SHARED_TENANT } from '../../../src/core/ids.ts'
import { refreshTokenStoreContract } from '../../contracts/refresh-token-store.ts'
import { testDatabase } from '../../support/database.ts'

const { database, admin } = await testDatabase(t)
const DAY_MS = 24 * 3_600_000
const grant = { tenantId: SHARED_TENANT, userId: 'user-1' }

const emptyStore = async (clock: Clock) => {
  await admin.query('truncate pawtrail.refresh_tokens')
  return createRefreshTokenStore({ database, clock, ids: uuidV7(clock), randomToken })
}

refreshTokenStoreContract(t, (_, clock) => emptyStore(clock))

t.test('a stolen database holds no token that can be used', async (t) => {
  const store = await emptyStore(() => 0)
  const token = await store.create(grant)
  const rows = await admin.query<{ row: string }>(
    'select row_to_json(r)::text as row from pawtrail.refresh_tokens r',
  )
  t.equal(rows.length, 1)
  t.notOk(rows[0]?.row.includes(token))
  t.notOk(rows[0]?.row.includes(Buffer.from(token).toString('hex')))
  t.notOk(rows[0]?.row.includes(Buffer.from(token, 'base64url').toString('hex')))
})

t.test('expired tokens are removed with later sign-ins, a hundred at a time', async (t) => {
  let nowMs = 0
  const store = await emptyStore(() => nowMs)
  await admin.query(`
    insert into pawtrail.refresh_tokens (token_hash, tenant_id, user_id, family, expires_at)
    select sha256(n::text::bytea), 'shared', 'user-' || n, gen_random_uuid(), to_timestamp(n)
    from generate_series(1, 150) as n`)
  nowMs = DAY_MS
  const count = async (): Promise<number | undefined> =>
    (await admin.query<{ n: number }>('select count(*)::int as n from pawtrail.refresh_tokens'))[0]
      ?.n
  await store.create(grant)
  t.equal(await count(), 51)
  await store.create(grant)
  t.equal(await count(), 2)
})
