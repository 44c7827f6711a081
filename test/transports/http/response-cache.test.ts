import fc from 'fast-check'
import t from 'tap'
import { SHARED_TENANT } from '../../../src/core/ids.ts'
import { noMetrics } from '../../../src/core/metrics.ts'
import { makeAnswer } from '../../../src/transports/http/answer.ts'
import { createResponseCache } from '../../../src/transports/http/response-cache.ts'
import { fixedClock } from '../../support/fixed-clock.ts'
import { as, httpApp, LUNA, OTHER_TENANT, type Headers } from './http-app.ts'

const staff = as('staff')
const answerOf = (json: string) => makeAnswer({ tenantId: SHARED_TENANT, json, eventCursor: 'c' })
const bodyOf = (answer: ReturnType<typeof answerOf> | undefined) =>
  answer?.variants.get('identity')?.body.toString()

t.test(
  'an answer is made once for all who ask at the same time, and again after a write',
  async (t) => {
    const { app, application } = await httpApp(t)
    let go = (): void => undefined
    application.pause.until = new Promise((resolve) => (go = resolve))
    const asked = ['/v1/pets', '/v1/pets?page=1', '/v1/pets?status=AVAILABLE&limit=20'].map((url) =>
      app.inject(url),
    )
    const answers = Promise.all(asked)
    setImmediate(() => setImmediate(go))
    t.equal(new Set((await answers).map(({ body }) => body)).size, 1)
    t.equal(application.searches.count, 1)
    await app.inject('/v1/pets')
    t.equal(application.searches.count, 1)
    await app.inject({ method: 'POST', url: '/v1/pets', headers: staff, payload: LUNA })
    t.equal((await app.inject('/v1/pets')).json<{ data: unknown[] }>().data.length, 1)
    t.equal(application.searches.count, 2)
  },
)

t.test('an answer is not kept when the read model moved while it was made', async (t) => {
  let generation = 1
  const cache = createResponseCache({
    maxBytes: 1e6,
    generation: () => generation,
    clock: fixedClock(),
    metrics: noMetrics,
  })
  const stale = await cache.load(SHARED_TENANT, 'k', () => {
    generation += 1
    return Promise.resolve(answerOf('old'))
  })
  t.equal(bodyOf(stale), 'old')
  t.equal(cache.find(SHARED_TENANT, 'k'), undefined)
})

t.test("an answer is at most 300 seconds old, and one tenant's is not another's", async (t) => {
  const clock = fixedClock()
  const cache = createResponseCache({
    maxBytes: 1e6,
    generation: () => 1,
    clock,
    metrics: noMetrics,
  })
  await cache.load(SHARED_TENANT, 'k', () => Promise.resolve(answerOf('x')))
  clock.advance(299_999)
  t.ok(cache.find(SHARED_TENANT, 'k'))
  t.equal(cache.find(OTHER_TENANT, 'k'), undefined)
  clock.advance(1)
  t.equal(cache.find(SHARED_TENANT, 'k'), undefined)
})

t.test('the cache keeps to its size, and lets go of what was not used for longest', async (t) => {
  const sizes: number[] = []
  const metrics = {
    ...noMetrics,
    gauge: (name: string, value: number) => void (name.endsWith('bytes') && sizes.push(value)),
  }
  const cache = createResponseCache({
    maxBytes: 100_000,
    generation: () => 1,
    clock: fixedClock(),
    metrics,
  })
  const put = (key: string, bytes: number) =>
    cache.load(SHARED_TENANT, key, () => Promise.resolve(answerOf('x'.repeat(bytes))))
  await put('first', 9_000)
  for (let count = 0; count < 50; count += 1) {
    await put(`k${count}`, 9_000)
    cache.find(SHARED_TENANT, 'first')
  }
  t.ok(Math.max(...sizes) <= 100_000)
  t.ok(cache.find(SHARED_TENANT, 'first'), 'what is used stays')
  t.equal(cache.find(SHARED_TENANT, 'k0'), undefined)
  await put('huge', 50_000)
  t.equal(cache.find(SHARED_TENANT, 'huge'), undefined, 'one answer does not push out all others')
  t.ok(cache.find(SHARED_TENANT, 'first'))
})

t.test(
  "a read that waits for a write's cursor sees that write, whatever was cached before",
  async (t) => {
    const step = fc.oneof(
      fc.record({
        kind: fc.constant('rename' as const),
        name: fc.string({ minLength: 1, maxLength: 8, unit: fc.constantFrom('a', 'b', 'c') }),
      }),
      fc.record({
        kind: fc.constant('read' as const),
        url: fc.constantFrom('/v1/pets', '/v1/pets?limit=5', 'pet'),
      }),
      fc.record({ kind: fc.constant('follow' as const) }),
      fc.record({
        kind: fc.constant('confirm' as const),
        url: fc.constantFrom('/v1/pets', '/v1/pets?limit=5', 'pet'),
      }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const endings: (() => Promise<void>)[] = []
        const { app, application } = await httpApp({ teardown: (end) => endings.push(end) })
        const created = await app.inject({
          method: 'POST',
          url: '/v1/pets',
          headers: staff,
          payload: LUNA,
        })
        const pet = String(created.headers.location)
        application.followsAtOnce.value = false
        let last = { name: 'Luna', cursor: String(created.headers['event-cursor']) }
        const read = (url: string, headers: Headers = {}) =>
          app.inject({ url: url === 'pet' ? pet : url, headers })
        for (const next of steps) {
          if (next.kind === 'follow') application.follow()
          if (next.kind === 'read') await read(next.url)
          if (next.kind === 'rename') {
            const renamed = await app.inject({
              method: 'PATCH',
              url: pet,
              headers: staff,
              payload: { name: next.name },
            })
            last = { name: next.name, cursor: String(renamed.headers['event-cursor']) }
          }
          if (next.kind === 'confirm') {
            const reading = read(next.url, { 'wait-for-cursor': last.cursor })
            setImmediate(application.follow)
            const body = (await reading).json<{ name?: string; data?: { name: string }[] }>()
            if ((body.name ?? body.data?.[0]?.name) !== last.name) throw new Error('stale')
          }
        }
        for (const end of endings) await end()
      }),
      { seed: 20_260_822, numRuns: 60 },
    )
    t.pass('sixty random runs')
  },
)

t.test(
  'a read model that does not get there in time is a 503 that says so; a broken cursor is a 400',
  async (t) => {
    const { app, application } = await httpApp(t)
    application.followsAtOnce.value = false
    const created = await app.inject({
      method: 'POST',
      url: '/v1/pets',
      headers: staff,
      payload: LUNA,
    })
    const cursor = String(created.headers['event-cursor'])
    const behind = await app.inject({ url: '/v1/pets', headers: { 'wait-for-cursor': cursor } })
    t.equal(behind.statusCode, 503)
    t.match(behind.json(), { type: 'https://petstoreapi.com/errors/read-model-behind' })
    t.equal(behind.headers['retry-after'], '1')
    for (const broken of ['', 'nonsense', `${cursor}x`]) {
      t.equal(
        (await app.inject({ url: '/v1/pets', headers: { 'wait-for-cursor': broken } })).statusCode,
        400,
        broken,
      )
    }
    const foreign = { 'wait-for-cursor': cursor, 'x-tenant-id': OTHER_TENANT }
    t.equal(
      (await app.inject({ url: '/v1/pets', headers: foreign })).statusCode,
      400,
      'of another tenant',
    )
  },
)
