// Devices: the codes they get, the pages on which their user answers, and how they learn of it.
import t from 'tap'
import { DEVICE_CODE_GRANT } from '../../../../src/core/oauth.ts'
import {
  type Answer,
  cookieOf,
  type Fields,
  fieldsOf,
  ISSUER,
  oauthApp,
  PASSWORD,
  TENANT,
} from './oauth-app.ts'

t.setTimeout(120_000) // passwords are slow by design

const rig = await oauthApp(t)
const { client, form, send, submit, clock, ports, ada, adaOfTenant } = rig
const tv = await client({ kind: 'public', name: 'TV', redirectUris: [] })
const ALLOW = { username: 'Ada', password: PASSWORD, decision: 'allow' }

const start = (changes: Fields = {}): Promise<Answer> =>
  form('/oauth/device_authorization', { client_id: tv.id, scope: 'read:pets', ...changes })
const poll = (deviceCode: unknown, clientId = tv.id): Promise<Answer> =>
  form('/oauth/token', {
    ...{ grant_type: DEVICE_CODE_GRANT, device_code: String(deviceCode), client_id: clientId },
  })
const openPage = (userCode = ''): Promise<Answer> =>
  send({ method: 'GET', url: `/oauth/device?user_code=${encodeURIComponent(userCode)}` })
/** The page on which the user agrees. */
const consentFor = async (userCode: unknown): Promise<Answer> =>
  submit('/oauth/device', await openPage(), { user_code: String(userCode) })

t.test(
  'a device gets two codes and is told where its user goes and how often to ask',
  async (t) => {
    const { status, body, headers } = await start()
    t.equal(status, 200)
    t.equal(headers['cache-control'], 'no-store')
    t.match(body['device_code'], /^[\w-]{43}$/)
    t.match(body['user_code'], /^[A-Z]{4}-[A-Z]{4}$/)
    t.match(body, {
      verification_uri: `${ISSUER}/oauth/device`,
      verification_uri_complete: `${ISSUER}/oauth/device?user_code=${String(body['user_code'])}`,
      expires_in: 600,
      interval: 5,
    })
  },
)

t.test(
  'the user types the code, sees what it is for, signs in, and the device gets a token',
  async (t) => {
    const { body } = await start({ scope: 'read:pets write:pets' })
    t.equal((await poll(body['device_code'])).body['error'], 'authorization_pending')
    const filled = await openPage(String(body['user_code']))
    t.equal(fieldsOf(filled.text)['user_code'], body['user_code'], 'a link may fill the code in')
    const written = filled.text.replaceAll(/ value="[^"]*"/g, '') // random text may hold any two letters
    t.notMatch(written, 'TV', 'and nothing more: the user goes on by hand')
    const page = await consentFor(String(body['user_code']).toLowerCase())
    t.equal(page.status, 200)
    for (const words of ['<strong>TV</strong>', 'see pets', 'change pets', 'the shared pool']) {
      t.match(page.text, words)
    }
    const wrong = await submit('/oauth/device', page, { ...ALLOW, password: 'wrong' })
    t.equal(wrong.status, 400)
    t.match(wrong.text, 'The username or the password is wrong.')
    const done = await submit('/oauth/device', page, ALLOW)
    t.match(done.text, 'You can go back to your device')
    clock.advance(5_000)
    const answer = await poll(body['device_code'])
    t.equal(answer.status, 200)
    t.equal(answer.body['scope'], 'read:pets', 'what the user may not do the device may not do')
    t.match(await ports.verifier.verify(String(answer.body['access_token'])), {
      ...{ subject: ada, kind: 'user' },
    })
    t.ok(answer.body['refresh_token'])
    t.equal((await poll(body['device_code'])).body['error'], 'invalid_grant', 'it is given once')
  },
)

t.test('a device that asks too often is told to slow down', async (t) => {
  const { body } = await start()
  await poll(body['device_code'])
  const answer = await poll(body['device_code'])
  t.equal(answer.status, 400)
  t.equal(answer.body['error'], 'slow_down')
})

t.test('a user who refuses needs no password, and the device is told', async (t) => {
  const { body } = await start()
  const page = await consentFor(body['user_code'])
  const done = await submit('/oauth/device', page, { decision: 'deny' })
  t.match(done.text, 'You refused')
  t.equal((await poll(body['device_code'])).body['error'], 'access_denied')
  t.equal((await submit('/oauth/device', page, ALLOW)).status, 400, 'which is the end of it')
})

t.test('codes run out', async (t) => {
  const { body } = await start()
  const page = await consentFor(body['user_code'])
  clock.advance(600_000)
  t.equal((await submit('/oauth/device', page, ALLOW)).status, 400)
  t.equal((await poll(body['device_code'])).body['error'], 'expired_token')
})

t.test('a device code is good for its client only', async (t) => {
  const other = await client({ kind: 'public' })
  const { body } = await start()
  await submit('/oauth/device', await consentFor(body['user_code']), ALLOW)
  t.equal((await poll(body['device_code'], other.id)).body['error'], 'invalid_grant')
  t.equal((await poll(body['device_code'])).status, 200)
})

t.test('the tenant is the one that the device named, and its users answer', async (t) => {
  const { body } = await start({ tenant: TENANT })
  const page = await consentFor(body['user_code'])
  t.match(page.text, `the tenant ${TENANT}`)
  await submit('/oauth/device', page, ALLOW)
  const answer = await poll(body['device_code'])
  t.match(await ports.verifier.verify(String(answer.body['access_token'])), {
    ...{ subject: adaOfTenant, tenants: [TENANT] },
  })
})

t.test('a user who has none of the scopes cannot give them', async (t) => {
  const { body } = await start({ scope: 'write:pets' })
  const answer = await submit('/oauth/device', await consentFor(body['user_code']), ALLOW)
  t.equal(answer.status, 400)
  t.match(answer.text, 'Nothing that the device asks for is yours')
})

t.test('what cannot be started is refused', async (t) => {
  const web = await client({ grantTypes: ['authorization_code'] })
  for (const [changes, error] of [
    [{ scope: 'admin' }, 'invalid_scope'],
    [{ tenant: '018f6f3a-0000-7000-8000-0000000000ff' }, 'invalid_request'],
    [{ client_id: 'nobody' }, 'invalid_client'],
    [{ client_id: web.id, client_secret: web.secret }, 'unauthorized_client'],
  ] as const) {
    t.equal((await start(changes)).body['error'], error)
  }
})

t.test('a form that did not come from our page is refused', async (t) => {
  const { body } = await start()
  const page = await consentFor(body['user_code'])
  const fields = { ...fieldsOf(page.text), ...ALLOW }
  t.equal((await form('/oauth/device', fields)).status, 403)
  t.equal((await poll(body['device_code'])).body['error'], 'authorization_pending')
  t.equal((await form('/oauth/device', fields, { cookie: cookieOf(page) })).status, 200)
})

t.test('guesses at user codes from one address are cut off', async (t) => {
  const page = await openPage()
  const cookie = cookieOf(page)
  const guess = (userCode: string, address: string): Promise<Answer> =>
    form(
      '/oauth/device',
      { ...fieldsOf(page.text), user_code: userCode },
      { cookie, 'x-forwarded-for': address },
    )
  for (let round = 0; round < 30; round += 1) {
    t.equal((await guess('BBBB-BBBB', '192.0.2.5')).status, 400)
  }
  const { body } = await start()
  const refused = await guess(String(body['user_code']), '192.0.2.5')
  t.equal(refused.status, 429)
  t.match(refused.headers['retry-after'], /^\d+$/)
  t.equal((await guess(String(body['user_code']), '192.0.2.6')).status, 200)
})

t.test('devices that one address may start are bounded', async (t) => {
  const headers = { 'x-forwarded-for': '192.0.2.7' }
  const statuses = new Set<number>()
  for (let round = 0; round < 101; round += 1) {
    const answer = await form('/oauth/device_authorization', { client_id: tv.id }, headers)
    statuses.add(answer.status)
  }
  t.strictSame([...statuses], [200, 429])
})
