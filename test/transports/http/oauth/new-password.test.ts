// A user whose password was stolen gets a new one: what the thief has agreed to in the user's name gives nothing then.
import t from 'tap'
import { DEVICE_CODE_GRANT } from '../../../../src/core/oauth.ts'
import {
  type Answer,
  type Fields,
  oauthApp,
  PASSWORD,
  REDIRECT_URI,
  VERIFIER,
} from './oauth-app.ts'

t.setTimeout(120_000) // passwords are slow by design

const { ada, client, clock, codeFor, form, send, submit } = await oauthApp(t)
const app = await client({ kind: 'public' })
const own = { client_id: app.id }
const token = (fields: Fields): Promise<Answer> => form('/oauth/token', { ...own, ...fields })

let password = PASSWORD
const changePassword = async (): Promise<void> => {
  const post = { method: 'POST', payload: { username: 'Ada', password } } as const
  const { body } = await send({ ...post, url: '/v1/auth/tokens' })
  const next = `${password}.`
  const changed = await send({
    ...{ method: 'PATCH', url: `/v1/users/${ada}` },
    headers: { authorization: `Bearer ${String(body['token'])}` },
    payload: { currentPassword: password, password: next },
  })
  if (changed.status !== 200) throw new Error(changed.text)
  password = next
}

const allowedDevice = async (): Promise<Fields> => {
  const { body } = await form('/oauth/device_authorization', { ...own, scope: 'read:pets' })
  const page = await send({ method: 'GET', url: '/oauth/device' })
  const typed = { user_code: String(body['user_code']) }
  const consent = await submit('/oauth/device', page, typed)
  const done = await submit('/oauth/device', consent, {
    ...{ username: 'Ada', password, decision: 'allow' },
  })
  t.match(done.text, 'You can go back to your device')
  clock.advance(5_000)
  return { grant_type: DEVICE_CODE_GRANT, device_code: String(body['device_code']) }
}
const codeOf = async (): Promise<Fields> => ({
  ...{ grant_type: 'authorization_code', redirect_uri: REDIRECT_URI, code_verifier: VERIFIER },
  code: await codeFor(app.id),
})

t.test('a code gives no tokens any more', async (t) => {
  const fields = await codeOf()
  await changePassword()
  t.match(await token(fields), { status: 400, body: { error: 'invalid_grant' } })
})

t.test('a device that was allowed gets none any more, until it is allowed anew', async (t) => {
  const fields = await allowedDevice()
  await changePassword()
  const refused = await token(fields)
  t.match(refused, { status: 400, body: { error: 'invalid_grant' } })
  t.equal(refused.body['refresh_token'], undefined)
  t.equal((await token(await allowedDevice())).status, 200)
})

t.test('what was fetched before is over too', async (t) => {
  const { body } = await token(await allowedDevice())
  const refresh = { grant_type: 'refresh_token', refresh_token: String(body['refresh_token']) }
  await changePassword()
  t.match(await token(refresh), { status: 400, body: { error: 'invalid_grant' } })
})
