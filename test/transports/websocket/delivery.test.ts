// What is promised of delivery: nothing lost and nothing twice from whatever place, under writes,
// with readers who are slow or have gone quiet, and over a stop.
import fc from 'fast-check'
import { connect } from 'node:net'
import { randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import { TENANT, until, write, writeMany } from '../feed/harness.ts'
import { socketHarness } from './harness.ts'
import { speaker } from './speaker.ts'

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, n) => from + n)

t.test('from every place of a log one goes on without a hole', async (t) => {
  const { url, store, cursors } = await socketHarness(t, {
    settings: { ringEvents: 8, catchUpPageEvents: 5, sliceEvents: 3 },
  })
  const LENGTH = 30
  await writeMany(store, LENGTH)
  const client = await speaker(t, url)
  for (let at = 0; at <= LENGTH; at += 1) {
    const from = client.sequences().length
    client.say({ op: 'sub', id: at, after: cursors.encode(TENANT, at) })
    await until(() => client.all('subbed').length === at + 1, 'the subscription')
    await until(() => client.sequences().length - from === LENGTH - at, `all after ${at}`)
    t.strictSame(client.sequences().slice(from), range(at + 1, LENGTH))
    client.say({ op: 'unsub', id: at })
    await until(() => client.all('unsubbed').length === at + 1, 'its end')
  }
})

t.test(
  'whatever is written meanwhile, and however credit comes, each event comes once',
  async (t) => {
    const seed = 20_260_822
    const plan = fc.record({
      before: fc.nat(40),
      during: fc.nat(40),
      window: fc.integer({ min: 1, max: 12 }),
      after: fc.nat(40),
    })
    await fc.assert(
      fc.asyncProperty(plan, async ({ before, during, window, after }) => {
        await t.test(`${before} + ${during} by ${window}`, async (t) => {
          const { url, store, cursors } = await socketHarness(t, {
            settings: { ringEvents: 6, catchUpPageEvents: 7, sliceEvents: 4 },
          })
          await writeMany(store, before)
          const start = Math.min(after, before)
          const client = await speaker(t, url)
          const cursor = cursors.encode(TENANT, start)
          client.say({ op: 'sub', id: 1, after: cursor, credit: window })
          const writing = writeMany(store, during)
          const wanted = before + during - start
          for (let granted = window; granted < wanted; granted += window) {
            await until(() => client.sequences().length === granted, 'all of the credit')
            client.say({ op: 'credit', ch: 'k1', n: window })
          }
          await writing
          await until(() => client.sequences().length >= wanted, 'everything')
          t.strictSame(client.sequences(), range(start + 1, before + during))
        })
      }),
      { seed, numRuns: 25 },
    )
  },
)

/** Says the handshake, auth and a subscription by hand, then reads nothing. */
const frozenClient = async (t: Test, port: number): Promise<void> => {
  const socket = connect(port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  socket.on('error', () => {})
  socket.pause()
  socket.write(
    'GET /v1/events/ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n` +
      'Sec-WebSocket-Protocol: pawtrail.events.v1\r\n\r\n',
  )
  socket.write(masked({ op: 'auth', token: 'staff', tenant: TENANT }))
  socket.write(masked({ op: 'sub', id: 1, after: 'earliest' }))
  await until(() => socket.readyState === 'open', 'the connection')
}

const masked = (message: object): Buffer => {
  const text = Buffer.from(JSON.stringify(message))
  return Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), text])
}

const FROZEN = 8
const BIG = { data: { changes: { description: 'x'.repeat(4_000) } } }

t.test('frozen clients cost what they buffer, delay nobody, and are closed', async (t) => {
  const { url, port, store, feed, sockets } = await socketHarness(t, {
    settings: { ringEvents: 50, stallTimeoutMs: 60_000 },
  })
  for (let n = 0; n < FROZEN; n += 1) await frozenClient(t, port)
  await until(() => feed.stats().live === FROZEN, 'the frozen to be subscribed')
  const reader = await speaker(t, url)
  reader.say({ op: 'sub', id: 1, after: 'earliest' })
  let written = 0
  // Until the kernel takes no more of any: then every further event would be memory of ours.
  while (feed.stats().catchUp < FROZEN) {
    await writeMany(store, 200, BIG)
    written += 200
    await until(() => reader.sequences().length === written, 'the reader to have all')
    if (written > 20_000) throw new Error('the kernel takes everything')
  }
  await writeMany(store, 500, BIG)
  await until(() => reader.sequences().length === written + 500, 'the reader is not held up')
  const buffered = [...sockets].map((socket) => socket.writableLength)
  t.ok(Math.max(...buffered) <= 64 * 1024, `at most 64 KiB each, ${Math.max(...buffered)} bytes`)
  t.equal(buffered.filter((bytes) => bytes > 0).length, FROZEN)
})

t.test('one that takes nothing for too long is closed, and its place is free', async (t) => {
  const { port, store, feed, events } = await socketHarness(t, {
    settings: { stallTimeoutMs: 100, ringEvents: 50 },
  })
  await frozenClient(t, port)
  await until(() => feed.stats().live === 1, 'its subscription')
  while (feed.stats().catchUp === 0 && feed.stats().live === 1) await writeMany(store, 200, BIG)
  await until(() => events.connections() === 0, 'its end')
  t.equal(feed.stats().live + feed.stats().catchUp, 0)
})

t.test('a slow reader falls behind, catches up by itself and is told that it lagged', async (t) => {
  const { url, store, feed } = await socketHarness(t, {
    settings: { ringEvents: 20, lagNoticeMs: 0 },
  })
  const client = await speaker(t, url)
  client.say({ op: 'sub', id: 1, after: 'earliest' })
  await client.hear('subbed')
  client.ws.pause()
  let written = 0
  while (feed.stats().catchUp === 0) {
    await writeMany(store, 200, BIG)
    written += 200
  }
  client.ws.resume()
  await until(() => client.sequences().length === written, 'everything')
  t.strictSame(client.sequences(), range(1, written))
  t.ok(client.all('lag').length > 0)
  await write(store)
  await until(() => client.sequences().length === written + 1, 'live again')
})

t.test('who answers no ping is cut off; who does stays', async (t) => {
  const { port, url, events } = await socketHarness(t, { socket: { pingMs: 30 } })
  const client = await speaker(t, url)
  await frozenClient(t, port)
  await until(() => events.connections() === 2, 'both')
  await until(() => events.connections() === 1, 'the dead one to be cut off')
  client.say({ op: 'ping' })
  t.equal((await client.hear('pong')).op, 'pong')
})

t.test('a stop tells everybody their place and that they may come back', async (t) => {
  const { url, store, events } = await socketHarness(t)
  const clients = await Promise.all(range(1, 5).map(() => speaker(t, url)))
  for (const client of clients) client.say({ op: 'sub', id: 1, after: 'earliest' })
  await writeMany(store, 3)
  await until(() => clients.every((each) => each.sequences().length === 3), 'the events')
  await events.stop()
  for (const client of clients) {
    t.equal(await client.closed(), 4001)
    t.match(client.all('cp').at(-1), { ch: 'k1', n: 3 })
    t.match(client.all('bye')[0], { code: 4001, retryAfterMs: 1_000 })
  }
  t.equal(events.connections(), 0)
})

t.test('events of one class are made once for all', async (t) => {
  const { url, store, feed } = await socketHarness(t)
  const clients = await Promise.all(range(1, 20).map(() => speaker(t, url)))
  for (const client of clients) client.say({ op: 'sub', id: 1 })
  await Promise.all(clients.map((each) => each.hear('subbed')))
  await until(() => feed.stats().live === 20, 'all live')
  await write(store)
  await until(() => clients.every((each) => each.sequences().length === 1), 'the event')
  const bytes = feed.stats().ringBytes
  await speaker(t, url).then((late) => late.say({ op: 'sub', id: 9, after: 'earliest' }))
  t.equal(feed.stats().ringBytes, bytes, 'one more reader makes no further frame')
})

t.test('with mode latest, what was missed comes as the newest of each subject', async (t) => {
  const { url, store } = await socketHarness(t)
  for (const id of ['p1', 'p2', 'p1', 'p3']) await write(store, { id })
  const client = await speaker(t, url)
  client.say({ op: 'sub', id: 1, after: 'earliest', mode: 'latest', credit: 4 })
  await until(() => client.sequences().length === 3, 'how things are')
  t.strictSame(client.sequences(), [2, 3, 4])
  await write(store, { id: 'p1' })
  await until(() => client.sequences().length === 4, 'what happens')
  for (const id of ['p1', 'p2', 'p1', 'p2', 'p1']) await write(store, { id })
  client.say({ op: 'credit', ch: 'k1', n: 9 })
  await until(() => client.sequences().length === 6, 'how things are by now')
  t.strictSame(client.sequences(), [2, 3, 4, 5, 9, 10])
  client.say({ op: 'unsub', id: 1 })
  await client.hear('unsubbed')
  t.equal(client.all('cp').at(-1)?.n, 6, 'it counts what was sent')
})

t.test('goodbye tells up to where every subscription has everything', async (t) => {
  const { url, store, events, cursors } = await socketHarness(t)
  await writeMany(store, 5)
  const client = await speaker(t, url)
  client.say({ op: 'sub', id: 1, after: 'earliest', credit: 2 })
  client.say({ op: 'sub', id: 2, after: 'earliest' })
  await until(() => client.sequences().length === 7, 'the events')
  await events.stop()
  await client.closed()
  t.equal(client.all('bye')[0]?.cursor, cursors.encode(TENANT, 2))
})
