// Who gets in: tokens, tenants, scopes and the rate limit, before any route runs.
// What every request passes: the token, the tenant, the rate.
import t from 'tap'
import { httpApp, LUNA, OTHER_TENANT, TENANT } from './http-app.ts'

const rig = await httpApp(t)
const { app, as, inTenant } = rig

t.test('a bad token is a 401 even where reading is public', async (t) => {
  for (const authorization of ['Bearer nonsense', 'Basic c3RhZmY6', 'Bearer', 'Bearer a b']) {
    const response = await app.inject({ url: '/v1/pets', headers: { authorization } })
    t.equal(response.statusCode, 401, authorization)
    t.match(response.headers['www-authenticate'], /^Bearer error="invalid_token"/)
  }
})

t.test('addresses of one IPv6 network are counted together', async (t) => {
  const counted = await httpApp(t, { settings: { rateLimitPerMinute: 1, trustProxy: true } })
  const statuses: number[] = []
  for (const address of ['2001:db8::1', '2001:db8::2', '2001:db8:0:0:f::', '2001:db8:0:1::1']) {
    const headers = { 'x-forwarded-for': address }
    statuses.push((await counted.app.inject({ url: '/v1/shelters', headers })).statusCode)
  }
  t.strictSame(statuses, [200, 429, 429, 200])
})

t.test('what is wanted of a token is said in WWW-Authenticate', async (t) => {
  const none = await app.inject({ method: 'POST', url: '/v1/pets', payload: LUNA })
  t.equal(none.headers['www-authenticate'], 'Bearer scope="write:pets"')
  const weak = await app.inject({
    method: 'POST',
    url: '/v1/pets',
    headers: as('reader'),
    payload: LUNA,
  })
  t.match(weak.headers['www-authenticate'], /insufficient_scope/)
})

t.test('a tenant is named by one UUID, and its pets are seen by nobody else', async (t) => {
  const { url } = await rig.admit({}, inTenant('staff'))
  await rig.settled()
  t.equal((await app.inject({ url, headers: { 'x-tenant-id': TENANT } })).statusCode, 200)
  t.equal(
    (await app.inject({ url, headers: { 'x-tenant-id': TENANT.toUpperCase() } })).statusCode,
    200,
  )
  t.equal((await app.inject({ url })).statusCode, 404)
  t.equal((await app.inject({ url, headers: { 'x-tenant-id': OTHER_TENANT } })).statusCode, 404)
  for (const bad of [
    '',
    'shared',
    '123',
    `${TENANT}, ${TENANT}`,
    '0199f3a0-7c1e-1a01-8000-00000000000a',
  ]) {
    t.equal((await app.inject({ url, headers: { 'x-tenant-id': bad } })).statusCode, 400, bad)
  }
})

t.test(
  'a token is good for its own tenants only; without the header it reads as the public does',
  async (t) => {
    t.equal((await app.inject({ url: '/v1/pets', headers: inTenant('elsewhere') })).statusCode, 403)
    t.equal((await app.inject({ url: '/v1/pets', headers: as('elsewhere') })).statusCode, 200)
    const write = {
      method: 'POST',
      url: '/v1/pets',
      headers: as('elsewhere'),
      payload: LUNA,
    } as const
    t.equal((await app.inject(write)).statusCode, 403)
    const hidden = '/v1/pets?status=NOT_AVAILABLE'
    t.equal((await app.inject({ url: hidden, headers: as('elsewhere') })).statusCode, 400)
    t.equal((await app.inject({ url: hidden })).statusCode, 400)
    t.equal((await app.inject({ url: hidden, headers: as('staff') })).statusCode, 200)
    t.equal(
      (await app.inject({ url: hidden })).statusCode,
      400,
      'what staff may see is not served to others',
    )
  },
)

t.test(
  "where reads are not public, a tenant's pets and shelters need a token that may read them",
  async (t) => {
    const { app, inTenant } = await httpApp(t, { settings: { publicReads: false } })
    for (const url of ['/v1/pets', '/v1/shelters', '/v1/inventory']) {
      t.equal((await app.inject({ url, headers: { 'x-tenant-id': TENANT } })).statusCode, 401, url)
      t.equal((await app.inject({ url, headers: inTenant('colleague') })).statusCode, 403, url)
      t.equal((await app.inject({ url, headers: inTenant('reader') })).statusCode, 200, url)
      t.equal(
        (await app.inject({ url, headers: { 'x-tenant-id': TENANT } })).statusCode,
        401,
        `${url} from the cache`,
      )
      t.equal((await app.inject({ url })).statusCode, 200, `${url} of the shared pool`)
    }
  },
)

t.test(
  'the rate limit is counted for each caller, said on every answer, and refused with Retry-After',
  async (t) => {
    const { app, as, ports } = await httpApp(t, { settings: { rateLimitPerMinute: 3 } })
    const before = ports.clock() / 1000
    const first = await app.inject('/v1/pets')
    t.match(first.headers, {
      'ratelimit-limit': '3',
      'ratelimit-remaining': '2',
      'ratelimit-policy': '"default";q=3;w=60',
      ratelimit: /^"default";r=2;t=\d+$/,
    })
    const reset = Number(first.headers['ratelimit-reset'])
    t.ok(reset > before && reset <= ports.clock() / 1000 + 61, 'a unix time within the window')
    t.equal(
      (await app.inject('/v1/pets?page=0')).headers['ratelimit-remaining'],
      '1',
      'on a refusal',
    )
    const head = await app.inject({ method: 'HEAD', url: '/v1/pets' })
    t.equal(head.headers['ratelimit-remaining'], '0', 'HEAD is counted once')
    const refused = await app.inject('/v1/dragons')
    t.equal(refused.statusCode, 429)
    t.strictSame(
      refused.json(),
      {
        type: 'https://petstoreapi.com/errors/rate-limit-exceeded',
        title: 'Rate Limit Exceeded',
        status: 429,
        detail: 'You have exceeded the rate limit of 3 requests per minute',
        instance: '/v1/dragons',
      },
      'word for word as documented',
    )
    t.ok(Number(refused.headers['retry-after']) >= 1)
    t.equal(
      (await app.inject({ url: '/v1/pets', headers: as('staff') })).statusCode,
      200,
      'another caller',
    )
    for (const url of ['/livez', '/readyz', '/metrics', '/.well-known/jwks.json']) {
      t.equal((await app.inject(url)).statusCode, 200, url)
    }
  },
)

t.test('every answer carries its request id; a sane one is taken over', async (t) => {
  const given = await app.inject({ url: '/livez', headers: { 'x-request-id': 'abc-123' } })
  t.equal(given.headers['x-request-id'], 'abc-123')
  const odd = await app.inject({ url: '/livez', headers: { 'x-request-id': 'a b\tc' } })
  t.match(odd.headers['x-request-id'], /^[0-9a-f-]{36}$/)
})
