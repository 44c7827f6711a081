// The cache of finished answers: how long they are kept, and for whom. That they are exact: cache-exactness.test.ts.
import t from 'tap'
import { systemClock } from '../../../src/adapters/system/clock.ts'
import { SHARED_TENANT } from '../../../src/core/ids.ts'
import { noMetrics } from '../../../src/core/metrics.ts'
import { makeAnswer } from '../../../src/transports/http/answer.ts'
import { createResponseCache } from '../../../src/transports/http/response-cache.ts'
import { fixedClock } from '../../support/fixed-clock.ts'
import { disturbedDatabase, type DisturbedDatabase, holdReadModel } from './failing-parts.ts'
import { httpApp, LUNA, OTHER_TENANT } from './http-app.ts'

let watched: DisturbedDatabase | undefined
let ahead = 0
const rig = await httpApp(t, {
  ports: ({ database }) => {
    watched = disturbedDatabase(database)
    const searches = { database: watched.database, scans: watched.database }
    return { searches, clock: () => systemClock() + ahead }
  },
})
const { app } = rig
const reads = (): DisturbedDatabase => {
  if (watched === undefined) throw new Error('no database was made')
  return watched
}
const answerOf = (json: string) => makeAnswer({ tenantId: SHARED_TENANT, json, eventCursor: 'c' })
const bodyOf = (answer: ReturnType<typeof answerOf> | undefined) =>
  answer?.variants.get('identity')?.body.toString()

t.test(
  'an answer is made once for all who ask at the same time, and again after a write',
  async (t) => {
    const { searches, pause } = reads()
    // Somewhere else, so that the read models are under way: the first page they fold moves every tenant's generation.
    await app.inject({
      method: 'POST',
      url: '/v1/pets',
      headers: rig.inTenant('staff'),
      payload: LUNA,
    })
    await rig.settled()
    let go = (): void => undefined
    pause.until = new Promise((resolve) => (go = resolve))
    const asked = ['/v1/pets', '/v1/pets?page=1', '/v1/pets?status=AVAILABLE&limit=20'].map((url) =>
      app.inject(url),
    )
    const answers = Promise.all(asked)
    while (searches.count === 0) await new Promise((resolve) => setImmediate(resolve))
    go()
    t.equal(new Set((await answers).map(({ body }) => body)).size, 1)
    t.equal(searches.count, 1)
    await app.inject('/v1/pets')
    t.equal(searches.count, 1)
    await rig.admit()
    t.equal((await rig.get('/v1/pets')).json<{ data: unknown[] }>().data.length, 1)
    t.equal(searches.count, 2)
  },
)

t.test('an answer is served for 300 seconds at most, and made again then', async (t) => {
  const { searches } = reads()
  const first = await rig.get('/v1/pets?limit=7')
  const before = searches.count
  ahead += 290_000
  t.equal((await app.inject('/v1/pets?limit=7')).body, first.body)
  t.equal(searches.count, before, 'from the cache')
  ahead += 10_001
  t.equal((await app.inject('/v1/pets?limit=7')).body, first.body)
  t.equal(searches.count, before + 1, 'made again')
})

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

t.test('what is let go of is no longer told as held', async (t) => {
  const told = new Map<string, number>()
  let generation = 1
  const cache = createResponseCache({
    maxBytes: 1e6,
    generation: () => generation,
    clock: fixedClock(),
    metrics: { ...noMetrics, gauge: (name, value) => void told.set(name, value) },
  })
  await cache.load(SHARED_TENANT, 'k', () => Promise.resolve(answerOf('x')))
  t.ok((told.get('pawtrail_cache_bytes') ?? 0) > 0)
  t.equal(told.get('pawtrail_cache_entries'), 1)
  generation += 1
  t.equal(cache.find(SHARED_TENANT, 'k'), undefined)
  t.equal(told.get('pawtrail_cache_bytes'), 0)
  t.equal(told.get('pawtrail_cache_entries'), 0)
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
  const clock = fixedClock()
  const metrics = {
    ...noMetrics,
    gauge: (name: string, value: number) => void (name.endsWith('bytes') && sizes.push(value)),
  }
  const cache = createResponseCache({
    maxBytes: 100_000,
    generation: () => 1,
    clock,
    metrics,
  })
  const put = (key: string, bytes: number) =>
    cache.load(SHARED_TENANT, key, () => Promise.resolve(answerOf('x'.repeat(bytes))))
  await put('first', 9_000)
  for (let count = 0; count < 50; count += 1) {
    await put(`k${count}`, 9_000)
    clock.advance(1_000) // uses are told apart to the second
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
  'a read model that does not get there in time is a 503 that says so; a broken cursor is a 400',
  async (t) => {
    await rig.settled()
    const release = await holdReadModel(rig.url)
    try {
      const { cursor } = await rig.admit()
      const from = rig.lines.length
      const behind = await app.inject({ url: '/v1/pets', headers: { 'wait-for-cursor': cursor } })
      t.equal(behind.statusCode, 503)
      t.match(behind.json(), { type: 'https://petstoreapi.com/errors/read-model-behind' })
      t.equal(behind.headers['retry-after'], '1')
      const told = rig.lines.slice(from).filter(({ fields }) => fields['path'] === '/v1/pets')
      t.strictSame(
        told.map(({ level, message }) => `${level}: ${message}`),
        ['warn: request answered as unavailable'],
      )
    } finally {
      await release()
    }
    const { cursor } = await rig.admit()
    const followed = await app.inject({ url: '/v1/pets', headers: { 'wait-for-cursor': cursor } })
    t.equal(followed.statusCode, 200)
    for (const broken of ['', 'nonsense', `${cursor}x`]) {
      t.equal(
        (await app.inject({ url: '/v1/pets', headers: { 'wait-for-cursor': broken } })).statusCode,
        400,
        broken,
      )
    }
    const foreign = { 'wait-for-cursor': cursor, 'x-tenant-id': OTHER_TENANT }
    const elsewhere = await app.inject({ url: '/v1/pets', headers: foreign })
    t.equal(elsewhere.statusCode, 400, 'of another tenant')
  },
)
