// A client that somebody else wrote, over real sockets: discovery, each grant, refresh, reuse and revocation.
import type { AddressInfo } from 'node:net'
import * as oidc from 'openid-client'
import t, { type Test } from 'tap'
import { DEVICE_CODE_GRANT } from '../../../../src/core/oauth.ts'
import { encode, type Fields, fieldsOf, oauthApp, PASSWORD, TENANT } from './oauth-app.ts'

t.setTimeout(120_000) // passwords are slow by design

// Our name for ourselves is a public one; its bytes go to the port that we listen at.
const PUBLIC_URL = 'https://pawtrail.test'
const REDIRECT_URI = 'http://127.0.0.1:49152/cb'
const ALLOW = { username: 'Ada', password: PASSWORD, decision: 'allow' }

type FetchOptions = Readonly<{
  method: string
  headers: Record<string, string>
  body?: unknown
  signal?: AbortSignal
}>

const setUp = async (t: Test) => {
  const rig = await oauthApp(t, { settings: { publicUrl: PUBLIC_URL } })
  await rig.app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = rig.app.server.address() as AddressInfo
  const local = (url: string): string => url.replace(PUBLIC_URL, `http://127.0.0.1:${port}`)
  const customFetch = (url: string, { method, headers, body, signal }: FetchOptions) =>
    fetch(local(url), {
      ...{ method, headers, redirect: 'manual', body: body as URLSearchParams },
      ...(signal === undefined ? {} : { signal }),
    })
  const discover = (id: string, auth: oidc.ClientAuth) =>
    oidc.discovery(new URL(PUBLIC_URL), id, undefined, auth, {
      algorithm: 'oauth2',
      [oidc.customFetch]: customFetch,
    })
  /** What a browser does with a page of ours: keeps the cookie, sends the form. */
  const fill = async (
    url: string,
    path: string,
    ...typed: readonly Fields[]
  ): Promise<Response> => {
    let page = await fetch(local(url))
    const cookie = (page.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
    for (const fields of typed) {
      page = await fetch(local(`${PUBLIC_URL}${path}`), {
        method: 'POST',
        headers: { cookie, 'content-type': 'application/x-www-form-urlencoded' },
        body: encode({ ...fieldsOf(await page.text()), ...fields }),
        redirect: 'manual',
      })
    }
    return page
  }
  return { ...rig, discover, fill, local }
}

const app = {
  kind: 'public',
  redirectUris: ['http://127.0.0.1/cb'],
  grantTypes: ['authorization_code', 'refresh_token', DEVICE_CODE_GRANT],
} as const

/** The code of the error, as the client tells it. */
const refusal = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'accepted',
    (error: unknown) => {
      const { error: own, code } = error as Readonly<{ error?: string; code?: string }>
      return own ?? code
    },
  )

t.test(
  'it finds everything by itself, and an app gets, renews and gives up its tokens',
  async (t) => {
    const rig = await setUp(t)
    const { id } = await rig.client(app)
    const config = await rig.discover(id, oidc.None())
    const metadata = config.serverMetadata()
    t.equal(metadata.issuer, PUBLIC_URL)
    t.equal(metadata.supportsPKCE(), true)

    const verifier = oidc.randomPKCECodeVerifier()
    const state = oidc.randomState()
    const url = oidc.buildAuthorizationUrl(config, {
      ...{ redirect_uri: REDIRECT_URI, scope: 'read:pets read:user', state },
      ...{ code_challenge: await oidc.calculatePKCECodeChallenge(verifier) },
      code_challenge_method: 'S256',
    })
    const answer = await rig.fill(url.href, '/oauth/authorize', ALLOW)
    t.equal(answer.status, 303)
    const back = new URL(answer.headers.get('location') ?? '')
    const checks = { pkceCodeVerifier: verifier, expectedState: state }
    const tokens = await oidc.authorizationCodeGrant(config, back, checks)
    t.equal(tokens.scope, 'read:pets read:user')
    t.equal(tokens.expires_in, 600)
    const own = await oidc.fetchProtectedResource(
      config,
      tokens.access_token,
      new URL(`${PUBLIC_URL}/v1/users/${rig.ada}`),
      'GET',
    )
    t.match(await own.json(), { id: rig.ada, username: 'Ada' })

    const renewed = await oidc.refreshTokenGrant(config, tokens.refresh_token ?? '')
    t.not(renewed.refresh_token, tokens.refresh_token)
    t.equal(
      await refusal(oidc.refreshTokenGrant(config, tokens.refresh_token ?? '')),
      'invalid_grant',
    )
    t.equal(
      await refusal(oidc.refreshTokenGrant(config, renewed.refresh_token ?? '')),
      'invalid_grant',
    )
    t.equal(await refusal(oidc.authorizationCodeGrant(config, back, checks)), 'invalid_grant')
  },
)

t.test('it notices an answer that is not ours, and hears when the user refuses', async (t) => {
  const rig = await setUp(t)
  const { id } = await rig.client(app)
  const config = await rig.discover(id, oidc.None())
  const url = oidc.buildAuthorizationUrl(config, {
    ...{ redirect_uri: REDIRECT_URI, state: 'one', code_challenge_method: 'S256' },
    code_challenge: await oidc.calculatePKCECodeChallenge('v'.repeat(43)),
  })
  const answer = await rig.fill(url.href, '/oauth/authorize', { decision: 'deny' })
  const back = new URL(answer.headers.get('location') ?? '')
  const checks = { pkceCodeVerifier: 'v'.repeat(43), expectedState: 'one' }
  t.equal(await refusal(oidc.authorizationCodeGrant(config, back, checks)), 'access_denied')
  back.searchParams.set('iss', 'https://evil.example')
  t.equal(
    await refusal(oidc.authorizationCodeGrant(config, back, checks)),
    'OAUTH_INVALID_RESPONSE',
  )
})

for (const [way, auth] of [
  ['HTTP Basic', oidc.ClientSecretBasic],
  ['the form', oidc.ClientSecretPost],
] as const) {
  t.test(`a server gets a token of its own by ${way}`, async (t) => {
    const rig = await setUp(t)
    const robot = { ...app, kind: 'confidential', redirectUris: [], tenants: [TENANT] } as const
    const { id, secret } = await rig.client({ ...robot, grantTypes: ['client_credentials'] })
    const config = await rig.discover(id, auth(secret))
    const tokens = await oidc.clientCredentialsGrant(config, { scope: 'read:pets' })
    const url = new URL(`${PUBLIC_URL}/v1/inventories`)
    const headers = new Headers({ 'x-tenant-id': TENANT })
    const read = oidc.fetchProtectedResource(config, tokens.access_token, url, 'GET', null, headers)
    t.equal((await read).status, 200)
    const wrong = await rig.discover(id, auth('wrong'))
    t.equal(await refusal(oidc.clientCredentialsGrant(wrong)), 'OAUTH_WWW_AUTHENTICATE_CHALLENGE')
  })
}

t.test('a device gets its tokens once its user has agreed, and gives them back', async (t) => {
  const rig = await setUp(t)
  const { id } = await rig.client(app)
  const config = await rig.discover(id, oidc.None())
  const started = await oidc.initiateDeviceAuthorization(config, { scope: 'read:pets' })
  const done = await rig.fill(started.verification_uri, '/oauth/device', {
    user_code: started.user_code,
  })
  t.match(await done.text(), 'see pets')
  const link = started.verification_uri_complete ?? ''
  t.match(await (await rig.fill(link, '/oauth/device', {}, ALLOW)).text(), 'go back to your device')
  // It waits as long as it was told to, before it asks: not five seconds, in a test.
  const tokens = await oidc.pollDeviceAuthorizationGrant(config, { ...started, interval: 0.01 })
  t.equal(tokens.scope, 'read:pets')
  await oidc.tokenRevocation(config, tokens.refresh_token ?? '')
  t.equal(
    await refusal(oidc.refreshTokenGrant(config, tokens.refresh_token ?? '')),
    'invalid_grant',
  )
})
