// The token endpoint: what each grant gives, and everything it does not give.
import t from 'tap'
import { SHARED_TENANT } from '../../../../src/core/ids.ts'
import {
  type Answer,
  basicOf,
  type Fields,
  oauthApp,
  OTHER_TENANT,
  REDIRECT_URI,
  TENANT,
  VERIFIER,
} from './oauth-app.ts'

t.setTimeout(120_000) // passwords are slow by design

const rig = await oauthApp(t)
const { client, codeFor, form, send, clock, ports, ada, adaOfTenant } = rig
const walks = await client()
const phone = await client({ kind: 'public' })
const robot = await client({
  grantTypes: ['client_credentials'],
  redirectUris: [],
  scopes: ['read:pets', 'read:events'],
  tenants: [TENANT, SHARED_TENANT],
})

const token = (fields: Fields | string, headers: Record<string, string> = {}): Promise<Answer> =>
  form('/oauth/token', fields, headers)
const redeem = (code: string, changes: Fields = {}, headers = walks.basic): Promise<Answer> =>
  token(
    {
      ...{ grant_type: 'authorization_code', code, redirect_uri: REDIRECT_URI },
      ...{ code_verifier: VERIFIER, ...changes },
    },
    headers,
  )
const refresh = (refreshToken: unknown, changes: Fields = {}, headers = walks.basic) =>
  token(
    { grant_type: 'refresh_token', refresh_token: String(refreshToken), ...changes },
    { ...headers },
  )
const principalOf = (answer: Answer) => ports.verifier.verify(String(answer.body['access_token']))
const isRefused = (answer: Answer, error: string): boolean =>
  answer.body['error'] === error &&
  answer.status === (error === 'invalid_client' ? 401 : 400) &&
  answer.headers['cache-control'] === 'no-store' &&
  answer.body['access_token'] === undefined

t.test('a code gives a token of the user, with what was asked for and nothing else', async (t) => {
  const answer = await redeem(await codeFor(walks.id))
  t.equal(answer.status, 200)
  t.strictSame(Object.keys(answer.body), [
    ...['access_token', 'token_type', 'expires_in', 'scope', 'refresh_token'],
  ])
  t.match(answer.body, { token_type: 'Bearer', expires_in: 600, scope: 'read:pets read:user' })
  t.match(answer.headers, { 'cache-control': 'no-store', 'content-type': /^application\/json/ })
  const principal = await principalOf(answer)
  t.match(principal, { subject: ada, kind: 'user', tenants: [SHARED_TENANT] })
  t.strictSame([...(principal?.scopes ?? [])], ['read:pets', 'read:user'])
  const authorization = `Bearer ${String(answer.body['access_token'])}`
  const page = await send({ method: 'GET', url: `/v1/users/${ada}`, headers: { authorization } })
  t.equal(page.status, 200)
})

t.test('a scope that the user does not have is left out, and the answer says so', async (t) => {
  const code = await codeFor(walks.id, { scope: 'read:pets write:pets openid' })
  t.equal((await redeem(code)).body['scope'], 'read:pets')
})

t.test('a token is good in the tenant that the user signed in at', async (t) => {
  const answer = await redeem(await codeFor(walks.id, { tenant: TENANT }))
  t.match(await principalOf(answer), { subject: adaOfTenant, tenants: [TENANT] })
})

t.test('a public client redeems a code with its verifier alone', async (t) => {
  const answer = await redeem(await codeFor(phone.id), { client_id: phone.id }, {} as never)
  t.equal(answer.status, 200)
})

t.test('the secret may be sent in the form, but not in two ways at once', async (t) => {
  const posted = { client_id: walks.id, client_secret: walks.secret }
  const answer = await redeem(await codeFor(walks.id), posted, {} as never)
  t.equal(answer.status, 200)
  t.ok(isRefused(await redeem('x', posted), 'invalid_request'))
  t.ok(isRefused(await redeem('x', { client_id: phone.id }), 'invalid_request'))
})

for (const [what, changes, headers] of [
  ['the wrong verifier', { code_verifier: 'x'.repeat(43) }, undefined],
  ['the challenge for a verifier', { code_verifier: 'short' }, undefined],
  ['another redirect URI of the client', { redirect_uri: 'org.example.walks:/cb' }, undefined],
  ['another client', { client_id: phone.id }, {}],
] as const) {
  t.test(`a code with ${what} is refused, and used up by it`, async (t) => {
    const code = await codeFor(walks.id)
    t.ok(isRefused(await redeem(code, changes, (headers ?? walks.basic) as never), 'invalid_grant'))
    t.ok(isRefused(await redeem(code), 'invalid_grant'))
  })
}

for (const missing of ['code', 'redirect_uri', 'code_verifier', 'grant_type']) {
  t.test(`a request without ${missing} says so, and the code stays good`, async (t) => {
    const code = await codeFor(walks.id)
    const answer = await redeem(code, { [missing]: undefined })
    t.ok(isRefused(answer, 'invalid_request'))
    t.match(answer.body['error_description'], missing)
    t.equal((await redeem(code)).status, 200)
  })
}

t.test('a code is good once; a second use ends what the first one got', async (t) => {
  const code = await codeFor(walks.id)
  const first = await redeem(code)
  const next = await refresh(first.body['refresh_token'])
  t.equal(next.status, 200)
  t.ok(isRefused(await redeem(code), 'invalid_grant'))
  t.ok(isRefused(await refresh(next.body['refresh_token']), 'invalid_grant'))
})

t.test('of simultaneous uses of a code at most one is answered, and none is left', async (t) => {
  const code = await codeFor(walks.id)
  const answers = await Promise.all(Array.from({ length: 5 }, () => redeem(code)))
  const good = answers.filter(({ status }) => status === 200)
  t.equal(good.length, 1)
  t.ok(isRefused(await refresh(good[0]?.body['refresh_token']), 'invalid_grant'))
})

t.test('a code is good for a minute', async (t) => {
  const code = await codeFor(walks.id)
  clock.advance(60_000)
  t.ok(isRefused(await redeem(code), 'invalid_grant'))
})

t.test('a refresh token is good once; its second use ends the family', async (t) => {
  const first = await redeem(await codeFor(walks.id))
  const second = await refresh(first.body['refresh_token'])
  t.match(second.body, { scope: 'read:pets read:user', expires_in: 600 })
  t.match(await principalOf(second), { subject: ada })
  t.ok(isRefused(await refresh(first.body['refresh_token']), 'invalid_grant'))
  t.ok(isRefused(await refresh(second.body['refresh_token']), 'invalid_grant'))
})

t.test('a refresh may ask for less but never for more, and asking costs nothing', async (t) => {
  const first = await redeem(await codeFor(walks.id, { scope: 'read:user' }))
  const wider = await refresh(first.body['refresh_token'], { scope: 'read:user read:pets' })
  t.ok(isRefused(wider, 'invalid_scope'))
  t.ok(
    isRefused(await refresh(first.body['refresh_token'], { scope: 'nonsense' }), 'invalid_scope'),
  )
  const again = await refresh(first.body['refresh_token'], { scope: 'read:user' })
  t.equal(again.body['scope'], 'read:user')
})

t.test('less that was asked for once is not less for ever', async (t) => {
  const first = await redeem(await codeFor(walks.id))
  const less = await refresh(first.body['refresh_token'], { scope: 'read:pets' })
  t.equal(less.body['scope'], 'read:pets')
  t.equal((await refresh(less.body['refresh_token'])).body['scope'], 'read:pets read:user')
})

t.test('a refresh token of another client, or of a sign-in of our own, is not good', async (t) => {
  const first = await redeem(await codeFor(walks.id))
  const asPhone = { client_id: phone.id }
  t.ok(isRefused(await refresh(first.body['refresh_token'], asPhone, {} as never), 'invalid_grant'))
  t.ok(isRefused(await refresh(first.body['refresh_token']), 'invalid_grant'), 'it had leaked')
  const own = await ports.refreshTokens.create({ tenantId: SHARED_TENANT, userId: ada })
  t.ok(isRefused(await refresh(own), 'invalid_grant'))
  const theirs = await redeem(await codeFor(walks.id))
  const refreshToken = String(theirs.body['refresh_token'])
  const atV1 = await send({
    ...{ method: 'POST', url: '/v1/auth/tokens/refresh', payload: { refreshToken } },
  })
  t.equal(atV1.status, 401)
})

t.test('a client that was removed gets nothing any more', async (t) => {
  const short = await client()
  const first = await redeem(await codeFor(short.id), {}, short.basic)
  const code = await codeFor(short.id)
  await ports.oauth?.removeClient(short.id)
  t.ok(isRefused(await redeem(code, {}, short.basic), 'invalid_client'))
  t.ok(isRefused(await refresh(first.body['refresh_token'], {}, short.basic), 'invalid_client'))
})

t.test('a client without refresh tokens gets none', async (t) => {
  const plain = await client({ grantTypes: ['authorization_code'] })
  const answer = await redeem(await codeFor(plain.id), {}, plain.basic)
  t.equal(answer.status, 200)
  t.equal(answer.body['refresh_token'], undefined)
  t.ok(isRefused(await refresh('x', {}, plain.basic), 'unauthorized_client'))
})

t.test('a client acts for itself in its tenants, or in the one it names', async (t) => {
  const asked = { grant_type: 'client_credentials' }
  const answer = await token(asked, robot.basic)
  t.equal(answer.status, 200)
  t.equal(answer.body['refresh_token'], undefined)
  t.equal(answer.body['scope'], 'read:pets read:events')
  const all = { subject: robot.id, kind: 'client', tenants: [TENANT, SHARED_TENANT] }
  t.match(await principalOf(answer), all)
  const one = await token({ ...asked, tenant: TENANT, scope: 'read:pets' }, robot.basic)
  t.match(await principalOf(one), { tenants: [TENANT] })
  t.equal(one.body['scope'], 'read:pets')
  for (const tenant of [OTHER_TENANT, 'nonsense', `${TENANT} ${OTHER_TENANT}`]) {
    t.ok(isRefused(await token({ ...asked, tenant }, robot.basic), 'invalid_request'))
  }
  t.ok(isRefused(await token({ ...asked, scope: 'write:pets' }, robot.basic), 'invalid_scope'))
  t.ok(isRefused(await token(asked, walks.basic), 'unauthorized_client'))
})

t.test('whatever is wrong with a client, the answer is one and the same', async (t) => {
  const fields = { grant_type: 'client_credentials' }
  const answers = [
    await token(fields, { authorization: basicOf(robot.id, 'wrong') }),
    await token(fields, { authorization: basicOf('nobody', robot.secret) }),
    await token(fields, { authorization: basicOf(phone.id, 'a secret') }),
    await token(fields, { authorization: basicOf(robot.id, walks.secret) }),
    await token(fields, { authorization: 'Basic not!base64' }),
    await token(fields, { authorization: 'Basic bm8tY29sb24=' }),
    await token(fields, { authorization: `Bearer ${robot.secret}` }),
    await token({ ...fields, client_id: robot.id }),
    await token({ ...fields, client_id: robot.id, client_secret: 'wrong' }),
    await token({ ...fields, client_id: 'a\u0001' }),
    await token(fields),
  ]
  for (const answer of answers) {
    t.ok(isRefused(answer, 'invalid_client'))
    t.equal(answer.text, answers[0]?.text)
    t.match(answer.headers['www-authenticate'], /^Basic realm=/)
  }
})

t.test('what is not a form, or not one that is understood, is refused as a request', async (t) => {
  const asked = `grant_type=client_credentials`
  const many = Array.from({ length: 40 }, (_, index) => `p${index}=1`).join('&')
  for (const payload of [
    `${asked}&${asked}`,
    `${asked}&scope=a&scope=b`,
    `${asked}&state=${'x'.repeat(3_000)}`,
    `${asked}&${many}`,
    `${asked}&${'x'.repeat(20_000)}`,
    `${asked}&code=%00`,
  ]) {
    t.ok(isRefused(await token(payload, robot.basic), 'invalid_request'), payload.slice(0, 80))
  }
  const headers = { ...robot.basic, 'content-type': 'application/json' }
  const json = await send({ method: 'POST', url: '/oauth/token', payload: '{}', headers })
  t.ok(isRefused(json, 'invalid_request'))
  t.match(json.body['error_description'], 'x-www-form-urlencoded')
  const inQuery = await send({ method: 'POST', url: `/oauth/token?${asked}`, headers: robot.basic })
  t.ok(isRefused(inQuery, 'invalid_request'), 'what is in the address does not count')
  t.ok(isRefused(await token({ grant_type: 'password' }, robot.basic), 'unsupported_grant_type'))
  t.equal((await send({ method: 'GET', url: '/oauth/token' })).status, 405)
})

t.test('a revoked refresh token is over with its family; others are left alone', async (t) => {
  const revoke = (fields: Fields, headers: Record<string, string>) =>
    form('/oauth/revoke', fields, headers)
  const first = await redeem(await codeFor(walks.id))
  const second = await refresh(first.body['refresh_token'])
  const other = await redeem(await codeFor(walks.id))
  const [old, held] = [String(first.body['refresh_token']), String(second.body['refresh_token'])]
  const byPhone = await revoke({ token: held, client_id: phone.id }, {})
  t.equal(byPhone.status, 200, 'a token of somebody else is answered as one that never was')
  t.equal((await revoke({ token: 'made-up' }, walks.basic)).status, 200)
  const again = await refresh(held)
  t.equal(again.status, 200, 'and nothing came of it')
  const answer = await revoke({ token: old, token_type_hint: 'refresh_token' }, walks.basic)
  t.equal(answer.status, 200)
  t.equal(answer.text, '')
  t.ok(isRefused(await refresh(again.body['refresh_token']), 'invalid_grant'))
  t.equal((await refresh(other.body['refresh_token'])).status, 200)
  const accessToken = String(other.body['access_token'])
  t.ok(isRefused(await revoke({ token: accessToken }, walks.basic), 'unsupported_token_type'))
  t.ok(isRefused(await revoke({ token: held }, {}), 'invalid_client'))
  t.ok(isRefused(await revoke({}, walks.basic), 'invalid_request'))
})

t.test('requests are counted by address, and answered in the words of the protocol', async (t) => {
  const few = await oauthApp(t, { settings: { rateLimitPerMinute: 6 } })
  const headers = { 'x-forwarded-for': '192.0.2.9' }
  let answer = await few.form('/oauth/token', {}, headers)
  for (let round = 0; round < 6; round += 1) answer = await few.form('/oauth/token', {}, headers)
  t.equal(answer.status, 429)
  t.equal(answer.body['error'], 'temporarily_unavailable')
  t.match(answer.headers['retry-after'], /^\d+$/)
})
