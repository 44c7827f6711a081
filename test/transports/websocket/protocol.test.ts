// The protocol, word for word: what is said, what is answered, and what a connection closes with.
import { connect } from 'node:net'
import t from 'tap'
import { WebSocket } from 'ws'
import {
  countingRefused,
  OTHER_TENANT,
  SHARED_TENANT,
  TENANT,
  until,
  write,
  writeMany,
} from '../feed/harness.ts'
import { principal, socketHarness } from './harness.ts'
import { speaker } from './speaker.ts'

t.test('a subscriber gets what was and what happens, in order, then its checkpoint', async (t) => {
  const { url, store } = await socketHarness(t, { settings: { heartbeatMs: 50 } })
  await writeMany(store, 5)
  const client = await speaker(t, url)
  t.match(client.heard[0], { op: 'welcome', hb: 20_000, limits: { subs: 128, msgBytes: 16_384 } })
  client.say({ op: 'sub', id: 1, after: 'earliest' })
  t.match(await client.hear('subbed'), { id: 1, ch: 'k1', resumed: true, from: 'earliest' })
  await until(() => client.sequences().length === 5, 'history')
  await writeMany(store, 5)
  await until(() => client.sequences().length === 10, 'live events')
  t.strictSame(client.sequences(), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  await write(store, { tenantId: OTHER_TENANT })
  await write(store, { type: 'pet.updated' })
  await until(() => client.sequences().length === 11, 'one more')
  client.say({ op: 'unsub', id: 1 })
  await client.hear('unsubbed')
  t.equal(client.all('cp').at(-1)?.n, 11, 'it says how many it has sent')
})

t.test('subscriptions of a connection are told apart by their channel', async (t) => {
  const { url, store } = await socketHarness(t)
  const client = await speaker(t, url)
  client.say({ op: 'sub', id: 7, filter: { types: ['pet.updated'] } })
  client.say({ op: 'sub', id: 8, filter: { subject: 'pets/p2' } })
  await until(() => client.all('subbed').length === 2, 'both')
  t.strictSame(
    client.all('subbed').map(({ id, ch }) => [id, ch]),
    [
      [7, 'k1'],
      [8, 'k2'],
    ],
  )
  await write(store, { id: 'p1' })
  await write(store, { id: 'p2' })
  await until(() => client.all('event').length === 3, 'the events')
  t.strictSame(client.sequences('k1'), [1, 2])
  t.strictSame(client.sequences('k2'), [2])
  client.say({ op: 'unsub', id: 7 })
  await client.hear('unsubbed')
  client.say({ op: 'sub', id: 9, after: 'earliest' })
  await until(() => client.all('subbed').length === 3, 'another')
  t.equal(client.all('subbed').at(-1)?.ch, 'k1', 'a name that is free is given again')
})

t.test('one without a token sees what is public in the shared pool, and no other', async (t) => {
  const { url, store } = await socketHarness(t)
  await write(store, { tenantId: SHARED_TENANT })
  await write(store, { tenantId: TENANT })
  const client = await speaker(t, url, { token: null, tenant: null })
  client.say({ op: 'sub', id: 1, after: 'earliest' })
  await until(() => client.sequences().length === 1, 'the public one')
  t.equal(client.all('event')[0]?.e.source, '/shared')
  t.notOk('actorid' in (client.all('event')[0]?.e ?? {}), 'without who did it')
  const stranger = await speaker(t, url, { isSilent: true })
  stranger.say({ op: 'auth', tenant: TENANT })
  t.equal(await stranger.closed(), 4500)
  t.equal(stranger.all('err')[0]?.problem.status, 401)
})

t.test('a token is good for its own tenants; the class goes by its scopes', async (t) => {
  const { url, store, principals, clock } = await socketHarness(t)
  principals.set('reader', principal(clock, ['read:pets']))
  await write(store)
  await write(store, { type: 'order.placed', id: 'o1' })
  const foreign = await speaker(t, url, { isSilent: true })
  foreign.say({ op: 'auth', token: 'staff', tenant: OTHER_TENANT })
  t.equal(await foreign.closed(), 4503)
  const reader = await speaker(t, url, { token: 'reader' })
  reader.say({ op: 'sub', id: 1, after: 'earliest' })
  const staff = await speaker(t, url)
  staff.say({ op: 'sub', id: 1, after: 'earliest' })
  await until(() => staff.sequences().length === 2, 'both events')
  await write(store)
  await until(() => reader.sequences().at(-1) === 3, 'the last one')
  t.strictSame(reader.sequences(), [1, 3], 'orders are not for everybody')
  t.ok('actorid' in (staff.all('event')[0]?.e ?? {}))
})

const BAD: readonly (readonly [title: string, message: string, code: number])[] = [
  ['broken JSON', '{"op":', 4501],
  ['no auth first', '{"op":"sub","id":1}', 4501],
  ['a bad token', '{"op":"auth","token":"nobody"}', 4500],
  ['a bad tenant', '{"op":"auth","tenant":"x"}', 4501],
  ['too long a message', JSON.stringify({ op: 'auth', token: 'x'.repeat(20_000) }), 1009],
]
for (const [title, message, code] of BAD) {
  t.test(`${title} closes with ${String(code)}`, async (t) => {
    const { url } = await socketHarness(t)
    const client = await speaker(t, url, { isSilent: true })
    client.say(message)
    t.equal(await client.closed(), code)
  })
}

t.test('binary messages close with 4501, silence with 4008', async (t) => {
  const { url } = await socketHarness(t, { socket: { authTimeoutMs: 50 } })
  const loud = await speaker(t, url, { isSilent: true })
  loud.ws.send(Buffer.from([1, 2, 3]))
  t.equal(await loud.closed(), 4501)
  const silent = await speaker(t, url, { isSilent: true })
  t.equal(await silent.closed(), 4008)
  t.match(silent.all('bye')[0], { code: 4008, retryAfterMs: 1_000 })
})

t.test('a message that makes no sense is answered, and the connection stays', async (t) => {
  const { url, store } = await socketHarness(t)
  const client = await speaker(t, url)
  const cases: readonly (readonly [message: unknown, status: number])[] = [
    [{ op: 'dance', id: 3 }, 422],
    [{ op: 'sub', id: -1 }, 422],
    [{ op: 'sub', id: 3, mode: 'oldest' }, 422],
    [{ op: 'sub', id: 3, surprise: true }, 422],
    [{ op: 'sub', id: 3, filter: { types: ['Pet!'] } }, 422],
    [{ op: 'sub', id: 3, after: 'nowhere' }, 400],
    [{ op: 'sub', id: 3, after: '1-000b-1' }, 400],
    [{ op: 'unsub', id: 3 }, 404],
    [[], 422],
    ['null', 422],
  ]
  for (const [message, status] of cases) {
    const from = client.heard.length
    client.say(message)
    const { problem } = await client.hear('err', from)
    t.equal(problem.status, status, JSON.stringify(message))
  }
  client.say({ op: 'sub', id: 3 })
  await client.hear('subbed')
  client.say({ op: 'sub', id: 3 })
  await until(() => client.all('err').at(-1)?.problem.status === 409, 'a second of one id')
  client.say({ op: 'ping', ts: 5 })
  t.match(await client.hear('pong'), { ts: 5 })
  await write(store)
  await until(() => client.sequences().length === 1, 'the event')
})

t.test('what is sent while a token is checked waits its turn', async (t) => {
  const waiting: (() => void)[] = []
  const { url } = await socketHarness(t, {
    verifier: {
      verify: () =>
        new Promise((resolve) => waiting.push(() => resolve(principal(() => Date.now())))),
    },
    socket: { queuedMessages: 3 },
  })
  const client = await speaker(t, url, { isSilent: true })
  client.say({ op: 'auth', token: 'x', tenant: TENANT })
  client.say({ op: 'sub', id: 1 })
  client.say({ op: 'ping' })
  await until(() => waiting.length === 1, 'the check')
  t.equal(client.heard.length, 0)
  waiting[0]?.()
  await client.hear('pong')
  t.strictSame(
    client.heard.map(({ op }) => op),
    ['welcome', 'subbed', 'pong'],
  )
})

t.test('a verifier that fails is a reason to come back', async (t) => {
  const { url } = await socketHarness(t, {
    verifier: { verify: async () => Promise.reject(new Error('down')) },
  })
  const client = await speaker(t, url, { isSilent: true })
  client.say({ op: 'auth', token: 'x' })
  t.equal(await client.closed(), 4013)
})

t.test('a cursor of an earlier log is told as a gap; nothing is replayed in part', async (t) => {
  const { url, store } = await socketHarness(t)
  await writeMany(store, 3)
  const client = await speaker(t, url)
  client.say({ op: 'sub', id: 1, after: `0-${TENANT.slice(-4)}-1` })
  t.match(await client.hear('subbed'), { resumed: false })
  t.match(await client.hear('gap'), { ch: 'k1', earliest: 'earliest', snapshot: '/v1/pets' })
  await write(store)
  await until(() => client.sequences().length === 1, 'the new one')
  t.strictSame(client.sequences(), [4])
})

t.test(
  'credit bounds what is sent; a subscription without any waits as long as it likes',
  async (t) => {
    const { url, store, feed } = await socketHarness(t, { settings: { stallTimeoutMs: 20 } })
    await writeMany(store, 10)
    const client = await speaker(t, url)
    client.say({ op: 'sub', id: 1, after: 'earliest', credit: 3 })
    await until(() => client.sequences().length === 3, 'what it has credit for')
    await writeMany(store, 2)
    t.equal(feed.stats().live + feed.stats().catchUp, 0, 'the feed knows nothing of it')
    client.say({ op: 'credit', ch: 'k1', n: 5 })
    await until(() => client.sequences().length === 8, 'five more')
    client.say({ op: 'credit', ch: 'k1', n: 1_000 })
    await until(() => client.sequences().length === 12, 'the rest')
    t.strictSame(client.sequences(), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
    client.say({ op: 'unsub', id: 1 })
    await client.hear('unsubbed')
    t.equal(client.all('cp').at(-1)?.n, 12, 'counted over the pauses')
  },
)

t.test('limits are told with what they limit', async (t) => {
  const refused: unknown[] = []
  const { url } = await socketHarness(t, {
    socket: { subscriptions: 2, messagesPerWindow: 8, pendingPerAddress: 2 },
    metrics: countingRefused(refused),
  })
  const client = await speaker(t, url)
  for (const id of [1, 2, 3]) client.say({ op: 'sub', id })
  t.match(await client.hear('err'), { id: 3, problem: { status: 429 } })
  for (let n = 0; n < 10; n += 1) client.say({ op: 'ping' })
  t.equal(await client.closed(), 4504)
  await speaker(t, url, { isSilent: true })
  await speaker(t, url, { isSilent: true })
  t.equal(await statusOf(url), 429)
  t.strictSame(refused, [{ transport: 'websocket', reason: 'pending_limit' }], 'it is counted')
})

t.test('beyond the limit a connection is refused, and counted', async (t) => {
  const refused: unknown[] = []
  const metrics = countingRefused(refused)
  const { url, events } = await socketHarness(t, { socket: { connections: 1 }, metrics })
  await speaker(t, url)
  t.equal(await statusOf(url), 503)
  t.strictSame(refused, [{ transport: 'websocket', reason: 'total_limit' }])
  await events.stop()
  t.equal(await statusOf(url), 503)
  t.strictSame(refused.at(-1), { transport: 'websocket', reason: 'stopped' })
})

const statusOf = (
  url: string,
  options: Readonly<{ headers?: Record<string, string>; protocol?: string }> = {},
): Promise<number> =>
  new Promise((resolve) => {
    const { headers = {}, protocol = 'pawtrail.events.v1' } = options
    const ws = new WebSocket(url, protocol, { headers })
    ws.on('unexpected-response', (_request, response) => {
      resolve(response.statusCode ?? 0)
      ws.terminate()
    })
    ws.on('open', () => {
      resolve(101)
      ws.terminate()
    })
    ws.on('error', () => {})
  })

t.test('other paths, sub-protocols and origins are refused before the upgrade', async (t) => {
  const { url, port } = await socketHarness(t, { origins: ['https://app.example.org'] })
  t.equal(await statusOf(url), 101)
  t.equal(await statusOf(url.replace('/ws', '/other')), 404)
  t.equal(await statusOf(url, { protocol: 'chat' }), 400)
  const from = (origin: string) => statusOf(url, { headers: { origin } })
  t.equal(await from('https://evil.example.org'), 403)
  t.equal(await from('null'), 403)
  t.equal(await from(`http://127.0.0.1:${String(port)}`), 101, 'its own pages')
  t.equal(await from('http://pawtrail.test'), 101, 'its public address')
  t.equal(await from('https://app.example.org'), 101, 'one that is allowed')
})

t.test('a request that offers another protocol on the way is an ordinary request', async (t) => {
  const { port } = await socketHarness(t)
  const socket = connect(port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  let answer = ''
  socket.on('data', (chunk) => (answer += chunk.toString()))
  socket.write(
    'GET /v1/pets HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\n' +
      'Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n',
  )
  await until(() => answer.includes('plain'), 'the answer')
  t.match(answer, /^HTTP\/1.1 200/)
  socket.write('GET /v1/pets HTTP/1.1\r\nHost: x\r\n\r\n')
  await until(() => answer.split('HTTP/1.1 200').length === 3, 'the connection serves on')
})
