// Connections that are kept between calls to one endpoint: fewer of them, and no more trust in them.
import { createServer, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { type Answer, newAnswer } from '../../../src/adapters/outbound/answer.ts'
import { type Connection, openConnection } from '../../../src/adapters/outbound/connection.ts'
import { createKept } from '../../../src/adapters/outbound/kept.ts'
import { createOutbound } from '../../../src/adapters/outbound/outbound.ts'
import { silentLogger } from '../../../src/core/logger.ts'
import type { OutboundLines } from '../../../src/core/outbound.ts'
import { startReceiver } from '../../support/receiver.ts'

const LONG_MS = 600_000 // never waited for
const request = { headers: {}, body: '{}', deadlineMs: LONG_MS, maxAnswerBytes: 100 }

const open = (t: Test, port: number, resolve: () => Promise<readonly string[]>) => {
  const outbound: OutboundLines = createOutbound({
    ...{ allowInsecure: true, logger: silentLogger, resolve },
  })
  const line = outbound.open({ url: `http://hooks.example.com:${port}/`, connections: 2 })
  t.teardown(line.close)
  return line
}

t.test('one name is asked for and one connection made for calls one after another', async (t) => {
  const receiver = await startReceiver(t)
  let asked = 0
  const line = open(t, receiver.port, async () => {
    asked += 1
    return ['127.0.0.1']
  })
  const first = await line.post(request)
  const second = await line.post(request)
  t.match([first.outcome, second.outcome], [{ kind: 'answered', status: 200 }, { status: 200 }])
  t.equal(asked, 1)
  const told = (times: object) => Object.keys(times).sort()
  t.strictSame(told(first.times), ['connectMs', 'dnsMs', 'firstByteMs', 'totalMs'])
  t.strictSame(told(second.times), ['firstByteMs', 'totalMs'], 'the connection was there')
})

t.test('a name that leads inside is refused, whatever else it leads to', async (t) => {
  const receiver = await startReceiver(t)
  const line = open(t, receiver.port, async () => ['127.0.0.1', '169.254.169.254'])
  t.match((await line.post(request)).outcome, { kind: 'refused', reason: 'address' })
  t.strictSame(receiver.received, [])
})

t.test('a kept connection that the receiver ends is made anew for the next call', async (t) => {
  const sockets: Socket[] = []
  let answers = 0
  // Answers one request a connection, promises to keep it, and breaks it at the second.
  const server = createServer((socket) => {
    sockets.push(socket)
    let requests = 0
    socket
      .on('error', () => {})
      .on('data', () => {
        requests += 1
        if (requests > 1) return socket.destroy()
        answers += 1
        return socket.write('HTTP/1.1 204 No Content\r\nconnection: keep-alive\r\n\r\n')
      })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    return new Promise((resolve) => server.close(resolve))
  })
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const line = open(t, port, async () => ['127.0.0.1'])
  for (let n = 0; n < 3; n += 1) {
    t.match((await line.post(request)).outcome, { kind: 'answered', status: 204 })
  }
  t.equal(answers, 3)
})

t.test('closing a line stops what is under way, and a later call says so', async (t) => {
  let asked = (): void => {}
  const reached = new Promise<void>((resolve) => (asked = resolve))
  const receiver = await startReceiver(t, { answer: () => asked() })
  const line = open(t, receiver.port, async () => ['127.0.0.1'])
  const hanging = line.post(request)
  await reached
  await line.close()
  t.match((await hanging).outcome, { kind: 'failed', reason: 'stopped' })
  t.match((await line.post(request)).outcome, { kind: 'failed', reason: 'stopped' })
})

t.test('a call that is stopped before it was written is not written', async (t) => {
  const receiver = await startReceiver(t)
  const line = open(t, receiver.port, async () => ['127.0.0.1'])
  await line.post(request)
  const late = line.post(request)
  await line.close()
  t.match((await late).outcome, { kind: 'failed', reason: 'stopped' })
  t.equal(receiver.received.length, 1)
})

t.test('a call over a kept connection ends at its deadline', async (t) => {
  let isFrozen = false
  const receiver = await startReceiver(t, {
    answer: (response) => void (isFrozen || response.end()),
  })
  const line = open(t, receiver.port, async () => ['127.0.0.1'])
  t.match((await line.post(request)).outcome, { kind: 'answered' })
  isFrozen = true
  t.match((await line.post({ ...request, deadlineMs: 50 })).outcome, {
    kind: 'failed',
    reason: 'deadline',
  })
  t.equal(receiver.received.length, 2, 'it was not sent twice')
})

/** Takes connections; what it writes is a test's own. */
const startTcp = async (t: Test, onRequest: (socket: Socket) => void) => {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => {}).on('data', () => onRequest(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    return new Promise((resolve) => server.close(resolve))
  })
  const address = server.address()
  return { sockets, port: typeof address === 'object' && address !== null ? address.port : 0 }
}

t.test('of two calls at once each ends at its own deadline', async (t) => {
  const { sockets, port } = await startTcp(t, () => {})
  const line = open(t, port, async () => ['127.0.0.1'])
  const patient = line.post(request)
  const ended: string[] = []
  await Promise.all(
    [100, 50].map(async (deadlineMs) => {
      const { outcome } = await line.post({ ...request, deadlineMs })
      ended.push(`${outcome.kind} after ${deadlineMs}`)
    }),
  )
  t.strictSame(ended, ['failed after 50', 'failed after 100'])
  const alive = sockets.filter((socket) => !socket.destroyed && !socket.readableEnded)
  for (const socket of alive) socket.write('HTTP/1.1 204 No Content\r\n\r\n')
  t.match((await patient).outcome, { kind: 'answered', status: 204 }, 'the third went on')
})

t.test(
  'an answer that is cut off ends its connection, and the next call has another',
  async (t) => {
    const { sockets, port } = await startTcp(t, (socket) => {
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 200\r\n\r\n${'x'.repeat(150)}`)
    })
    const line = open(t, port, async () => ['127.0.0.1'])
    const cut = { kind: 'answered', status: 200, body: 'x'.repeat(100), isWhole: false }
    t.match((await line.post(request)).outcome, cut)
    t.match((await line.post(request)).outcome, cut)
    t.equal(sockets.length, 2)
  },
)

t.test('an interim answer is passed over', async (t) => {
  const { port } = await startTcp(t, (socket) => {
    socket.write('HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n')
    socket.write('HTTP/1.1 410 Gone\r\ncontent-length: 2\r\n\r\nno')
  })
  const line = open(t, port, async () => ['127.0.0.1'])
  const { outcome } = await line.post(request)
  t.match(outcome, { kind: 'answered', status: 410, body: 'no', isWhole: true })
})

t.test(
  'a connection is not used again when it ended, or more came than was asked for',
  async (t) => {
    const answers = [
      'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok',
      'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok',
      'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n',
      'HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok',
      'HTTP/1.1 200 OK\r\ncontent-length: 2\r\nkeep-alive: timeout=1\r\n\r\nok',
      'HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok',
      'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok',
    ]
    let answered = 0
    const { sockets, port } = await startTcp(t, (socket) => socket.write(answers[answered++] ?? ''))
    const line = open(t, port, async () => ['127.0.0.1'])
    const connections: number[] = []
    for (const _ of answers) {
      t.match((await line.post(request)).outcome, { kind: 'answered', status: 200, body: 'ok' })
      connections.push(sockets.length)
    }
    t.strictSame(connections, [1, 1, 1, 2, 3, 4, 5])
  },
)

const WAY = { kind: 'way', path: '/', addresses: ['127.0.0.1'], dnsMs: undefined } as const
const KEPT = { ca: undefined, keepsAlive: true, most: 2, isStopped: () => false }

/** Over a connection of its own, without a line. */
const carry = (connection: Connection): Promise<Answer> =>
  new Promise((resolve) => {
    const answer = newAnswer(100)
    const onEnd = (): void => resolve(answer)
    connection.carry('POST / HTTP/1.1\r\nhost: here\r\ncontent-length: 0\r\n\r\n', {
      ...{ answer, onEnd, headAt: undefined },
    })
  })

t.test('what comes while nothing was asked ends the connection', async (t) => {
  const { sockets, port } = await startTcp(t, (socket) =>
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'),
  )
  const connection = openConnection({
    ...{ origin: `http://127.0.0.1:${port}`, addresses: ['127.0.0.1'] },
    ...{ deadlineMs: LONG_MS, ca: undefined },
  })
  t.teardown(connection.destroy)
  t.match(await carry(connection), { state: 'whole' })
  t.ok(connection.isReady())
  const [first] = sockets
  const isClosed = new Promise<void>((resolve) => first?.once('close', () => resolve()))
  first?.write('HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n')
  await isClosed
  t.notOk(connection.isReady())
})

t.test('a connection to what a name stood for before is not used again', async (t) => {
  const { port } = await startTcp(t, (socket) => socket.write('HTTP/1.1 204 No Content\r\n\r\n'))
  const before = { ...WAY, origin: `http://127.0.0.1:${port}` }
  const kept = createKept(KEPT)
  t.teardown(kept.clear)
  const first = kept.take(before, LONG_MS)
  await carry(first.connection)
  kept.giveBack(first, false)
  t.equal(kept.take(before, LONG_MS), first)
  kept.giveBack(first, false)
  const second = kept.take({ ...before }, LONG_MS)
  t.not(second, first)
  t.notOk(first.connection.isReady(), 'it was ended')
})

t.test('a request that a new connection broke under is not sent again', async (t) => {
  const { sockets, port } = await startTcp(t, (socket) => socket.destroy())
  const line = open(t, port, async () => ['127.0.0.1'])
  t.match((await line.post(request)).outcome, { kind: 'failed', reason: 'broken' })
  t.equal(sockets.length, 1)
})

t.test('an answer may end with its connection', async (t) => {
  const { sockets, port } = await startTcp(t, (socket) => {
    socket.end('HTTP/1.1 200 OK\r\n\r\nuntil the end')
  })
  const line = open(t, port, async () => ['127.0.0.1'])
  for (let n = 1; n < 3; n += 1) {
    t.match((await line.post(request)).outcome, { body: 'until the end', isWhole: true })
    t.equal(sockets.length, n)
  }
})

t.test('a connection that nobody uses is not kept for long', async (t) => {
  const { sockets, port } = await startTcp(t, (socket) =>
    socket.write('HTTP/1.1 204 No Content\r\n\r\n'),
  )
  const line = open(t, port, async () => ['127.0.0.1'])
  await line.post(request)
  const [first] = sockets
  await new Promise<void>((resolve) => first?.once('close', () => resolve()))
  t.match((await line.post(request)).outcome, { kind: 'answered', status: 204 })
  t.equal(sockets.length, 2)
})

t.test('a header that would begin another line is not sent', async (t) => {
  const receiver = await startReceiver(t)
  const line = open(t, receiver.port, async () => ['127.0.0.1'])
  const headers = { 'webhook-id': 'evt_1\r\nhost: elsewhere' }
  await t.rejects(async () => line.post({ ...request, headers }), /cannot be sent/)
  t.strictSame(receiver.received, [])
})

t.test(
  'a text of many bytes a character arrives whole, over one connection after another',
  async (t) => {
    const receiver = await startReceiver(t)
    const line = open(t, receiver.port, async () => ['127.0.0.1'])
    const body = JSON.stringify({ name: 'Ünïcødé 🐈 \u2028', padding: '猫'.repeat(200_000) })
    for (let n = 0; n < 2; n += 1) {
      t.match((await line.post({ ...request, body })).outcome, { kind: 'answered', status: 200 })
    }
    t.ok(receiver.received.every((got) => got.body === body))
  },
)
