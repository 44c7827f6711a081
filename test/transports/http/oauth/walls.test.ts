// Between tenants, and where the authorization server is not: what nobody gets by naming somebody else's tenant, and
// what is in no log line.
import { Validator } from '@seriousme/openapi-schema-validator'
import t from 'tap'
import type { Logger } from '../../../../src/core/logger.ts'
import { DEVICE_CODE_GRANT } from '../../../../src/core/oauth.ts'
import { testApp } from '../../../support/app.ts'
import {
  type Answer,
  oauthApp,
  OTHER_TENANT,
  PASSWORD,
  REDIRECT_URI,
  returned,
  TENANT,
  VERIFIER,
} from './oauth-app.ts'

t.setTimeout(120_000) // passwords are slow by design

type Published = Readonly<{
  paths: Record<string, Record<string, Readonly<{ security?: unknown }>>>
  components: Readonly<{ securitySchemes: Record<string, object> }>
}>

const ALLOW = { username: 'Ada', password: PASSWORD, decision: 'allow' }

t.test('a client of one tenant reaches no other, whatever it names and wherever', async (t) => {
  const { client, form, ask, submit, ports } = await oauthApp(t)
  const ours = await client({ tenants: [OTHER_TENANT] })
  const robot = await client({
    ...{ grantTypes: ['client_credentials'], redirectUris: [], tenants: [OTHER_TENANT] },
  })
  for (const tenant of [TENANT, TENANT.toUpperCase(), 'shared', `${OTHER_TENANT},${TENANT}`, '*']) {
    t.equal(returned(await ask(ours.id, { tenant })).get('error'), 'invalid_request', tenant)
    const started = await form('/oauth/device_authorization', { tenant }, ours.basic)
    t.equal(started.body['error'], 'invalid_request', tenant)
    const fields = { grant_type: 'client_credentials', tenant }
    t.equal((await form('/oauth/token', fields, robot.basic)).body['error'], 'invalid_request')
  }
  t.equal(returned(await ask(ours.id)).get('error'), 'invalid_request', 'nor the shared pool')
  const headers = { ...robot.basic, 'x-tenant-id': TENANT }
  const own = await form('/oauth/token', { grant_type: 'client_credentials' }, headers)
  const principal = await ports.verifier.verify(String(own.body['access_token']))
  t.strictSame(principal?.tenants, [OTHER_TENANT])
  const page = await ask(ours.id, { tenant: OTHER_TENANT })
  const answer = await submit('/oauth/authorize', page, ALLOW)
  t.equal(answer.status, 400, 'users of other tenants are not known there')
  t.match(answer.text, 'The username or the password is wrong.')
})

t.test('a token that a user of one tenant allowed opens nothing in another', async (t) => {
  const { client, codeFor, form, send } = await oauthApp(t)
  const { id, basic } = await client()
  const fields = { grant_type: 'authorization_code', redirect_uri: REDIRECT_URI }
  const code = await codeFor(id, { tenant: TENANT })
  const tokens = await form('/oauth/token', { ...fields, code, code_verifier: VERIFIER }, basic)
  const authorization = `Bearer ${String(tokens.body['access_token'])}`
  const read = async (headers: Record<string, string>): Promise<number> =>
    (await send({ method: 'GET', url: '/v1/inventories', headers })).status
  t.equal(await read({ authorization, 'x-tenant-id': TENANT }), 200)
  t.equal(await read({ authorization, 'x-tenant-id': OTHER_TENANT }), 403)
  t.equal(await read({ authorization }), 403)
})

t.test('no secret, code, token or password is in a log line', async (t) => {
  const lines: string[] = []
  const log = (...line: unknown[]): void => void lines.push(JSON.stringify(line))
  const logger: Logger = { debug: log, info: log, warn: log, error: log }
  const { client, codeFor, form, ask, submit } = await oauthApp(t, { ports: { logger } })
  const { id, secret, basic } = await client()
  const code = await codeFor(id)
  const fields = { grant_type: 'authorization_code', redirect_uri: REDIRECT_URI, code }
  const good = await form('/oauth/token', { ...fields, code_verifier: VERIFIER }, basic)
  await submit('/oauth/authorize', await ask(id), { ...ALLOW, password: 'wrong password' })
  const device = await form('/oauth/device_authorization', {}, basic)
  const deviceCode = String(device.body['device_code'])
  const poll = { grant_type: DEVICE_CODE_GRANT, device_code: deviceCode }
  await form('/oauth/token', { ...poll, client_id: id, client_secret: secret })
  await form('/oauth/revoke', { token: String(good.body['refresh_token']) }, basic)
  t.ok(lines.length > 5, 'there are log lines')
  const text = lines.join('\n')
  for (const held of [
    ...[secret, code, VERIFIER, PASSWORD, 'wrong password', deviceCode],
    ...[good.body['access_token'], good.body['refresh_token'], device.body['user_code']],
  ]) {
    t.notOk(text.includes(String(held)))
  }
})

t.test('with an outside identity provider nobody gets a token here', async (t) => {
  const { app } = await testApp(t, { ports: { oauth: undefined } })
  const document = (await app.inject('/v1/openapi.json')).json<Published>()
  for (const url of [
    '/.well-known/oauth-authorization-server',
    '/.well-known/jwks.json',
    '/oauth/authorize',
    '/oauth/token',
    '/oauth/device',
    '/oauth/device_authorization',
    '/oauth/revoke',
    '/v1/auth/tokens',
    '/v1/auth/tokens/refresh',
    '/v1/auth/tokens/revoke',
    '/v1/users',
    '/v1/users/someone',
  ]) {
    t.equal((await app.inject({ url })).statusCode, 404, url)
    t.equal((await app.inject({ method: 'POST', url })).statusCode, 404, url)
    t.notOk(url in document.paths, url)
  }
  t.notOk('/v1/users/{id}' in document.paths)
  t.notMatch((await app.inject('/')).body, 'jwks')
  for (const url of ['/v1/openapi.json', '/v1/openapi-3.1.json', '/classic/openapi.json']) {
    const published = (await app.inject(url)).json<Published>()
    const { bearerAuth, ...others } = published.components.securitySchemes
    t.match(bearerAuth, { scheme: 'bearer', description: /outside identity provider/ }, url)
    t.strictSame(others, {}, url)
    t.notMatch(JSON.stringify(published), /oauth/i, url)
    const { valid, errors } = await new Validator().validate(published)
    t.ok(valid, JSON.stringify(errors) ?? '')
  }
  const { security } = document.paths['/v1/pets']?.['post'] ?? {}
  t.strictSame(security, [{ bearerAuth: ['write:pets'] }])
})

t.test('what it says of itself is complete and true', async (t) => {
  const { send } = await oauthApp(t)
  const url = '/.well-known/oauth-authorization-server'
  const answer: Answer = await send({ method: 'GET', url })
  t.equal(answer.status, 200)
  t.match(answer.body, {
    issuer: 'https://pets.test',
    response_types_supported: ['code'],
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
    authorization_response_iss_parameter_supported: true,
  })
  for (const [name, address] of Object.entries(answer.body)) {
    if (!name.endsWith('_endpoint') && name !== 'jwks_uri') continue
    const path = new URL(String(address)).pathname
    t.not((await send({ method: 'OPTIONS', url: path })).status, 404, path)
  }
})
