// How a call goes, over real sockets: to whom it is connected, how much of an answer is taken, and when it ends.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createServer, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { newAnswer } from '../../../src/adapters/outbound/answer.ts'
import { openConnection } from '../../../src/adapters/outbound/connection.ts'
import { createOutbound } from '../../../src/adapters/outbound/outbound.ts'
import { systemClock } from '../../../src/adapters/system/clock.ts'
import { silentLogger } from '../../../src/core/logger.ts'
import type { OutboundPost } from '../../../src/core/outbound.ts'
import { until } from '../../projections/support.ts'
import { selfSigned } from '../../support/certificate.ts'
import { startReceiver } from '../../support/receiver.ts'

const LONG_MS = 600_000 // never waited for: the runner gives up long before
const SHORT_MS = 100
const local = async (): Promise<readonly string[]> => ['127.0.0.1']
const outbound = createOutbound({ allowInsecure: true, logger: silentLogger, resolve: local })
const post = (url: string, changes: Partial<OutboundPost> = {}): OutboundPost => ({
  ...{ url, headers: {}, body: '{"a":1}', deadlineMs: LONG_MS, maxAnswerBytes: 1_000 },
  ...changes,
})

/** A server that speaks plain TCP, and the connections it has. */
const startTcp = async (t: Test, onConnection: (socket: Socket) => void) => {
  const open = new Set<Socket>()
  const server = createServer((socket) => {
    open.add(socket)
    socket.on('close', () => open.delete(socket)).on('error', () => {})
    socket.resume() // who does not read does not see the end
    onConnection(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const socket of open) socket.destroy()
    return new Promise<void>((resolve) => server.close(() => resolve()))
  })
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return { url: `http://127.0.0.1:${port}/`, port, open }
}

t.test('what is sent arrives byte for byte, and the answer comes back', async (t) => {
  const receiver = await startReceiver(t, {
    answer: (response) => response.writeHead(202, { 'Retry-After': '5' }).end('taken on'),
  })
  const headers = { 'content-type': 'application/json', 'webhook-id': 'evt_1' }
  const outcome = await outbound.post(
    post(`${receiver.url}/hooks?a=b`, { headers, body: '{ "ü":1 }' }),
  )
  t.match(outcome, {
    ...{ kind: 'answered', status: 202, body: 'taken on', isWhole: true },
    headers: { 'retry-after': '5' },
  })
  t.match(receiver.received, [{ method: 'POST', path: '/hooks?a=b', body: '{ "ü":1 }', headers }])
  const sent = receiver.received[0]?.headers
  t.equal(sent?.['user-agent'], 'Pawtrail')
  t.equal(sent?.connection, 'close', 'no connection is kept for another call')
  t.equal(sent?.['accept-encoding'], undefined, 'nothing is unpacked')
})

t.test('a name is asked for once, and the connection goes to what was checked', async (t) => {
  const receiver = await startReceiver(t)
  let asked = 0
  const rebinding = createOutbound({
    allowInsecure: true,
    logger: silentLogger,
    resolve: async () => (asked++ === 0 ? ['127.0.0.1'] : ['169.254.169.254']),
  })
  const url = `http://Hooks.Example.com.:${receiver.port}/`
  t.match(await rebinding.post(post(url)), { kind: 'answered', status: 200 })
  t.equal(asked, 1)
  t.equal(receiver.received[0]?.headers.host, `hooks.example.com:${receiver.port}`)
})

t.test('the next address is tried when the first does not answer', async (t) => {
  const receiver = await startReceiver(t)
  const twoFaced = createOutbound({
    allowInsecure: true,
    logger: silentLogger,
    resolve: async () => ['127.0.0.9', '127.0.0.1'],
  })
  const outcome = await twoFaced.post(post(`http://hooks.example.com:${receiver.port}/`))
  t.match(outcome, { kind: 'answered', status: 200 })
})

t.test(
  'a connection to an address that was not checked is cut before anything is said',
  async (t) => {
    const receiver = await startReceiver(t)
    const connection = openConnection({
      ...{ origin: receiver.url, addresses: ['127.0.0.2'], deadlineMs: LONG_MS, ca: undefined },
    })
    t.teardown(connection.destroy)
    const error = await new Promise((onEnd) => {
      const carried = { answer: newAnswer(0), headAt: undefined, onEnd }
      connection.carry('POST / HTTP/1.1\r\nhost: here\r\ncontent-length: 0\r\n\r\n', carried)
    })
    t.match(error, { message: 'connected to an address that was not checked' })
    t.strictSame(receiver.received, [])
  },
)

t.test('a redirect is an answer, and is not followed', async (t) => {
  const inside = await startReceiver(t)
  for (const status of [301, 302, 303, 307, 308]) {
    const receiver = await startReceiver(t, {
      answer: (response) => response.writeHead(status, { location: inside.url }).end(),
    })
    t.match(await outbound.post(post(receiver.url)), { kind: 'answered', status })
  }
  t.strictSame(inside.received, [])
})

t.test('proxies of the environment are not used', async (t) => {
  const proxy = await startReceiver(t)
  const receiver = await startReceiver(t)
  const names = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy', 'ALL_PROXY']
  for (const name of names) process.env[name] = proxy.url
  process.env['NODE_USE_ENV_PROXY'] = '1'
  t.teardown(() => {
    for (const name of [...names, 'NODE_USE_ENV_PROXY']) delete process.env[name]
  })
  t.match(await outbound.post(post(receiver.url)), { kind: 'answered' })
  t.strictSame(proxy.received, [])
  t.equal(receiver.received.length, 1)
})

t.test('of an endless answer no more is taken than allowed, and it is cut off', async (t) => {
  const server = await startTcp(t, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n')
    const more = (): void => {
      while (!socket.destroyed && socket.write('x'.repeat(10_000)));
    }
    socket.on('drain', more)
    more()
  })
  const outcome = await outbound.post(post(server.url))
  t.strictSame(outcome, {
    ...{ kind: 'answered', status: 200, headers: {} },
    ...{ body: 'x'.repeat(1_000), isWhole: false },
  })
  await until('the receiver is rid of us', () => server.open.size === 0)
})

t.test('an answer of exactly the limit is whole, one byte more is not', async (t) => {
  const receiver = await startReceiver(t, {
    answer: (response, { path: length }) => response.end('x'.repeat(Number(length.slice(1)))),
  })
  t.match(await outbound.post(post(`${receiver.url}/1000`)), { isWhole: true })
  t.match(await outbound.post(post(`${receiver.url}/1001`)), { isWhole: false })
})

t.test('headers that do not come end at the deadline', async (t) => {
  const server = await startTcp(t, (socket) => socket.write('HTTP/1.1 200 OK\r\n'))
  const outcome = await outbound.post(post(server.url, { deadlineMs: SHORT_MS }))
  t.strictSame(outcome, { kind: 'failed', reason: 'deadline' })
  await until('the connection is closed', () => server.open.size === 0)
})

t.test('headers that drip for ever end at the deadline', async (t) => {
  const server = await startTcp(t, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\n')
    const drip = setInterval(() => socket.write('x: y\r\n'), 5)
    socket.on('close', () => clearInterval(drip))
  })
  const outcome = await outbound.post(post(server.url, { deadlineMs: SHORT_MS }))
  t.strictSame(outcome, { kind: 'failed', reason: 'deadline' })
  await until('the connection is closed', () => server.open.size === 0)
})

t.test('a body that drips ends at the deadline, and its status counts', async (t) => {
  const server = await startTcp(t, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n')
    const drip = setInterval(() => socket.write('x'), 5)
    socket.on('close', () => clearInterval(drip))
  })
  const limits = { deadlineMs: SHORT_MS, maxAnswerBytes: 1_000_000_000 }
  const outcome = await outbound.post(post(server.url, limits))
  t.match(outcome, { kind: 'answered', status: 200, isWhole: false })
  await until('the connection is closed', () => server.open.size === 0)
})

t.test('headers without end are refused', async (t) => {
  const server = await startTcp(t, (socket) => {
    socket.write(`HTTP/1.1 200 OK\r\n${'x: yyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n'.repeat(2_000)}`)
  })
  t.strictSame(await outbound.post(post(server.url)), { kind: 'failed', reason: 'broken' })
})

t.test('what is no HTTP, or ends early, is told as broken', async (t) => {
  for (const text of ['SSH-2.0-OpenSSH\r\n', '', 'HTTP/1.1 200 OK\r\nContent-Le']) {
    const server = await startTcp(t, (socket) => socket.end(text))
    const outcome = await outbound.post(post(server.url))
    t.strictSame(outcome, { kind: 'failed', reason: 'broken' }, text)
  }
})

t.test('a port where nobody listens is told as unreachable', async (t) => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  await new Promise<void>((resolve) => server.close(() => resolve()))
  const outcome = await outbound.post(post(`http://127.0.0.1:${port}/`))
  t.strictSame(outcome, { kind: 'failed', reason: 'unreachable' })
})

t.test('a call can be stopped, before it begins and while it waits', async (t) => {
  const server = await startTcp(t, () => {})
  const controller = new AbortController()
  const waiting = outbound.post(post(server.url, { signal: controller.signal }))
  await until('it is connected', () => server.open.size === 1)
  controller.abort()
  t.strictSame(await waiting, { kind: 'failed', reason: 'stopped' })
  let opened = 0
  const count = (): void => void (opened += 1)
  subscribe('net.client.socket', count)
  t.teardown(() => unsubscribe('net.client.socket', count))
  const late = await outbound.post(post(server.url, { signal: controller.signal }))
  t.strictSame(late, { kind: 'failed', reason: 'stopped' })
  t.equal(opened, 0, 'nobody was connected to')
})

t.test('a certificate must be trusted and name the host', async (t) => {
  const tls = selfSigned('hooks.example.com', systemClock())
  const receiver = await startReceiver(t, { tls })
  const trusting = createOutbound({
    allowInsecure: true,
    logger: silentLogger,
    resolve: local,
    ca: [tls.cert],
  })
  process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
  t.teardown(() => delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'])
  const at = (host: string): OutboundPost => post(`https://${host}:${receiver.port}/`)

  const stranger = await outbound.post(at('hooks.example.com'))
  t.strictSame(stranger, { kind: 'failed', reason: 'tls' }, 'signed by nobody we know')
  for (const host of ['other.example.com', 'example.com', '127.0.0.1']) {
    t.strictSame(await trusting.post(at(host)), { kind: 'failed', reason: 'tls' }, host)
  }
  t.strictSame(receiver.received, [], 'and nothing was said to it')

  t.match(await trusting.post(at('hooks.example.com.')), { kind: 'answered', status: 200 })
  const plain = await startReceiver(t)
  const untrusted = await trusting.post(post(`https://hooks.example.com:${plain.port}/`))
  t.strictSame(untrusted, { kind: 'failed', reason: 'tls' }, 'a server that speaks no TLS')
})
