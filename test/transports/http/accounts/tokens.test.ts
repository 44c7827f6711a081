// Signing in, refreshing and signing out.
import t from 'tap'
import type { PasswordHasher } from '../../../../src/core/auth.ts'
import { Fault } from '../../../../src/core/fault.ts'
import { ADA, accountsApp, type Answer, PASSWORD, TENANT } from './accounts-app.ts'

const LOGIN = { username: 'Ada', password: PASSWORD }
const refreshTokenOf = (answer: Answer) => ({ refreshToken: String(answer.body['refreshToken']) })

t.test('a sign-in answers every documented field, and its token is good', async (t) => {
  const { post, verifier } = await accountsApp(t)
  const { body: user } = await post('/v1/users', ADA)
  const answer = await post('/v1/auth/tokens', { ...LOGIN, username: 'aDa' })
  t.equal(answer.status, 200)
  t.strictSame(Object.keys(answer.body), [
    'token',
    'accessToken',
    'tokenType',
    'expiresIn',
    'expiresAt',
    'refreshToken',
    'user',
  ])
  t.match(answer.body, {
    accessToken: answer.body['token'],
    tokenType: 'Bearer',
    expiresIn: 3600,
    expiresAt: '2026-08-22T11:00:00.000Z',
    user: { id: user['id'], username: 'Ada', email: 'ada@example.org' },
  })
  t.equal(answer.headers['cache-control'], 'no-store')
  const principal = await verifier.verify(String(answer.body['token']))
  t.match(principal, { subject: user['id'], kind: 'user', tenants: ['shared'] })
  t.ok(principal?.scopes.has('read:user'))
  t.notOk(principal?.scopes.has('write:pets'), 'staff scopes are not given to who registers')
})

t.test(
  'a wrong password and an unknown name get the same answer after the same work',
  async (t) => {
    const { post, checked } = await accountsApp(t)
    await post('/v1/users', ADA)
    const wrong = await post('/v1/auth/tokens', { ...LOGIN, password: 'wrong password' })
    const unknown = await post('/v1/auth/tokens', { ...LOGIN, username: 'nobody' })
    t.equal(wrong.status, 401)
    t.equal(wrong.headers['www-authenticate'], 'Bearer')
    t.strictSame(unknown.body, wrong.body)
    t.strictSame(Object.keys(unknown.headers), Object.keys(wrong.headers))
    t.equal(checked.length, 2, 'a password was checked both times')
    const cost = (encoded: string | undefined): string | undefined => encoded?.split('$')[3]
    t.equal(cost(checked[1]), cost(checked[0]))
  },
)

t.test('nobody signs in with the password behind the decoy', async (t) => {
  const { post } = await accountsApp(t)
  const answer = await post('/v1/auth/tokens', {
    username: 'nobody',
    password: 'the password of nobody',
  })
  t.equal(answer.status, 401)
})

t.test('a body that lacks something names it', async (t) => {
  const { post, send } = await accountsApp(t)
  for (const answer of [
    await post('/v1/auth/tokens', {}),
    await send({ method: 'POST', url: '/v1/auth/tokens' }),
  ]) {
    t.equal(answer.status, 422)
    t.match(answer.body, { errors: [{ field: 'username' }, { field: 'password' }] })
  }
  t.equal((await post('/v1/auth/tokens', { ...LOGIN, password: 12345678 })).status, 422)
  t.equal((await post('/v1/auth/tokens/refresh', {})).status, 422)
})

t.test('an account is good in its own tenant only, and so is its token', async (t) => {
  const { post, get } = await accountsApp(t)
  const headers = { 'x-tenant-id': TENANT }
  const { body: user } = await post('/v1/users', ADA, headers)
  t.equal((await post('/v1/auth/tokens', LOGIN)).status, 401)
  const { body } = await post('/v1/auth/tokens', LOGIN, headers)
  const authorization = `Bearer ${String(body['token'])}`
  const url = `/v1/users/${String(user['id'])}`
  t.equal((await get(url, { ...headers, authorization })).status, 200)
  t.equal((await get(url, { authorization })).status, 403)
})

t.test('a refresh token is good once, and the next one after it', async (t) => {
  const { post, clock, verifier } = await accountsApp(t)
  await post('/v1/users', ADA)
  const signedIn = await post('/v1/auth/tokens', LOGIN)
  clock.advance(3_600_000)
  t.equal(await verifier.verify(String(signedIn.body['token'])), undefined)
  const refreshed = await post('/v1/auth/tokens/refresh', refreshTokenOf(signedIn))
  t.equal(refreshed.status, 200)
  t.strictSame(Object.keys(refreshed.body), Object.keys(signedIn.body))
  t.equal(refreshed.body['expiresAt'], '2026-08-22T12:00:00.000Z')
  t.equal(refreshed.headers['cache-control'], 'no-store')
  t.ok(await verifier.verify(String(refreshed.body['token'])))
  t.equal((await post('/v1/auth/tokens/refresh', refreshTokenOf(refreshed))).status, 200)
})

t.test('a refresh token used twice ends the sign-in', async (t) => {
  const { post } = await accountsApp(t)
  await post('/v1/users', ADA)
  const signedIn = await post('/v1/auth/tokens', LOGIN)
  const refreshed = await post('/v1/auth/tokens/refresh', refreshTokenOf(signedIn))
  t.equal((await post('/v1/auth/tokens/refresh', refreshTokenOf(signedIn))).status, 401)
  t.equal((await post('/v1/auth/tokens/refresh', refreshTokenOf(refreshed))).status, 401)
  t.equal((await post('/v1/auth/tokens', LOGIN)).status, 200, 'the account itself is well')
})

t.test(
  'signing out ends the sign-in, and says so even of a token that was never good',
  async (t) => {
    const { post } = await accountsApp(t)
    await post('/v1/users', ADA)
    const signedIn = await post('/v1/auth/tokens', LOGIN)
    const revoked = await post('/v1/auth/tokens/revoke', refreshTokenOf(signedIn))
    t.equal(revoked.status, 204)
    t.equal(revoked.text, '')
    t.equal((await post('/v1/auth/tokens/refresh', refreshTokenOf(signedIn))).status, 401)
    t.equal((await post('/v1/auth/tokens/revoke', { refreshToken: 'made-up' })).status, 204)
  },
)

t.test('guesses at one name from one address are cut off, and only those', async (t) => {
  const { post, checked } = await accountsApp(t, { attempts: { perName: 3 } })
  await post('/v1/users', ADA)
  const attempt = (password: string, username: string, address: string) =>
    post('/v1/auth/tokens', { username, password }, { 'x-forwarded-for': address })
  for (const username of ['Ada', 'ada', 'ADA']) {
    t.equal((await attempt('wrong', username, '192.0.2.1')).status, 401)
  }
  const refused = await attempt(PASSWORD, 'Ada', '192.0.2.1')
  t.equal(refused.status, 429)
  t.match(refused.headers['retry-after'], /^\d+$/)
  t.equal(checked.length, 3, 'a refused attempt costs no hash')
  t.equal(
    (await attempt(PASSWORD, 'Ada', '192.0.2.2')).status,
    200,
    'its owner gets in from elsewhere',
  )
  t.equal((await attempt('wrong', 'Grace', '192.0.2.1')).status, 401)
})

t.test('the addresses of one IPv6 network count as one', async (t) => {
  const { post } = await accountsApp(t, { attempts: { perName: 2 } })
  const attempt = (address: string) =>
    post('/v1/auth/tokens', LOGIN, { 'x-forwarded-for': address })
  t.equal((await attempt('2001:db8::1')).status, 401)
  t.equal((await attempt('2001:0DB8:0:0:ffff::2')).status, 401)
  t.equal((await attempt('2001:db8:0:0:1:2:3:4')).status, 429)
  t.equal((await attempt('2001:db8:0:1::1')).status, 401)
})

t.test('a sign-in that succeeds sets the count of its name back', async (t) => {
  const { post } = await accountsApp(t, { attempts: { perName: 2 } })
  await post('/v1/users', ADA)
  for (let round = 0; round < 3; round += 1) {
    t.equal((await post('/v1/auth/tokens', { ...LOGIN, password: 'wrong' })).status, 401)
    t.equal((await post('/v1/auth/tokens', LOGIN)).status, 200)
  }
})

t.test('an address cannot go on for ever by changing names', async (t) => {
  const { post } = await accountsApp(t, { attempts: { perAddress: 3 } })
  for (let index = 0; index < 3; index += 1) {
    t.equal((await post('/v1/auth/tokens', { ...LOGIN, username: `name ${index}` })).status, 401)
  }
  t.equal((await post('/v1/auth/tokens', LOGIN)).status, 429)
  t.equal((await post('/v1/users', ADA)).status, 429)
})

t.test(
  'when too many passwords wait to be checked the answer is 503 with a time to come back',
  async (t) => {
    let full = false
    const passwords: PasswordHasher = {
      hash: async () => 'hash',
      verify: async () => {
        if (full) throw new Fault('overloaded', 'too many')
        return true
      },
    }
    const { post } = await accountsApp(t, { passwords })
    await post('/v1/users', ADA)
    full = true
    const answer = await post('/v1/auth/tokens', LOGIN)
    t.equal(answer.status, 503)
    t.match(answer.headers['retry-after'], /^\d+$/)
    full = false
    t.equal((await post('/v1/auth/tokens', LOGIN)).status, 200)
  },
)

t.test('tokens are in no log line', async (t) => {
  const { post, get, logged } = await accountsApp(t)
  await post('/v1/users', ADA)
  const { body } = await post('/v1/auth/tokens', LOGIN)
  const token = String(body['token'])
  await get('/v1/users/someone', { authorization: `Bearer ${token}` })
  await get('/v1/users/someone', { authorization: `Bearer ${token}x` })
  await post('/v1/auth/tokens/refresh', { refreshToken: `${String(body['refreshToken'])}x` })
  t.ok(logged.length > 0)
  const lines = logged.join('\n')
  for (const part of token.split('.')) t.notOk(lines.includes(part))
  t.notOk(lines.includes(String(body['refreshToken'])))
})

t.test('the routes are guarded as all others, and leave the others as they were', async (t) => {
  const { post, send } = await accountsApp(t)
  await post('/v1/users', ADA)
  const badTenant = await post('/v1/auth/tokens', LOGIN, { 'x-tenant-id': 'not-a-uuid' })
  t.equal(badTenant.status, 400)
  const wrongMethod = await send({ method: 'PUT', url: '/v1/auth/tokens', payload: {} })
  t.equal(wrongMethod.status, 405)
  t.match(wrongMethod.headers['allow'], /POST/)
  const form = await send({
    method: 'POST',
    url: '/v1/auth/tokens',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: 'username=Ada',
  })
  t.equal(form.status, 415)
  const broken = await send({
    method: 'POST',
    url: '/v1/auth/tokens',
    headers: { 'content-type': 'application/json' },
    payload: '{"username":',
  })
  t.equal(broken.status, 400)
  t.equal((await send({ method: 'GET', url: '/v1/pets' })).status, 200)
})
