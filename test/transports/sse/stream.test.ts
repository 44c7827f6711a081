// A stream over a real socket: what it sends, how it resumes, what a slow reader costs, and how it ends.
import { HTTP, CloudEvent } from 'cloudevents'
import { EventSource } from 'eventsource'
import t from 'tap'
import { settle, TENANT, until, write, writeMany } from '../feed/harness.ts'
import {
  CLOCK,
  frozenClient,
  openStream,
  principal,
  sequencesOf,
  spoken,
  sseHarness,
  STAFF,
} from './harness.ts'

const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index)

t.test('a stream opens with retry and ready, then gives history and what comes', async (t) => {
  const { url, store, cursors } = await sseHarness(t, { before: (store) => writeMany(store, 3) })
  const stream = await openStream(`${url}/v1/events/stream?after=earliest`, { headers: STAFF })
  await until(() => stream.events().length === 3, 'history')
  await write(store)
  await until(() => stream.events().length === 4, 'live')
  t.strictSame(sequencesOf(stream), [1, 2, 3, 4])
  const [retry, ready, ...events] = stream.blocks
  t.strictSame(retry, { retry: '2500' })
  t.equal(ready?.id, cursors.encode(TENANT, 0))
  t.strictSame(stream.named('ready'), [
    {
      head: cursors.encode(TENANT, 3),
      resumedFrom: 'earliest',
      heartbeatMs: 15_000,
      expiresAt: new Date(CLOCK() + 600_000).toISOString(),
      delivered: 0,
    },
  ])
  for (const { id, data } of events) t.equal(id, spoken(data).cursor)
  const { headers, status } = stream.response
  t.equal(status, 200)
  const named = (names: string[]) => names.map((name) => headers.get(name))
  t.strictSame(
    named(['content-type', 'cache-control', 'x-accel-buffering', 'event-resumed-from']),
    ['text/event-stream', 'no-store, no-transform', 'no', 'earliest'],
  )
  t.strictSame(
    named(['x-request-id', 'access-control-allow-origin', 'ratelimit']),
    ['r1', '*', '"default";r=99'],
    'what the hooks have set is kept',
  )
  stream.close()
})

t.test('retry and lifetime are spread by the randomness given', async (t) => {
  for (const [random, retry, seconds] of [
    [0, '1000', 480],
    [0.999999, '3999', 720],
  ] as const) {
    const { url } = await sseHarness(t, { random: () => random })
    const stream = await openStream(`${url}/v1/events/stream`)
    await until(() => stream.named('ready').length === 1, 'ready')
    t.equal(stream.blocks[0]?.retry, retry)
    const expiresAt = Date.parse(String(stream.named('ready')[0]?.['expiresAt']))
    t.equal(Math.round((expiresAt - CLOCK()) / 1000), seconds)
    stream.close()
  }
})

t.test(
  'an EventSource client loses nothing and gets nothing twice when the server drops it',
  async (t) => {
    const { url, store, cursors, sockets } = await sseHarness(t, { random: () => 0 })
    const asked: (string | null)[] = []
    const source = new EventSource(`${url}/v1/events/stream`, {
      fetch: (input, init) => {
        asked.push(new Headers(init.headers).get('last-event-id'))
        return fetch(input, { ...init, headers: { ...init.headers, ...STAFF } })
      },
    })
    t.teardown(() => {
      source.close()
    })
    const got: number[] = []
    let isReady = false
    source.onmessage = ({ data }) => got.push(Number(spoken(String(data)).sequence))
    source.addEventListener('ready', () => {
      isReady = true
    })
    const drop = () => {
      for (const socket of sockets()) socket.destroy()
    }
    await until(() => isReady, 'ready')
    drop()
    // It has seen no event yet: the id of `ready` brings it back to its place.
    await writeMany(store, 5)
    await until(() => got.length === 5, 'what came while it was away')
    await writeMany(store, 5)
    await until(() => got.length === 10, 'live')
    drop()
    await writeMany(store, 5)
    await until(() => got.length === 15, 'what came while it was away again')
    t.strictSame(got, range(1, 15))
    t.strictSame(asked, [null, cursors.encode(TENANT, 0), cursors.encode(TENANT, 10)])
  },
)

t.test(
  'a checkpoint is a bare id; asked for as events, checkpoints count and move an EventSource on',
  async (t) => {
    const { url, store, feed, cursors, sockets } = await sseHarness(t, {
      random: () => 0,
      settings: { heartbeatMs: 20 },
    })
    const path = `${url}/v1/events/stream?types=shelter.*`
    const bare = await openStream(path, { headers: STAFF })
    const asked: (string | null)[] = []
    const source = new EventSource(`${path}&checkpoints=event`, {
      fetch: (input, init) => {
        asked.push(new Headers(init.headers).get('last-event-id'))
        return fetch(input, { ...init, headers: { ...init.headers, ...STAFF } })
      },
    })
    t.teardown(() => {
      source.close()
    })
    const checkpoints: unknown[] = []
    const messages: unknown[] = []
    source.addEventListener('checkpoint', ({ data }) => checkpoints.push(spoken(String(data))))
    source.onmessage = (message) => messages.push(message)
    await until(() => feed.stats().live === 2, 'both')
    await write(store, { type: 'shelter.updated' })
    await until(() => messages.length === 1, 'the event')
    await write(store, { type: 'pet.updated' })
    const place = cursors.encode(TENANT, 2)
    await until(() => bare.blocks.some(({ id }) => id === place), 'the bare checkpoint')
    t.strictSame(
      bare.blocks.find(({ id }) => id === place),
      { id: place },
    )
    await until(() => checkpoints.length === 1, 'the counting checkpoint')
    t.strictSame(checkpoints, [{ cursor: place, delivered: 1 }])
    await until(() => bare.blocks.some((block) => 'comment' in block), 'a heartbeat')
    for (const socket of sockets()) socket.destroy()
    await until(() => asked.length === 2, 'the reconnect')
    t.equal(asked[1], place)
  },
)

t.test(
  'a reader that has gone quiet costs a bounded buffer, delays nobody, and gets all when it reads again',
  async (t) => {
    const { url, port, store, feed, sockets } = await sseHarness(t, {
      settings: { ringEvents: 50, catchUpPageEvents: 20 },
      sse: { maxBufferedBytes: 32 * 1024 },
    })
    const quick = await openStream(`${url}/v1/events/stream`, { headers: STAFF })
    const before = sockets().length
    const frozen = await frozenClient(t, port, '/v1/events/stream?after=earliest')
    await until(() => feed.stats().live === 2, 'both')
    const socket = sockets()[before]
    if (socket === undefined) throw new Error('no connection')
    let peakBytes = 0
    const look = () => {
      peakBytes = Math.max(peakBytes, socket.writableLength)
    }
    const count = 1_200
    const data = { changes: { description: 'x'.repeat(16_000) } }
    for (let n = 0; n < count; n += 1) {
      await write(store, { data })
      await new Promise((resolve) => setImmediate(resolve))
      look()
    }
    await until(() => {
      look()
      return quick.eventCount() === count
    }, 'all for the quick one')
    t.match(feed.stats(), { live: 1, catchUp: 1 })
    t.ok(peakBytes > 0, 'it did not keep up')
    t.ok(peakBytes <= 32 * 1024 + 20_000, `buffered at most ${String(peakBytes)} bytes`)
    const chunks: Buffer[] = []
    let end = ''
    frozen.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      end = (end + chunk.toString('latin1')).slice(-40_000)
    })
    frozen.resume()
    const last = `"sequence":"${String(count).padStart(20, '0')}"`
    await until(() => end.includes(last), 'the last event for the one that was frozen')
    const text = Buffer.concat(chunks).toString('latin1')
    const sequences = [...text.matchAll(/"sequence":"(\d+)"/g)].map(([, digits]) => Number(digits))
    t.strictSame(sequences, range(1, count))
    quick.close()
  },
)

t.test('a reader that takes nothing for too long is cut', async (t) => {
  const { port, store, feed } = await sseHarness(t, {
    settings: { stallTimeoutMs: 200, ringEvents: 10 },
  })
  const frozen = await frozenClient(t, port, '/v1/events/stream?after=earliest')
  await until(() => feed.stats().live === 1, 'live')
  let isClosed = false
  frozen.on('close', () => {
    isClosed = true
  })
  const data = { changes: { description: 'x'.repeat(60_000) } }
  for (let n = 0; n < 200; n += 1) await write(store, { data })
  await until(() => feed.stats().live + feed.stats().catchUp === 0, 'the end')
  frozen.resume()
  await until(() => isClosed, 'the connection closed')
  t.pass()
})

t.test('a client that goes away leaves nothing behind', async (t) => {
  const { url, feed } = await sseHarness(t)
  const stream = await openStream(`${url}/v1/events/stream`, { headers: STAFF })
  await until(() => feed.stats().live === 1, 'live')
  stream.close()
  await until(() => feed.stats().live === 0, 'gone')
  t.match(feed.stats(), { live: 0, catchUp: 0 })
})

t.test('at stop every stream hears bye with its place, and ends', async (t) => {
  const { url, store, feed, cursors } = await sseHarness(t)
  const streams = await Promise.all(
    range(1, 5).map(() => openStream(`${url}/v1/events/stream`, { headers: STAFF })),
  )
  await until(() => feed.stats().live === 5, 'all live')
  await writeMany(store, 3)
  await settle(feed, store)
  await feed.stop()
  for (const stream of streams) {
    await until(() => stream.isEnded(), 'the end')
    t.strictSame(sequencesOf(stream), [1, 2, 3])
    const bye = stream.blocks.at(-1)
    t.equal(bye?.event, 'bye')
    t.equal(bye?.id, cursors.encode(TENANT, 3))
    t.match(stream.named('bye'), [{ reason: 'shutdown', delivered: 3, retryAfterMs: 2_500 }])
  }
  const refused = await fetch(`${url}/v1/events/stream`)
  t.equal(refused.status, 503)
  t.equal(refused.headers.get('retry-after'), '1')
})

t.test(
  'a stream ends when its token does, else when its time is over, and says which',
  async (t) => {
    const short = principal(['read:events'], { expiresAtMs: CLOCK() + 150 })
    const one = await sseHarness(t, { principal: short })
    const expiring = await openStream(`${one.url}/v1/events/stream`, { headers: STAFF })
    await until(() => expiring.isEnded(), 'the end of the token')
    t.match(expiring.named('bye'), [{ reason: 'token_expired' }])
    const two = await sseHarness(t, { sse: { lifetimeMs: 150 } })
    const aging = await openStream(`${two.url}/v1/events/stream`, { headers: STAFF })
    await until(() => aging.isEnded(), 'the end of its time')
    t.match(aging.named('bye'), [{ reason: 'lifetime' }])
  },
)

t.test('every envelope is a valid CloudEvent to its own SDK', async (t) => {
  const types = ['pet.admitted', 'pet.adopted', 'shelter.registered', 'user.registered']
  const { url } = await sseHarness(t, {
    before: async (store) => {
      for (const type of types) await write(store, { type })
    },
  })
  const stream = await openStream(`${url}/v1/events/stream?after=earliest`, { headers: STAFF })
  await until(() => stream.events().length === types.length, 'all')
  for (const { event, data } of stream.blocks) {
    if (event !== undefined || data === undefined) continue
    const headers = { 'content-type': 'application/cloudevents+json' }
    const parsed = HTTP.toEvent({ headers, body: data })
    if (!(parsed instanceof CloudEvent)) throw new Error('not one event')
    t.ok(parsed.validate(), parsed.type)
    t.match(JSON.parse(data), { id: parsed.id, source: parsed.source, subject: parsed.subject })
  }
  stream.close()
})
