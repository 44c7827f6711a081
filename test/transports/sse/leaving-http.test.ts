// A stream's connection leaves HTTP when its head was sent: what is said on it then, and what ends it.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t, { type Test } from 'tap'
import { answerOnTheWire } from '../../../src/transports/http/wire.ts'
import { TENANT, until, writeMany } from '../feed/harness.ts'
import { sseHarness, type SseHarness } from './harness.ts'

const FIELDS = `host: x\r\nauthorization: Bearer t\r\nx-tenant-id: ${TENANT}\r\n\r\n`
const PATH = '/v1/events/stream?after=earliest'
const EVENTS = /\ndata: \{"specversion/g

type Raw = Readonly<{ socket: Socket; text: () => string; ended: Promise<unknown> }>

const rawStream = (t: Test, port: number, request: string): Raw => {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  t.teardown(() => socket.destroy())
  let text = ''
  socket.on('data', (chunk) => (text += chunk.toString()))
  const ended = once(socket, 'end')
  socket.write(request)
  return { socket, text: () => text, ended }
}

const eventsIn = (text: string): number => text.match(EVENTS)?.length ?? 0

type HttpSocket = Socket & { parser?: object | null }

const open = async (t: Test, version = '1.1'): Promise<SseHarness & Raw> => {
  const harness = await sseHarness(t, { before: (store) => writeMany(store, 3) })
  const raw = rawStream(t, harness.port, `GET ${PATH} HTTP/${version}\r\n${FIELDS}`)
  await until(() => eventsIn(raw.text()) === 3, 'history')
  return { ...harness, ...raw }
}

t.test('nothing of HTTP is held of a stream that is open', async (t) => {
  const { app, port, sockets, store } = await sseHarness(t)
  answerOnTheWire(app.server)
  const messages: WeakRef<object>[] = []
  app.server.on('request', (...both: object[]) =>
    messages.push(...both.map((each) => new WeakRef(each))),
  )
  const { text } = rawStream(t, port, `GET ${PATH} HTTP/1.1\r\n${FIELDS}`)
  await until(() => text().includes('event: ready'), 'the stream')
  const [socket] = sockets() as HttpSocket[]
  await until(() => socket?.parser === null, 'the end of the parser')
  const names = socket
    ?.eventNames()
    .flatMap((event) => socket.listeners(event).map(({ name }) => name))
  t.ok(names?.includes('onReadableStreamEnd'), 'of the socket itself')
  t.strictSame(
    names?.filter((name) => /socketOn|onSocket|onServer/.test(name)),
    [],
    'of HTTP',
  )
  await until(() => isGone(messages), 'the end of the request and its answer')
  t.equal(messages.length, 2)
  await writeMany(store, 2)
  await until(() => eventsIn(text()) === 2, 'live')
})

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

const isGone = (messages: readonly WeakRef<object>[]): boolean => {
  collect()
  return messages.every((each) => each.deref() === undefined)
}

t.test('where Node is not as expected the parser stays, and the stream is the same', async (t) => {
  const { app, port, store, feed, sockets } = await sseHarness(t, {
    before: (store) => writeMany(store, 3),
  })
  app.server.on('connection', (socket) => {
    const listeners = socket.listeners('drain')
    socket.removeAllListeners('drain')
    for (const each of listeners) socket.on('drain', () => void Reflect.apply(each, socket, []))
  })
  const { socket, text } = rawStream(t, port, `GET ${PATH} HTTP/1.1\r\n${FIELDS}`)
  await until(() => eventsIn(text()) === 3, 'history')
  await writeMany(store, 2)
  await until(() => eventsIn(text()) === 5, 'live')
  t.ok((sockets()[0] as HttpSocket | undefined)?.parser)
  socket.destroy()
  await until(() => feed.stats().live === 0, 'its end')
})

t.test('a stream is chunks for HTTP/1.1, of whole blocks, to the last one', async (t) => {
  const { feed, text, ended } = await open(t)
  await feed.stop()
  await ended
  const [head = ''] = text().split('\r\n\r\n', 1)
  t.match(head, /transfer-encoding: chunked/i)
  const blocks = chunksOf(text().slice(head.length + 4))
  t.equal(blocks.pop(), '', 'the last chunk')
  for (const block of blocks) t.match(block, /^[^\n][^]*\n\n$/)
  t.match(blocks.at(-1), /\nevent: bye\n/)
  t.equal(eventsIn(blocks.join('')), 3)
})

/** Throws where a length is not what follows. */
const chunksOf = (body: string): string[] => {
  const chunks: string[] = []
  let rest = Buffer.from(body)
  while (rest.length > 0) {
    const start = rest.indexOf('\r\n') + 2
    const end = start + Number.parseInt(rest.toString('latin1', 0, start - 2), 16)
    if (rest.toString('latin1', end, end + 2) !== '\r\n')
      throw new Error(`no chunk: ${rest.toString()}`)
    chunks.push(rest.toString('utf8', start, end))
    rest = rest.subarray(end + 2)
  }
  return chunks
}

t.test('HTTP/1.0 gets the same lines, and no chunks', async (t) => {
  const { feed, text, ended } = await open(t, '1.0')
  await feed.stop()
  await ended
  const [head = ''] = text().split('\r\n\r\n', 1)
  t.notMatch(head, /transfer-encoding/i)
  const lines = text().slice(head.length + 4)
  t.match(lines, /^retry: 2500\n\nid: [^\n]+\nevent: ready\n/)
  t.notMatch(lines, /\r/)
  t.match(lines, /\nevent: bye\ndata: [^\n]+\n\n$/)
})

for (const [what, act] of [
  ['is cut', (socket: Socket) => void socket.resetAndDestroy()],
  ['is ended by the client', (socket: Socket) => void socket.end()],
  ['is spoken on', (socket: Socket) => void socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')],
] as const) {
  t.test(`a stream that ${what} is over`, async (t) => {
    const { feed, socket, sockets } = await open(t)
    socket.on('error', () => undefined)
    act(socket)
    await until(() => feed.stats().live === 0, 'its end')
    t.equal(feed.stats().connections, 0)
    await until(() => sockets().every(({ destroyed }) => destroyed), 'the end of its connection')
  })
}

t.test('a stream that is asked for behind another request waits for its turn', async (t) => {
  const { port, url, store, feed } = await sseHarness(t, {
    before: (store) => writeMany(store, 3),
  })
  const both = `GET /v1/events?wait=20 HTTP/1.1\r\n${FIELDS}GET ${PATH} HTTP/1.1\r\n${FIELDS}`
  const subscriptions = () => feed.stats().live + feed.stats().catchUp
  const first = rawStream(t, port, both)
  await until(() => subscriptions() === 1, 'the page, which waits')
  await fetch(`${url}/v1/events`)
  t.equal(subscriptions(), 1, 'and nothing else')
  await writeMany(store, 1)
  await until(() => eventsIn(first.text()) === 4, 'history')
  t.match(first.text(), /^HTTP\/1.1 200 OK[^]+\r\n\r\n\{"data":\[\{[^]+HTTP\/1.1 200 OK/)
  first.socket.destroy()
  await until(() => subscriptions() === 0, 'its end')

  const second = rawStream(t, port, both)
  await until(() => subscriptions() === 1, 'the page, which waits')
  second.socket.destroy()
  await until(() => subscriptions() === 0, 'the end of the page')
  await fetch(`${url}/v1/events`)
  t.equal(subscriptions(), 0, 'who has gone in the meantime has no stream')
})
