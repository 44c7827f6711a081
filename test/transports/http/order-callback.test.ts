// The demonstration of a callback, from the request to what the receiver gets, over real sockets.
import t, { type Test } from 'tap'
import { createOutbound } from '../../../src/adapters/outbound/outbound.ts'
import { tenantIdSchema } from '../../../src/core/ids.ts'
import { silentLogger } from '../../../src/core/logger.ts'
import { silentOutbound, type TestAppOptions } from '../../support/app.ts'
import { startReceiver } from '../../support/receiver.ts'
import { until } from '../../projections/support.ts'
import { type Json, ordersApp, problemOf, refusalOf, UNKNOWN_ID } from './orders-app.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const NOBODY = {} // no token

const open = createOutbound({ allowInsecure: true, logger: silentLogger })
const guarded = createOutbound({
  allowInsecure: false,
  logger: silentLogger,
  resolve: async (name) => (name === 'inside.example.com' ? ['10.0.0.1'] : []),
})

const callbackApp = async (t: Test, options: TestAppOptions = {}) => {
  const rig = await ordersApp(t, { ports: { outbound: open }, ...options })
  const ask = (orderId: string, body: object, headers: Readonly<Record<string, string>> = {}) =>
    rig.send('POST', `/v1/orders/${orderId}`, { as: NOBODY, headers, payload: body })
  return { ...rig, ask }
}

const asking = (callbackUrl: string, changes: object = {}) => ({
  ...{ amount: '75.00', currency: 'USD', timestamp: '1719763200', callbackUrl },
  ...changes,
})

t.test('the outcome is sent to the address, without a token', async (t) => {
  const receiver = await startReceiver(t)
  const { ask, place, send } = await callbackApp(t)
  const { orderId } = await place()
  const before = (await send('GET', `/v1/orders/${orderId}`)).body

  const answer = await ask(orderId, asking(`${receiver.url}/hooks?a=b`))
  t.equal(answer.statusCode, 201)
  t.strictSame(answer.json(), {})
  t.equal(answer.headers.location, `/v1/orders/${orderId}`)
  await until('it has arrived', () => receiver.received.length === 1)
  const [got] = receiver.received
  t.match(got, { method: 'POST', path: '/hooks?a=b' })
  t.equal(got?.headers['content-type'], 'application/json')
  t.equal(got?.headers.authorization, undefined)
  const message = JSON.parse(got?.body ?? '') as Json
  t.strictSame(Object.keys(message), ['requestId', 'orderId', 'status', 'timestamp'])
  t.match(message, { requestId: UUID, orderId, status: 'COMPLETED', timestamp: /^20.+Z$/ })
  t.equal((await send('GET', `/v1/orders/${orderId}`)).body, before, 'the order is what it was')
})

t.test('FAILED says what is not as in the order', async (t) => {
  const receiver = await startReceiver(t)
  const { ask, place } = await callbackApp(t)
  const { orderId } = await place()
  const cases = [
    [{ amount: '75' }, 'COMPLETED', undefined],
    [{ amount: '74.99' }, 'FAILED', ['amount']],
    [{ currency: 'EUR' }, 'FAILED', ['currency']],
    [{ amount: '1.00', currency: 'EUR' }, 'FAILED', ['amount', 'currency']],
  ] as const
  for (const [index, [changes, status, differs]] of cases.entries()) {
    t.equal((await ask(orderId, asking(receiver.url, changes))).statusCode, 201)
    await until('it has arrived', () => receiver.received.length === index + 1)
    const message = JSON.parse(receiver.received[index]?.body ?? '') as Json
    t.equal(message['status'], status)
    t.strictSame(message['result'], differs === undefined ? undefined : { differs })
  }
  const ids = receiver.received.map(({ body }) => (JSON.parse(body) as Json)['requestId'])
  t.equal(new Set(ids).size, cases.length, 'each request has an id of its own')
})

t.test('an order of another tenant, or of nobody, is not found, and nothing is sent', async (t) => {
  const receiver = await startReceiver(t)
  const { ask, place, tokenOf, ports } = await callbackApp(t)
  const { orderId } = await place()
  const tenant = tenantIdSchema.parse(ports.ids())
  t.equal((await ask(UNKNOWN_ID, asking(receiver.url))).statusCode, 404)
  const elsewhere = await ask(orderId, asking(receiver.url), { 'x-tenant-id': tenant })
  t.equal(elsewhere.statusCode, 404)
  const foreign = await tokenOf('desk', { kind: 'client', tenant })
  t.equal((await ask(orderId, asking(receiver.url), foreign)).statusCode, 404)
  const another = { ...foreign, 'x-tenant-id': ports.ids() }
  t.equal((await ask(orderId, asking(receiver.url), another)).statusCode, 403)
  const badToken = { authorization: 'Bearer x.y.z' }
  t.equal((await ask(orderId, asking(receiver.url), badToken)).statusCode, 401)
  await ask(orderId, asking(`${receiver.url}/last`))
  await until('the last has arrived', () => receiver.received.length > 0)
  t.strictSame(
    receiver.received.map(({ path }) => path),
    ['/last'],
  )
})

t.test('whatever is wrong with an address, the answer is the same, byte for byte', async (t) => {
  const receiver = await startReceiver(t)
  const { ask, place } = await callbackApp(t, { ports: { outbound: guarded } })
  const { orderId } = await place()
  const bodies = new Set<string>()
  for (const url of [
    ...[receiver.url, receiver.url.replace('http:', 'https:'), 'https://127.0.0.1:1/'],
    ...['https://169.254.169.254/', 'https://inside.example.com/', 'https://unknown.example.com/'],
    ...['https://localhost/', 'https://public.example.com:22/', 'ftp://public.example.com/'],
    ...['https://user:secret@public.example.com/', 'nonsense', ' ', 'https://'],
  ]) {
    const answer = await ask(orderId, asking(url))
    t.strictSame(refusalOf(answer), [422, 'INVALID_VALUE callbackUrl'], url)
    t.notMatch(answer.body, 'secret')
    bodies.add(answer.body)
  }
  t.equal(bodies.size, 1)
  t.strictSame(receiver.received, [])
})

t.test('a body that is not as documented is refused, and every field is named', async (t) => {
  const { ask, place } = await callbackApp(t)
  const { orderId } = await place()
  const refusal = refusalOf(await ask(orderId, { amount: 75, currency: 'usd', extra: 1 }))
  t.equal(refusal[0], 422)
  t.strictSame(
    new Set(refusal.slice(1)),
    new Set([
      ...['INVALID_FORMAT amount', 'INVALID_FORMAT currency', 'REQUIRED timestamp'],
      ...['REQUIRED callbackUrl', 'UNKNOWN_FIELD extra'],
    ]),
  )
  const long = await ask(orderId, asking(`https://a.example/${'x'.repeat(2_048)}`))
  t.strictSame(refusalOf(long), [422, 'TOO_LONG callbackUrl'])
})

t.test('a receiver that fails is asked again, and the caller is told nothing of it', async (t) => {
  const receiver = await startReceiver(t, {
    answer: (response) => {
      response.statusCode = receiver.received.length < 2 ? 503 : 200
      response.end()
    },
  })
  const { ask, place } = await callbackApp(t)
  const { orderId } = await place()
  const good = await ask(orderId, asking(receiver.url))
  const nobodyThere = await ask(orderId, asking('http://127.0.0.1:1024/'))
  t.equal(nobodyThere.statusCode, good.statusCode)
  t.equal(nobodyThere.body, good.body)
  await until('it was tried twice', () => receiver.received.length === 2)
  const [first, second] = receiver.received
  t.equal(first?.body, second?.body, 'with the same words, and so with the same requestId')
})

t.test('callers without a token count against the rate limit', async (t) => {
  const { ask } = await callbackApp(t, {
    ports: { outbound: open },
    settings: { rateLimitPerMinute: 2 },
  })
  const statuses: number[] = []
  for (let n = 0; n < 3; n += 1) {
    statuses.push((await ask(UNKNOWN_ID, asking('https://hooks.example.com/'))).statusCode)
  }
  t.strictSame(statuses, [404, 404, 429])
})

t.test('more than can wait are refused with 503', async (t) => {
  const { ask, place } = await callbackApp(t, {
    ports: {
      outbound: {
        ...silentOutbound,
        check: async () => ({ kind: 'allowed' }),
        post: ({ signal }) =>
          new Promise((settle) => {
            signal?.addEventListener('abort', () => settle({ kind: 'failed', reason: 'stopped' }))
          }),
      },
    },
  })
  const { orderId } = await place()
  for (let n = 0; n < 1_000; n += 1) await ask(orderId, asking('https://hooks.example.com/'))
  const answer = await ask(orderId, asking('https://hooks.example.com/'))
  t.equal(answer.statusCode, 503)
  t.equal(answer.headers['retry-after'], '10')
  t.match(problemOf(answer).detail, /Too many callbacks/)
})
