// The sub-protocol `cloudevents.json`: the common suite over it, and what is its own: bare events that the
// CloudEvents SDK takes, refusals in HTTP, and close codes.
import { CloudEvent } from 'cloudevents'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import { transportContract } from '../../contracts/transport/contract.ts'
import { createQueue } from '../../contracts/transport/queue.ts'
import { principalsAt } from '../../contracts/transport/support.ts'
import type { Connection, Delivered, Wanted } from '../../contracts/transport/types.ts'
import { OTHER_TENANT, TENANT, until, write, writeMany } from '../feed/harness.ts'
import { socketHarness } from './harness.ts'

const MORE = { tellsBuffered: true, endsWithUser: true } as const

t.setTimeout(120_000)

const queryOf = ({ filter, after = 'now' }: Wanted): string => {
  const query = new URLSearchParams({ after })
  for (const type of filter?.types ?? []) query.append('types', type)
  for (const subject of filter?.subjects ?? []) query.append('subject', subject)
  return query.toString()
}

const connect = (url: string, wanted: Wanted): Promise<Connection> =>
  new Promise((resolve, reject) => {
    const { token, tenant } = wanted
    const ws = new WebSocket(`${url}?${queryOf(wanted)}`, 'cloudevents.json', {
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(tenant === undefined ? {} : { 'x-tenant-id': tenant }),
      },
    })
    const queue = createQueue<Delivered>()
    ws.on('message', (data) => queue.push(JSON.parse((data as Buffer).toString())))
    ws.on('close', queue.end)
    ws.on('error', reject)
    ws.on('open', () =>
      resolve({
        events: queue.items,
        checkpoint: () => undefined,
        freeze: () => ws.pause(),
        drop: () => ws.terminate(),
        close: () => ws.close(),
      }),
    )
  })

t.test('bare CloudEvents over the WebSocket', (t) =>
  transportContract(t, {
    features: { countsDeliveries: false, earlierLog: 'refused', ...MORE },
    make: async (t) => {
      const { store, cursors, principals, clock, url, sockets } = await socketHarness(t)
      for (const [token, principal] of principalsAt(clock())) principals.set(token, principal)
      return {
        ...{ store, cursors, principals, now: clock },
        pass: clock.advance,
        buffered: () => [...sockets].map((socket) => socket.writableLength),
        connect: (wanted) => connect(url, wanted),
      }
    },
  }),
)

const STAFF = { authorization: 'Bearer staff', 'x-tenant-id': TENANT }

type Heard = Readonly<{ ws: WebSocket; texts: string[]; closed: () => Promise<number> }>

const open = async (t: Test, url: string, headers: Record<string, string>): Promise<Heard> => {
  const ws = new WebSocket(url, 'cloudevents.json', { headers })
  const texts: string[] = []
  let code: number | undefined
  ws.on('message', (data) => texts.push((data as Buffer).toString()))
  ws.on('close', (closedWith) => (code = closedWith))
  ws.on('error', () => {})
  t.teardown(() => ws.terminate())
  await until(() => ws.readyState !== WebSocket.CONNECTING, 'the connection')
  const closed = async () => {
    await until(() => code !== undefined, 'the close')
    return code ?? 0
  }
  return { ws, texts, closed }
}

t.test('every message is a CloudEvent, and nothing else is said', async (t) => {
  const { url, store, events } = await socketHarness(t, { settings: { heartbeatMs: 20 } })
  await writeMany(store, 5)
  const heard = await open(t, `${url}?after=earliest`, STAFF)
  t.equal(heard.ws.protocol, 'cloudevents.json')
  await until(() => heard.texts.length === 5, 'the history')
  await write(store, { tenantId: OTHER_TENANT })
  await write(store)
  await until(() => heard.texts.length === 6, 'what comes')
  await events.stop()
  t.equal(await heard.closed(), 4001)
  t.equal(heard.texts.length, 6, 'no goodbye in words')
  for (const text of heard.texts) {
    t.ok(new CloudEvent(JSON.parse(text)).validate())
  }
})

t.test('a client that says something, and a token that ends, end the connection', async (t) => {
  const { url, clock, principals } = await socketHarness(t)
  const loud = await open(t, url, STAFF)
  loud.ws.send('{"op":"ping"}')
  t.equal(await loud.closed(), 4501)
  const staff = principals.get('staff')
  const quiet = await open(t, url, STAFF)
  clock.advance((staff?.expiresAtMs ?? 0) - clock())
  t.equal(await quiet.closed(), 4005)
})

t.test('what cannot be had is refused before the upgrade, in HTTP', async (t) => {
  const { url } = await socketHarness(t)
  const ask = (query: string, headers: Record<string, string> = STAFF) =>
    new Promise<number>((resolve) => {
      const ws = new WebSocket(`${url}${query}`, 'cloudevents.json', { headers })
      ws.on('unexpected-response', (_request, response) => {
        resolve(response.statusCode ?? 0)
        ws.terminate()
      })
      ws.on('open', () => resolve(101))
      ws.on('error', () => {})
      t.teardown(() => ws.terminate())
    })
  const foreign = { ...STAFF, 'x-tenant-id': OTHER_TENANT }
  t.equal(await ask('?types=pet.*&subject=pets/p1'), 101)
  t.equal(await ask('', {}), 101, 'the public, of the shared pool')
  t.equal(await ask('', { 'x-tenant-id': TENANT }), 401)
  t.equal(await ask('', { ...STAFF, authorization: 'Bearer nobody' }), 401)
  t.equal(await ask('', { ...STAFF, authorization: 'Basic c3RhZmY=' }), 401)
  t.equal(await ask('', foreign), 403)
  t.equal(await ask('?types=Pet!'), 400)
  t.equal(await ask('?after=nowhere'), 400)
  t.equal(await ask('?access_token=staff'), 400, 'no token is taken from a URL')
  t.equal(await ask(`?after=0-${TENANT.slice(-4)}-1`), 410)
})

t.test('a connection and its subscription are counted, and given back', async (t) => {
  const { url, feed, events } = await socketHarness(t, { settings: { connectionsPerPrincipal: 1 } })
  const first = await open(t, url, STAFF)
  await until(() => feed.stats().live === 1, 'the subscription')
  t.equal(await (await open(t, url, STAFF)).closed(), 4504)
  first.ws.close()
  await until(() => events.connections() === 0, 'the end')
  t.equal(feed.stats().connections, 0)
  t.equal(feed.stats().live, 0)
})
