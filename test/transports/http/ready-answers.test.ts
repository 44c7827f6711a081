// Reads that the cache answers before the framework looks at them: the same answer as the framework's, noticed as those
// are, and only where nothing that came with the request decides about it.
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { SHARED_TENANT } from '../../../src/core/ids.ts'
import { type Metrics, noMetrics } from '../../../src/core/metrics.ts'
import type { Answered } from '../../../src/transports/http/observe.ts'
import { makeAnswer } from '../../../src/transports/http/answer.ts'
import { parseTenant } from '../../../src/transports/http/guard.ts'
import {
  type RateLimit,
  type RateLimitVerdict,
  refusedBefore,
} from '../../../src/transports/http/rate-limit.ts'
import { answerReady } from '../../../src/transports/http/ready-answers.ts'
import { type Headers, httpApp, LUNA, TENANT } from './http-app.ts'

type Got = Readonly<{ status: number; headers: IncomingMessage['headers']; body: Buffer }>

/** Of a request that is never answered a test learns by itself. */
const DEADLINE_MS = 10_000

const ask = (
  port: number,
  {
    method = 'GET',
    path,
    headers = {},
  }: Readonly<{ method?: string; path: string; headers?: Headers }>,
): Promise<Got> =>
  new Promise((resolve, reject) => {
    const sent = httpRequest({ port, host: '127.0.0.1', method, path, headers, agent: false })
    sent.on('error', reject)
    const late = new Error(`${method} ${path} was not answered`)
    const deadline = setTimeout(() => sent.destroy(late), DEADLINE_MS)
    sent.on('close', () => clearTimeout(deadline))
    sent.on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks),
        }),
      )
    })
    sent.end()
  })

const PATH = '/v1/pets?species=CAT'

/** What comes with a request, and whether the cache alone can answer it. */
const REQUESTS: readonly (readonly [isPlain: boolean, headers: Headers, method?: string])[] = [
  [true, {}],
  [true, { accept: '*/*' }],
  [true, { accept: 'application/json' }],
  [true, { accept: 'text/html, application/json;q=0.5' }],
  [true, { 'x-request-id': 'mine-1' }],
  [true, { 'x-request-id': 'not <fit>' }],
  [true, { 'x-tenant-id': TENANT }],
  [true, { 'accept-encoding': 'identity' }],
  [true, { 'if-modified-since': 'Mon, 30 Nov 2026 10:00:00 GMT' }],
  [false, {}, 'HEAD'],
  [false, {}, 'DELETE'],
  [false, { accept: 'text/html' }],
  [false, { authorization: 'Bearer not.a.token' }],
  [false, { origin: 'https://app.test' }],
  [false, { 'x-tenant-id': 'everybody' }],
  [false, { 'x-tenant-id': '0199f3a0-7c1e-7a01-8000-0000000000ff' }], // never seen before
  [false, { 'if-none-match': '*' }],
  [false, { 'wait-for-cursor': 'none of ours' }],
  [false, { 'content-length': '0' }],
  [false, { 'transfer-encoding': 'chunked' }],
  [false, { host: 'a b' }],
]

/** A server whose framework says no more than that it was asked. */
const standIn = async (t: Test, rateLimit: RateLimit | undefined) => {
  const observed: Answered[] = []
  let served = 0
  const answer = makeAnswer({ tenantId: SHARED_TENANT, json: '{"ready":true}', eventCursor: 'c' })
  const known = {
    key: 'k',
    observe: (each: Answered) => void observed.push(each),
    rateFields: ({ remaining }: RateLimitVerdict) => ({ 'ratelimit-remaining': String(remaining) }),
  }
  const asked: IncomingMessage[] = []
  const server = createServer((request, response) => {
    asked.push(request)
    response.end('framework')
  })
  answerReady(server, {
    memo: { remember: () => {}, find: (url) => (url === PATH ? known : undefined) },
    cache: {
      find: (tenantId, key) =>
        key === 'k' && [SHARED_TENANT, TENANT].includes(tenantId) ? answer : undefined,
      served: () => void (served += 1),
      load: () => Promise.resolve(undefined),
      grew: () => {},
    },
    rateLimit,
    requestIdOf: () => 'made',
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  return { port, asked, observed, served: () => served }
}

t.test('only what the cache alone can answer is kept from the framework', async (t) => {
  parseTenant(TENANT, 'X-Tenant-ID') // one that is known
  const { port, asked, observed, served } = await standIn(t, undefined)
  for (const [isPlain, headers, method = 'GET'] of REQUESTS) {
    const before = asked.length
    const got = await ask(port, { path: PATH, headers, method })
    const what = `${method} ${JSON.stringify(headers)}`
    t.equal(asked.length === before, isPlain, what)
    if (isPlain) t.equal(got.body.toString(), '{"ready":true}', what)
  }
  await ask(port, { path: '/v1/pets?species=DOG' })
  t.equal(observed.length, REQUESTS.filter(([isPlain]) => isPlain).length)
  t.equal(served(), observed.length)
  t.match(observed[0], { method: 'GET', url: PATH, status: 200, requestId: 'made' })
  t.ok((observed[0]?.elapsedMs ?? -1) >= 0)
})

t.test('where a rate is kept each request is counted once, by its address', async (t) => {
  const keys: string[] = []
  const verdict = { perMinute: 1, retryAfterSeconds: 9, resetAtSeconds: 9 }
  const { port, asked, served } = await standIn(t, {
    perMinute: 1,
    consume: (key) => {
      keys.push(key)
      return Promise.resolve({ ...verdict, isAllowed: keys.length === 1, remaining: 0 })
    },
  })
  const first = await ask(port, { path: PATH })
  t.equal(first.body.toString(), '{"ready":true}')
  t.equal(first.headers['ratelimit-remaining'], '0')
  t.equal((await ask(port, { path: PATH })).body.toString(), 'framework')
  t.strictSame(keys, ['127.0.0.1', '127.0.0.1'])
  const [refused] = asked
  t.match(refused && refusedBefore.get(refused), { isAllowed: false }, 'whose guard is told')
  await ask(port, { path: PATH, headers: { authorization: 'Bearer some.one' } })
  t.equal(keys.length, 2, 'what is not answered here is not counted here')
  t.equal(served(), 1, 'what is refused is no answer of the cache')
})

t.test('where the rate cannot be told the framework is asked', async (t) => {
  const consume = () => Promise.reject(new Error('no count'))
  const { port, asked, served } = await standIn(t, { perMinute: 1, consume })
  t.equal((await ask(port, { path: PATH })).body.toString(), 'framework')
  t.equal(asked.length, 1)
  t.equal(served(), 0)
})

const byteByByte = async (t: Test, rateLimitPerMinute: number): Promise<void> => {
  const rig = await httpApp(t, { settings: { rateLimitPerMinute } })
  await rig.app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = rig.app.server.address() as AddressInfo
  await rig.admit()
  await rig.admit({ name: 'Ümit' }, rig.inTenant('staff'))
  await rig.settled()
  const paths = [
    PATH,
    (await rig.admit()).url,
    '/pets',
    '/shelters',
    '/v1/pets?include=links&facets=size',
  ]
  for (const path of paths) {
    for (const [, headers, method = 'GET'] of REQUESTS) {
      if (method === 'DELETE' || headers['host'] !== undefined) continue
      const what = `${method} ${path} ${JSON.stringify(headers)}`
      await rig.settled()
      await ask(port, { method, path, headers }) // from now on it is known, and in the cache
      const got = await ask(port, { method, path, headers })
      const framework = await rig.app.inject({ method: method as 'GET', url: path, headers })
      t.equal(got.status, framework.statusCode, what)
      if (method !== 'HEAD')
        t.strictSame(withoutId(got.body), withoutId(framework.rawPayload), what)
      t.strictSame(comparable(got.headers), comparable(framework.headers), what)
    }
  }
}

t.test('the answer is the one that the framework gives, byte by byte', (t) => byteByByte(t, 0))
t.test('also where it tells the rate', (t) => byteByByte(t, 1_000_000))

/** A refusal says when it was. */
const withoutId = (body: Buffer): string =>
  body.toString('latin1').replace(/"(timestamp|instance|requestId)":"[^"]*"/g, '')

const withoutCount = (name: string, value: string): string =>
  /ratelimit/.test(name) ? value.replace(/\d+/g, 'n') : value

const OF_THE_MOMENT = ['date', 'connection', 'keep-alive', 'transfer-encoding']
const comparable = (headers: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => !OF_THE_MOMENT.includes(name))
      .map(([name, value]) => [
        name,
        /^[\da-f-]{36}$/.test(String(value)) ? 'an id' : withoutCount(name, String(value)),
      ])
      .sort(),
  )

t.test('it is measured as all answers are, and after a write it is a new one', async (t) => {
  const rig = await httpApp(t)
  await rig.app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = rig.app.server.address() as AddressInfo
  const read = async () =>
    JSON.parse(String((await ask(port, { path: PATH })).body)) as { data: unknown[] }
  await rig.admit()
  await rig.settled()
  for (let count = 0; count < 3; count += 1) t.equal((await read()).data.length, 1)
  const noticed = rig.lines.filter(({ message, fields }) => {
    return (
      message === 'request answered' && fields['path'] === '/v1/pets' && fields['method'] === 'GET'
    )
  })
  t.equal(noticed.length, 3)
  await rig.admit(LUNA)
  await rig.settled()
  t.equal((await read()).data.length, 2)
})

t.test('where reads are not public everybody meets the framework', async (t) => {
  const rig = await httpApp(t, { settings: { publicReads: false } })
  await rig.app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = rig.app.server.address() as AddressInfo
  await rig.admit({}, rig.inTenant('staff'))
  await rig.settled()
  const known = await ask(port, { path: PATH, headers: rig.inTenant('staff') })
  t.equal(known.status, 200, 'the cache has the answer')
  t.equal((await ask(port, { path: PATH, headers: { 'x-tenant-id': TENANT } })).status, 401)
})

t.test('who asks too often is refused, and was counted once', async (t) => {
  let refusals = 0
  let hits = 0
  const count: Metrics['count'] = (name, _by, labels) => {
    if (name === 'pawtrail_rate_limited_total') refusals += 1
    if (name === 'pawtrail_cache_requests_total' && labels?.['result'] === 'hit') hits += 1
  }
  const rig = await httpApp(t, {
    settings: { rateLimitPerMinute: 3 },
    ports: { metrics: { ...noMetrics, count } },
  })
  await rig.app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = rig.app.server.address() as AddressInfo
  const told: unknown[] = []
  for (let asked = 0; asked < 5; asked += 1) {
    const { status, headers } = await ask(port, { path: PATH })
    told.push([status, headers['ratelimit-remaining'], headers['retry-after'] !== undefined])
  }
  t.strictSame(told, [
    [200, '2', false],
    [200, '1', false],
    [200, '0', false],
    [429, '0', true],
    [429, '0', true],
  ])
  t.equal(refusals, 2)
  t.equal(hits, 2, 'the first was made')
})

t.test('behind a proxy the rate is kept by the address that it names', async (t) => {
  const rig = await httpApp(t, { settings: { rateLimitPerMinute: 1, trustProxy: true } })
  await rig.app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = rig.app.server.address() as AddressInfo
  const statuses: number[] = []
  for (const address of ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.1']) {
    const headers = { 'x-forwarded-for': address }
    statuses.push((await ask(port, { path: PATH, headers })).status)
  }
  t.strictSame(statuses, [200, 200, 200, 429])
})
