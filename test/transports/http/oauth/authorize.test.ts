// Signing in and agreeing on our page: what it shows, where it leads, and what it never does.
import { createHash } from 'node:crypto'
import t from 'tap'
import {
  cookieOf,
  fieldsOf,
  ISSUER,
  oauthApp,
  PASSWORD,
  REDIRECT_URI,
  returned,
  TENANT,
} from './oauth-app.ts'

t.setTimeout(120_000) // passwords are slow by design

const rig = await oauthApp(t)
const { ask, submit, agree, client, form, send } = rig
const walks = await client()
const ALLOW = { username: 'Ada', password: PASSWORD, decision: 'allow' }

t.test(
  'the page names the client, the place and the scopes, and asks for a password',
  async (t) => {
    const page = await ask(walks.id)
    t.equal(page.status, 200)
    t.match(page.headers['content-type'], 'text/html; charset=utf-8')
    t.match(page.text, 'Walks &amp; &lt;b&gt;More&lt;/b&gt;')
    for (const words of ['the shared pool', 'see pets', 'see your profile', 'type="password"']) {
      t.match(page.text, words)
    }
    t.notMatch(page.text, 'change pets')
  },
)

t.test(
  'the page may load nothing, run nothing, be framed by nobody and be kept nowhere',
  async (t) => {
    const { headers, text } = await ask(walks.id)
    const policy = String(headers['content-security-policy'])
    t.match(
      policy,
      /^default-src 'none'; style-src 'sha256-[\w+/]{43}='; form-action 'self' https:\/\/walks\.example; /,
    )
    t.match(policy, /base-uri 'none'; frame-ancestors 'none'$/)
    t.notMatch(policy, /script|unsafe|\*/)
    const style = /<style>([^]*?)<\/style>/.exec(text)?.[1] ?? ''
    t.match(policy, `'sha256-${createHash('sha256').update(style).digest('base64')}'`)
    t.notMatch(text, /<script|javascript:| on\w+=/i)
    t.match(headers, {
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-frame-options': 'DENY',
      'x-content-type-options': 'nosniff',
    })
    t.match(
      headers['set-cookie'],
      /^__Host-pawtrail-form=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; .*Secure$/,
    )
    const read = await send({
      method: 'GET',
      url: '/oauth/authorize',
      headers: { origin: 'https://evil.example' },
    })
    t.equal(read.headers['access-control-allow-origin'], undefined, 'no other site reads it')
  },
)

t.test('who signs in and allows is sent back with a code, the state and our name', async (t) => {
  const answer = await agree(walks.id, { state: 'a&b=c#d\r\nX-Evil: 1' })
  t.equal(answer.status, 303)
  t.match(answer.headers, { 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' })
  t.ok(String(answer.headers.location).startsWith(`${REDIRECT_URI}&`), 'its own query is kept')
  const back = returned(answer)
  t.strictSame([...back.keys()], ['from', 'code', 'state', 'iss'])
  t.match(back.get('code'), /^[\w-]{43}$/)
  t.equal(back.get('state'), 'a&b=c#d\r\nX-Evil: 1')
  t.equal(back.get('iss'), ISSUER)
  t.equal(answer.headers['x-evil'], undefined)
  t.notMatch(String(answer.headers.location), /[\r\n\s]/)
})

t.test('who refuses is sent back without a code, and needs no password for it', async (t) => {
  const answer = await submit('/oauth/authorize', await ask(walks.id), { decision: 'deny' })
  t.equal(answer.status, 303)
  const back = returned(answer)
  t.equal(back.get('error'), 'access_denied')
  t.equal(back.get('state'), 'the state')
  t.equal(back.get('iss'), ISSUER)
  t.equal(back.get('code'), null)
})

t.test(
  'a wrong password, an unknown name and one of another tenant get the same page again',
  async (t) => {
    const page = await ask(walks.id)
    const texts: string[] = []
    for (const typed of [
      { username: 'Ada', password: 'wrong password' },
      { username: 'Bob', password: PASSWORD },
    ]) {
      const answer = await submit('/oauth/authorize', page, { ...ALLOW, ...typed })
      t.equal(answer.status, 400)
      t.equal(answer.headers.location, undefined)
      t.match(answer.text, 'The username or the password is wrong.')
      t.notMatch(answer.text, typed.password, 'a password is not sent back')
      texts.push(answer.text.replaceAll(typed.username, '-'))
    }
    t.equal(texts[0], texts[1])
    const retried = await submit('/oauth/authorize', page, ALLOW)
    t.equal(retried.status, 303)
  },
)

t.test('attempts are counted together with those at /v1/auth/tokens', async (t) => {
  const headers = { 'x-forwarded-for': '192.0.2.77' }
  for (let round = 0; round < 10; round += 1) {
    const payload = { username: 'Ada', password: `wrong ${round}` }
    const answer = await send({ method: 'POST', url: '/v1/auth/tokens', payload, headers })
    t.equal(answer.status, 401)
  }
  const page = await ask(walks.id)
  const answer = await form(
    '/oauth/authorize',
    { ...fieldsOf(page.text), ...ALLOW },
    { ...headers, cookie: cookieOf(page) },
  )
  t.equal(answer.status, 429)
  t.match(answer.headers['retry-after'], /^\d+$/)
  t.match(answer.text, 'Too many attempts')
  t.equal((await submit('/oauth/authorize', page, ALLOW)).status, 303, 'not from elsewhere')
})

t.test('a form that did not come from our page is refused', async (t) => {
  const page = await ask(walks.id)
  const fields = { ...fieldsOf(page.text), ...ALLOW }
  const cookie = cookieOf(page)
  const other = cookieOf(await ask(walks.id))
  for (const [headers, changes] of [
    [{}, {}],
    [{ cookie: other }, {}],
    [{ cookie }, { form_token: undefined }],
    [{ cookie }, { form_token: 'x'.repeat(43) }],
    [{ cookie, 'sec-fetch-site': 'cross-site' }, {}],
    [{ cookie: `${cookie}x` }, {}],
  ] as const) {
    const answer = await form('/oauth/authorize', { ...fields, ...changes }, { ...headers })
    t.equal(answer.status, 403, JSON.stringify(headers))
    t.equal(answer.headers.location, undefined)
  }
  const headers = { cookie: `a=b; ${cookie}; c=d`, 'sec-fetch-site': 'same-origin' }
  t.equal((await form('/oauth/authorize', fields, headers)).status, 303)
})

t.test('pages that are open side by side all work', async (t) => {
  const first = await ask(walks.id)
  const cookie = cookieOf(first)
  const second = await send({
    method: 'GET',
    url: `/oauth/authorize?client_id=${walks.id}`,
    headers: { cookie },
  })
  t.equal(second.status, 400)
  t.equal((await submit('/oauth/authorize', first, ALLOW)).status, 303)
})

const EVIL = 'https://evil.example/cb'
for (const [what, changes] of [
  ['another redirect URI', { redirect_uri: EVIL }],
  ['no redirect URI', { redirect_uri: undefined }],
  ['a longer one', { redirect_uri: `${REDIRECT_URI}&x=1` }],
  ['one with another path', { redirect_uri: 'https://walks.example/cb/../x' }],
  ['one with a user in it', { redirect_uri: 'https://walks.example@evil.example/cb' }],
  ['one with another port', { redirect_uri: 'https://walks.example:8443/cb?from=pets' }],
  ['one that a browser runs', { redirect_uri: 'javascript:alert(1)//' }],
  ['one with a line break', { redirect_uri: `${REDIRECT_URI}\r\nX-Evil: 1` }],
  ['this machine by name', { redirect_uri: 'http://localhost:4000/cb' }],
  ['another path on this machine', { redirect_uri: 'http://127.0.0.1:4000/other' }],
  ['an unknown client', { client_id: 'nobody' }],
  ['no client', { client_id: undefined }],
  ['markup for a client', { client_id: '<script>alert(1)</script>' }],
  ['a parameter with NUL', { client_id: 'a\u0000b' }],
] as const) {
  t.test(`${what} is shown and leads nowhere`, async (t) => {
    const page = await ask(walks.id, changes)
    t.equal(page.status, 400)
    t.equal(page.headers.location, undefined)
    t.match(page.headers['content-type'], 'text/html')
    for (const words of ['evil.example', 'alert', '<script']) t.notMatch(page.text, words)
  })
}

for (const redirectUri of [
  'http://127.0.0.1:49152/cb',
  'http://127.0.0.1/cb',
  'org.example.walks:/cb',
]) {
  t.test(`an app may be answered at ${redirectUri}`, async (t) => {
    const page = await ask(walks.id, { redirect_uri: redirectUri })
    t.equal(page.status, 200)
    const answer = await submit('/oauth/authorize', page, ALLOW)
    t.ok(String(answer.headers.location).startsWith(`${redirectUri}?code=`))
    const target = redirectUri.startsWith('http')
      ? new URL(redirectUri).origin
      : 'org.example.walks:'
    t.match(page.headers['content-security-policy'], `form-action 'self' ${target};`)
  })
}

for (const [what, changes, error] of [
  ['another response type', { response_type: 'token' }, 'unsupported_response_type'],
  ['no response type', { response_type: undefined }, 'unsupported_response_type'],
  ['an answer in the fragment', { response_mode: 'fragment' }, 'invalid_request'],
  ['no challenge', { code_challenge: undefined }, 'invalid_request'],
  ['a plain challenge', { code_challenge_method: 'plain' }, 'invalid_request'],
  ['a challenge without its method', { code_challenge_method: undefined }, 'invalid_request'],
  ['a challenge of the wrong length', { code_challenge: 'abc' }, 'invalid_request'],
  ['a scope that the client may not have', { scope: 'admin' }, 'invalid_scope'],
  ['a scope that does not exist', { scope: 'openid' }, 'invalid_scope'],
  ['a malformed scope', { scope: 'read:pets "' }, 'invalid_scope'],
  [
    'a tenant that is not the client’s',
    { tenant: '018f6f3a-0000-7000-8000-0000000000ff' },
    'invalid_request',
  ],
  ['a tenant that is none', { tenant: "' or 1=1" }, 'invalid_request'],
] as const) {
  t.test(`${what} is answered to the client with ${error}`, async (t) => {
    const answer = await ask(walks.id, changes)
    t.equal(answer.status, 303)
    const back = returned(answer)
    t.equal(back.get('error'), error)
    t.equal(back.get('state'), 'the state')
    t.equal(back.get('iss'), ISSUER)
    t.ok(String(answer.headers.location).startsWith(REDIRECT_URI))
  })
}

t.test('a client that may not send users is told so', async (t) => {
  const device = await client({
    grantTypes: ['urn:ietf:params:oauth:grant-type:device_code'],
  })
  t.equal(returned(await ask(device.id)).get('error'), 'unauthorized_client')
})

t.test('a user signs in at the tenant that is named, and only there', async (t) => {
  const page = await ask(walks.id, { tenant: TENANT })
  t.match(page.text, `the tenant ${TENANT}`)
  t.equal((await submit('/oauth/authorize', page, ALLOW)).status, 303)
  const elsewhere = { tenant: '018f6f3a-0000-7000-8000-0000000000ff' }
  const moved = await submit('/oauth/authorize', page, { ...ALLOW, ...elsewhere })
  t.equal(returned(moved).get('error'), 'invalid_request', 'also when the form is changed')
})

t.test('a user who has none of the scopes gives none', async (t) => {
  const answer = await agree(walks.id, { scope: 'write:pets' })
  t.equal(returned(answer).get('error'), 'invalid_scope')
  t.equal(returned(answer).get('code'), null)
})

t.test('markup in any parameter or field stays text', async (t) => {
  const evil = `"><script>alert(1)</script>'`
  const page = await ask(walks.id, { state: evil })
  t.notMatch(page.text, '<script')
  t.equal(fieldsOf(page.text)['state'], evil)
  const again = await submit('/oauth/authorize', page, { ...ALLOW, username: evil })
  t.notMatch(again.text, '<script')
  t.equal(fieldsOf(again.text)['username'], evil)
  const device = await send({
    method: 'GET',
    url: `/oauth/device?user_code=${encodeURIComponent(evil)}`,
  })
  t.notMatch(device.text, '<script')
})

t.test('a parameter that is given twice, or is too much, is refused', async (t) => {
  const base = `/oauth/authorize?client_id=${walks.id}&redirect_uri=${encodeURIComponent(REDIRECT_URI)}`
  const many = Array.from({ length: 40 }, (_, index) => `p${index}=1`).join('&')
  for (const url of [
    `${base}&state=1&state=2`,
    `${base}&redirect_uri=x`,
    `${base}&state=${'x'.repeat(3_000)}`,
    `${base}&${'n'.repeat(100)}=1`,
    `${base}&${many}`,
  ]) {
    const answer = await send({ method: 'GET', url })
    t.equal(answer.status, 400, url.slice(0, 160))
    t.equal(answer.headers.location, undefined)
  }
})
