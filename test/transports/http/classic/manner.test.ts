// How the classic profile refuses: every status in its own body and fields, and nothing of it where the other profile
// answers.
import { STATUS_CODES } from 'node:http'
import t from 'tap'
import { Fault } from '../../../../src/core/fault.ts'
import { disturbedStore, type DisturbedStore } from '../failing-parts.ts'
import { classicApp, HARBOUR, LUNA, saysNo } from './classic-app.ts'

let store: DisturbedStore | undefined
const rig = await classicApp(t, {
  ports: (real) => {
    store = disturbedStore(real.eventStore)
    return { eventStore: store.eventStore }
  },
})
const client = rig.clientOf(rig.as('staff'))

const no = (code: number, message: string | RegExp) => ({
  code,
  error: STATUS_CODES[code],
  message,
  status: code,
})

t.test('who has no token is told 401, whose token is not good 403', async (t) => {
  const { id } = await client.admit()
  const { id: shelter } = await client.shelter()
  const writes = [
    ['POST', '/pets', LUNA],
    ['PUT', `/pets/${id}`, LUNA],
    ['PATCH', `/pets/${id}`, { name: 'Mine' }],
    ['DELETE', `/pets/${id}`, undefined],
    ['POST', '/shelters', HARBOUR],
    ['PUT', `/shelters/${shelter}`, HARBOUR],
    ['PATCH', `/classic/shelters/${shelter}`, { name: 'Mine' }],
  ] as const
  for (const [method, url, payload] of writes) {
    const as = (headers: Record<string, string>) =>
      client.send(method, url, { headers, ...(payload && { payload }) })
    const missing = await as({})
    t.match(saysNo(missing), no(401, 'A bearer token is required.'))
    t.match(missing.headers['www-authenticate'], /^Bearer/)
    for (const authorization of ['Bearer nope', 'Basic eDp5', 'Bearer']) {
      t.match(saysNo(await as({ authorization })), no(403, /not valid, or has expired/))
    }
    t.match(saysNo(await as({ ...rig.as('reader') })), no(403, /write:pets/))
    t.match(saysNo(await as({ ...rig.as('elsewhere') })), no(403, /tenant/))
  }
  const read = await client.get('/pets', { authorization: 'Bearer nope' })
  t.match(saysNo(read), no(403, /not valid/), 'on a read too')
  t.equal((await client.get(`/pets/${id}`)).json<{ name: string }>().name, 'Luna')
})

t.test(
  'a path that is not there says so in the words of the profile that it belongs to',
  async (t) => {
    const classic = ['/nothing', '/pet', '/pets/1/photos', '/classic', '/classic/nothing', '/v1x']
    for (const url of classic) {
      for (const method of ['GET', 'POST', 'DELETE'] as const) {
        const answer = await client.send(method, url, { headers: {} })
        t.strictSame(saysNo(answer), no(404, 'The requested endpoint does not exist.'), url)
        t.match(answer.headers['content-type'], /^application\/json/)
      }
    }
    for (const url of [
      '/v1',
      '/v1/',
      '/v1/nothing',
      '/v1?x',
      '/.well-known/nothing',
      '/mqtt/x',
      '/livez/x',
    ]) {
      const answer = await client.get(url, {})
      t.equal(answer.statusCode, 404)
      t.match(answer.headers['content-type'], /problem\+json/, url)
      t.match(answer.json(), { title: 'Not Found', detail: 'There is nothing at this path.' })
    }
    t.match(saysNo(await client.get('/pets/%zz', {})), no(400, 'The path is not valid.'))
    t.match((await client.get('/v1/pets/%zz', {})).headers['content-type'], /problem\+json/)
  },
)

t.test('an id that is no positive integer is a bad request', async (t) => {
  for (const id of ['', '0', '-1', '1.5', '1e3', 'abc', '01', '+1', '9'.repeat(16), '%00', '٣']) {
    for (const url of [`/pets/${id}`, `/shelters/${id}`]) {
      t.match(
        saysNo(await client.get(url, {})),
        no(400, "The 'id' must be a positive integer."),
        url,
      )
    }
  }
})

t.test('what the framework refuses is refused in the same shape', async (t) => {
  const { staff } = client
  const allowed = await client.send('DELETE', '/pets')
  t.match(saysNo(allowed), no(405, 'DELETE is not allowed here.'))
  t.equal(allowed.headers.allow, 'GET, HEAD, POST, OPTIONS')
  const accept = { ...staff, accept: 'text/html' }
  t.match(saysNo(await client.get('/pets', accept)), no(406, /application\/json/))
  const type = { ...staff, 'content-type': 'text/csv' }
  t.match(
    saysNo(await client.send('POST', '/pets', { headers: type, payload: 'a,b' })),
    no(415, /./),
  )
  const large = { ...LUNA, description: 'x'.repeat(1_100_000) }
  t.match(saysNo(await client.send('POST', '/pets', { payload: large })), no(413, /too large/))
  const tenant = { 'x-tenant-id': 'nobody' }
  t.match(saysNo(await client.get('/pets', tenant)), no(400, /X-Tenant-ID/))
  const cursor = { 'wait-for-cursor': 'nonsense' }
  t.match(saysNo(await client.get('/pets', cursor)), no(400, /Wait-For-Cursor/))
  t.match(
    saysNo(await client.get('/pets/1', { 'if-none-match': 'nonsense' })),
    no(400, /If-None-Match/),
  )
})

t.test('faults are told by their kind and never by their words', async (t) => {
  const answer = store?.answer ?? { next: undefined }
  answer.next = new Fault('event_store_unavailable', 'postgres://secret is down')
  const down = await client.send('POST', '/pets', { payload: LUNA })
  t.match(saysNo(down), no(503, /^A part of the service cannot be reached/))
  t.equal(down.headers['retry-after'], '2')
  answer.next = new Error('a secret')
  t.match(saysNo(await client.send('POST', '/pets', { payload: LUNA })), no(500, /on our side/))
  answer.next = { kind: 'overloaded', retryAfterMs: 3_000 } as never
  const full = await client.send('POST', '/pets', { payload: LUNA })
  t.match(saysNo(full), no(503, /Too many writes/))
  answer.next = undefined
  t.equal((await client.send('POST', '/pets', { payload: LUNA })).statusCode, 201)
  t.ok(rig.lines.some(({ message }) => message === 'request failed'))
})

t.test('one limit counts the requests of both profiles, each told in its own fields', async (t) => {
  const { app, ports } = await classicApp(t, { settings: { rateLimitPerMinute: 4 } })
  const first = await app.inject('/pets')
  t.match(first.headers, { 'x-ratelimit-limit': '4', 'x-ratelimit-remaining': '3' })
  const reset = Number(first.headers['x-ratelimit-reset'])
  const now = ports.clock() / 1000
  t.ok(reset > now && reset <= now + 61, 'a unix time within the window')
  t.notOk(Object.keys(first.headers).some((name) => name.startsWith('ratelimit')))
  const modern = await app.inject('/v1/pets')
  t.match(modern.headers, { 'ratelimit-remaining': '2' })
  t.equal(modern.headers['x-ratelimit-remaining'], undefined)
  const cached = await app.inject('/pets')
  t.equal(cached.headers['x-ratelimit-remaining'], '1', 'from the cache too')
  t.equal((await app.inject('/pets?species=fish')).headers['x-ratelimit-remaining'], '0')
  for (const url of ['/pets', '/shelters/1', '/nothing']) {
    const refused = await app.inject(url)
    const seconds = Number(refused.headers['retry-after'])
    t.ok(seconds >= 1 && seconds <= 60)
    t.strictSame(saysNo(refused), no(429, `Rate limit exceeded. Try again in ${seconds} seconds.`))
    t.equal(refused.headers['x-ratelimit-remaining'], '0')
  }
  const problem = await app.inject('/v1/nothing')
  t.match(problem.json(), { title: 'Rate Limit Exceeded', status: 429 })
  t.match(problem.headers, { 'ratelimit-remaining': '0' })
})

t.test('HEAD is GET without its body, OPTIONS tells what there is', async (t) => {
  const { id } = await client.admit()
  await rig.settled()
  for (const url of ['/pets', `/pets/${id}`, '/shelters']) {
    const [head, get] = [await client.send('HEAD', url), await client.get(url)]
    t.equal(head.statusCode, 200)
    t.equal(head.body, '')
    t.equal(head.headers.etag, get.headers.etag)
    t.equal(head.headers['content-length'], get.headers['content-length'])
  }
  const options = await rig.app.inject({ method: 'OPTIONS', url: '/pets/1' })
  t.equal(options.statusCode, 204)
  t.match(options.headers, {
    allow: 'GET, HEAD, PUT, PATCH, DELETE, OPTIONS',
    'accept-patch': 'application/merge-patch+json, application/json',
  })
})

t.test("where pets are not public, a tenant's need a token", async (t) => {
  const closed = await classicApp(t, { settings: { publicReads: false } })
  const own = await closed.inNewTenant('closed')
  await own.admit()
  const tenant = { 'x-tenant-id': String(own.staff['x-tenant-id']) }
  for (const url of ['/pets', '/pets/1', '/shelters', '/shelters/1']) {
    t.match(saysNo(await own.get(url, tenant)), no(401, /token/))
  }
  t.equal((await own.get('/pets')).statusCode, 200)
  t.equal((await own.get('/pets', {})).statusCode, 200, 'the shared pool')
})
