// The client for JavaScript over real sockets: through drops, silence, lost events, expired tokens
// and readers that take their time.
import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import t, { type Test } from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import {
  type ClientOptions,
  type CloudEvent,
  connectEvents,
  type EventClient,
  EventsError,
} from '../../../clients/js/events.ts'
import { TENANT, until, write, writeMany } from '../feed/harness.ts'
import { principal, socketHarness } from './harness.ts'

const MAX_COMPRESSED_BYTES = 5 * 1024

const client = (t: Test, url: string, options: Partial<ClientOptions> = {}): EventClient => {
  const made = connectEvents({
    url,
    getToken: () => 'staff',
    tenant: TENANT,
    WebSocket,
    minRetryMs: 5,
    maxRetryMs: 40,
    ...options,
  })
  t.teardown(made.close)
  return made
}

const sequencesOf = (events: readonly CloudEvent[]): number[] =>
  events.map(({ sequence }) => Number(sequence))
const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, n) => from + n)

/** Passes bytes on, and cuts each connection after some of them. */
const droppingProxy = async (t: Test, port: number, cutAfter: () => number) => {
  const open = new Set<Socket>()
  let drops = 0
  const server = createServer((inward) => {
    const outward = createConnection(port, '127.0.0.1')
    let left = cutAfter()
    const cut = () => {
      inward.destroy()
      outward.destroy()
    }
    for (const socket of [inward, outward]) {
      open.add(socket)
      socket.on('error', cut)
      socket.on('close', () => {
        open.delete(socket)
        cut()
      })
    }
    inward.on('data', (chunk) => outward.write(chunk))
    outward.on('data', (chunk) => {
      left -= chunk.length
      if (left > 0) return void inward.write(chunk)
      drops += 1
      inward.write(chunk.subarray(0, chunk.length + left), cut)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const socket of open) socket.destroy()
    server.close()
  })
  const url = `ws://127.0.0.1:${String((server.address() as AddressInfo).port)}/v1/events/ws`
  return { url, drops: () => drops }
}

/** Numbers from a seed, the same in every run. */
const seeded = (seed: number) => {
  let state = seed
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
}

t.test('10,000 events through connections that break come once each, in order', async (t) => {
  const { port, store } = await socketHarness(t, { settings: { ringEvents: 500 } })
  const random = seeded(20_260_822)
  const proxy = await droppingProxy(t, port, () => 20_000 + Math.floor(random() * 400_000))
  const events: CloudEvent[] = []
  const subscription = client(t, proxy.url).subscribe({ after: 'earliest' }, (event) => {
    events.push(event)
  })
  await writeMany(store, 10_000)
  await until(() => events.length >= 10_000, 'all events')
  t.strictSame(sequencesOf(events), range(1, 10_000))
  t.ok(proxy.drops() > 10, `${String(proxy.drops())} drops`)
  await until(() => subscription.checkpoint()?.delivered === 10_000, 'the last to be handled')
})

t.test('a slow handler is not overrun, and its place is what it has handled', async (t) => {
  const { url, store, cursors } = await socketHarness(t)
  await writeMany(store, 50)
  const events: CloudEvent[] = []
  let release: () => void = () => {}
  const made = client(t, url)
  const slow = made.subscribe({ after: 'earliest', window: 4 }, async (event) => {
    events.push(event)
    if (events.length === 3) await new Promise<void>((resolve) => (release = resolve))
  })
  await until(() => events.length === 3, 'the third')
  t.strictSame(slow.checkpoint(), { cursor: cursors.encode(TENANT, 2), delivered: 2 })
  release()
  await until(() => events.length === 50, 'the rest')
  t.strictSame(sequencesOf(events), range(1, 50))
})

t.test('an iterator reads, and ends the subscription when it is left', async (t) => {
  const { url, store, feed } = await socketHarness(t)
  await writeMany(store, 5)
  const made = client(t, url)
  const subscription = made.subscribe({ after: 'earliest', filter: { subjects: ['pets/p1'] } })
  for await (const event of subscription) {
    t.equal(event.subject, 'pets/p1')
    break
  }
  await subscription.done
  await until(() => feed.stats().live + feed.stats().catchUp === 0, 'the server to know')
})

t.test(
  'a token that ends is replaced in time; one that has ended, at the next connection',
  async (t) => {
    const { url, store, clock, principals } = await socketHarness(t)
    let given = 0
    const getToken = () => {
      given += 1
      const name = `token ${String(given)}`
      principals.set(name, principal(clock, ['read:events'], { expiresAtMs: clock() + 600_000 }))
      return name
    }
    const states: string[] = []
    const events: CloudEvent[] = []
    const made = client(t, url, { getToken, onState: (state) => states.push(state) })
    made.subscribe({ after: 'earliest' }, (event) => void events.push(event))
    await write(store)
    await until(() => events.length === 1, 'the first')
    clock.advance(570_000)
    await until(() => given === 2, 'a fresh token')
    t.strictSame(states, ['connecting', 'open'], 'on the same connection')
    clock.advance(700_000)
    await until(() => given === 3, 'a new connection')
    await write(store)
    await until(() => events.length === 2, 'the second')
  },
)

t.test('a refusal for good ends the subscriptions, and nothing is tried again', async (t) => {
  const { url } = await socketHarness(t)
  const states: string[] = []
  const made = client(t, url, { getToken: () => 'nobody', onState: (state) => states.push(state) })
  t.equal((await refusal(made.subscribe().done)).code, 4500)
  t.strictSame(states, ['connecting', 'waiting', 'connecting', 'closed'], 'tried twice')
  const other = client(t, url)
  const bad = other.subscribe({ filter: { types: ['No!'] } })
  t.equal((await refusal(bad.done)).problem?.status, 422)
  const next = bad[Symbol.asyncIterator]()
  t.equal((await refusal(next.next())).problem?.status, 422, 'its reader is told as well')
})

const refusal = async (settling: Promise<unknown>): Promise<EventsError> => {
  const outcome = await settling.catch((error: unknown) => error)
  if (outcome instanceof EventsError) return outcome
  throw new Error('it was not refused')
}

/** A server that says what the test wants it to say. */
const scripted = async (
  t: Test,
  answer: (message: Record<string, unknown>, say: (message: object) => void, turn: number) => void,
) => {
  const wss = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await new Promise((resolve) => wss.once('listening', resolve))
  t.teardown(() => {
    for (const each of wss.clients) each.terminate()
    wss.close()
  })
  let turns = 0
  wss.on('connection', (ws) => {
    turns += 1
    const turn = turns
    const say = (message: object) => ws.send(JSON.stringify(message))
    ws.on('message', (data) => answer(JSON.parse((data as Buffer).toString()), say, turn))
  })
  return `ws://127.0.0.1:${String((wss.address() as AddressInfo).port)}/v1/events/ws`
}

const event = (n: number) => ({
  op: 'event',
  ch: 'k1',
  e: { id: `e${String(n)}`, sequence: String(n), cursor: `c${String(n)}` },
})

t.test('an event that got lost is noticed by the count, and fetched again', async (t) => {
  let asked = 0
  const places: unknown[] = []
  const url = await scripted(t, ({ op, id, after }, say) => {
    if (op === 'auth') say({ op: 'welcome', hb: 20_000 })
    if (op === 'unsub') say({ op: 'unsubbed', id, ch: 'k1' })
    if (op !== 'sub') return
    asked += 1
    places.push(after)
    say({ op: 'subbed', id, ch: 'k1', resumed: true, from: after })
    const sent = asked === 1 ? [1, 3] : [2, 3, 4]
    if (asked === 1) {
      say(event(1))
      say({ op: 'cp', ch: 'k1', cursor: 'c1', n: 1 })
      say(event(3))
      say({ op: 'cp', ch: 'k1', cursor: 'c3', n: 3 })
    } else {
      for (const n of sent) say(event(n))
      say({ op: 'cp', ch: 'k1', cursor: 'c4', n: 3 })
    }
  })
  const ids: string[] = []
  const errors: string[] = []
  const made = client(t, url, { onError: ({ message }) => errors.push(message) })
  made.subscribe({ after: 'c0' }, ({ id }) => void ids.push(id))
  await until(() => ids.length === 4, 'all four')
  t.strictSame(ids, ['e1', 'e3', 'e2', 'e4'], 'each once')
  t.strictSame(places, ['c0', 'c1'], 'again from where nothing was missing')
  t.match(errors, [/lost/])
})

t.test('a server that has fallen silent is left for a new connection', async (t) => {
  const pings: number[] = []
  const url = await scripted(t, ({ op, id }, say, turn) => {
    if (op === 'auth') say({ op: 'welcome', hb: 100 })
    if (op === 'ping') pings.push(turn)
    if (op === 'ping' && turn > 1) say({ op: 'pong' })
    if (op !== 'sub') return
    say({ op: 'subbed', id, ch: 'k1', resumed: true, from: 'c0' })
    say(event(turn))
  })
  const ids: string[] = []
  client(t, url).subscribe({ after: 'c0' }, ({ id }) => void ids.push(id))
  await until(() => ids.length >= 2, 'an event of a second connection')
  t.ok(pings.includes(1), 'it was asked whether it is there')
  // On a machine that stands still for so long the second one is left too, for a third.
  const isKept = (): boolean => pings.filter((turn) => turn === ids.length).length > 3
  await until(isKept, 'one that answers to be kept')
})

t.test('it is small', async (t) => {
  const { outputFiles } = await build({
    entryPoints: [path.resolve(import.meta.dirname, '../../../clients/js/events.ts')],
    ...{ bundle: true, minify: true, write: false, format: 'esm', target: 'es2022' },
  })
  const bytes = gzipSync(outputFiles[0]?.contents ?? '').length
  t.ok(bytes > 0 && bytes < MAX_COMPRESSED_BYTES, `${String(bytes)} bytes`)
})
