// Answers as receivers write them, well and badly: what is read of them, however they are cut up on their way, and that
// a reader of others agrees.
import fc from 'fast-check'
import { createServer, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { Client } from 'undici'
import {
  type Answer,
  bodyOf,
  endAnswer,
  hasEnded,
  newAnswer,
  takeChunk,
} from '../../../src/adapters/outbound/answer.ts'

const MAX_BYTES = 100
const ok = (head: string, rest: string): string => `HTTP/1.1 200 OK\r\n${head}\r\n\r\n${rest}`
const chunked = (rest: string): string => ok('transfer-encoding: chunked', rest)

/** What an answer comes to: its status and body, `cut` when they are not all of it, or `broken`. */
const ANSWERS: readonly (readonly [text: string, comesTo: string])[] = [
  [ok('content-length: 2', 'ok'), '200 ok'],
  ['HTTP/1.1 200\r\ncontent-length: 2\r\n\r\nok', '200 ok'],
  ['HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok', '200 ok'],
  ['HTTP/1.1 999 \xe9\r\nx: \xe9\r\ncontent-length: 0\r\n\r\n', '999 '],
  ['HTTP/1.1 204 No Content\r\n\r\n', '204 '],
  ['HTTP/1.1 200 OK\r\n\r\nuntil the end', '200 until the end'],
  [
    'HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n',
    '410 ',
  ],
  [chunked('2\r\nok\r\n0\r\n\r\n'), '200 ok'],
  [chunked('1;a=b\r\no\r\n01\r\nk\r\n00\r\nx: y\r\n\r\n'), '200 ok'],
  [ok('transfer-encoding: gzip, Chunked', '2\r\nok\r\n0\r\n\r\n'), '200 ok'],
  [ok('transfer-encoding: gzip', 'ok'), '200 ok'],
  [ok('content-length: 5', 'ab'), '200 cut'],
  [chunked('2\r\nok\r\n0\r\n'), '200 cut'],
  [chunked('2\nok\n0\n\n'), '200 cut'],
  [chunked('0x2\r\nok\r\n0\r\n\r\n'), '200 cut'],
  [chunked('2 \r\nok\r\n0\r\n\r\n'), '200 cut'],
  [chunked('2\r\nokX\r\n0\r\n\r\n'), '200 cut'],
  [chunked('ffffffffffffffff\r\nok\r\n0\r\n\r\n'), '200 cut'],
  ['', 'broken'],
  ['SSH-2.0-OpenSSH\r\n', 'broken'],
  ['HTTP/1.1 200 OK\r\ncontent-le', 'broken'],
  ['HTTP/1.1 200 OK\ncontent-length: 2\n\nok', 'broken'],
  ['HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n', 'broken'],
  ['HTTP/1.1 2000 OK\r\n\r\n', 'broken'],
  ['HTTP/1.1 099 OK\r\n\r\n', 'broken'],
  ['HTTP/1.1  200 OK\r\n\r\n', 'broken'],
  [ok('content-length : 2', 'ok'), 'broken'],
  [ok('content-length: +2', 'ok'), 'broken'],
  [ok('content-length: 2, 2', 'ok'), 'broken'],
  [ok('content-length: 2\r\nContent-Length: 3', 'ok!'), 'broken'],
  [ok('content-length:', ''), 'broken'],
  [ok('transfer-encoding: chunked\r\ncontent-length: 2', '2\r\nok\r\n0\r\n\r\n'), 'broken'],
  [ok('a: b\r\n folded', ''), 'broken'],
  [ok('a b: c', ''), 'broken'],
  [ok(': c', ''), 'broken'],
  [ok('a: b\0c', ''), 'broken'],
  [ok('a: b\rc: d', ''), 'broken'],
]

/** Read by this reader and no other: undici waits for a body that RFC 9112 says never comes, and is less strict. */
const OURS: typeof ANSWERS = [
  ['HTTP/1.1 204 No Content\r\ncontent-length: 2\r\n\r\n', '204 '],
  ['HTTP/1.1 304 Not Modified\r\ncontent-length: 20\r\n\r\n', '304 '],
  ['HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok', '200 ok'],
  ['HTTP/2.0 200 OK\r\ncontent-length: 0\r\n\r\n', 'broken'],
  ['RTSP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n', 'broken'],
  [ok('content-length: 2', 'ok and more that nobody asked for'), '200 ok'],
  [ok(`x: ${'y'.repeat(16_400)}`, ''), 'broken'],
  [`HTTP/1.1 102 Wait\r\n\r\n`.repeat(1_000), 'broken'],
  [chunked(`2;${'x'.repeat(300)}\r\nok\r\n0\r\n\r\n`), '200 cut'],
  [chunked(`2\r\nok\r\n0\r\n${'x: y\r\n'.repeat(3_000)}\r\n`), '200 cut'],
  [ok('content-length: 101', 'x'.repeat(101)), '200 cut'],
  [ok('content-length: 100', 'x'.repeat(100)), `200 ${'x'.repeat(100)}`],
]

const read = (chunks: readonly Buffer[], isOrderly = true): Answer => {
  const answer = newAnswer(MAX_BYTES)
  for (const chunk of chunks) takeChunk(answer, chunk)
  endAnswer(answer, isOrderly)
  return answer
}

const comesTo = (answer: Answer): string => {
  if (!hasEnded(answer)) return 'not over'
  const { head, state } = answer
  if (head === undefined) return state
  return `${head.status} ${state === 'whole' ? bodyOf(answer) : state}`
}

t.test('answers are read as they are written, and guessed at never', (t) => {
  for (const [text, expected] of [...ANSWERS, ...OURS]) {
    t.equal(
      comesTo(read([Buffer.from(text, 'latin1')])),
      expected,
      JSON.stringify(text.slice(0, 80)),
    )
  }
  t.end()
})

t.test('however an answer is cut up on its way, it is read alike', (t) => {
  const all = [...ANSWERS, ...OURS].map(([text]) => Buffer.from(text, 'latin1'))
  const cuts = fc.array(fc.nat({ max: 200 }), { maxLength: 30 })
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.nat({ max: all.length - 1 }), cuts, fc.boolean(), (n, sizes, isOrderly) => {
        const bytes = all[n] ?? Buffer.alloc(0)
        const chunks: Buffer[] = []
        let at = 0
        for (const size of sizes) chunks.push(bytes.subarray(at, (at += size)))
        const [cut, whole] = [
          read([...chunks, bytes.subarray(at)], isOrderly),
          read([bytes], isOrderly),
        ]
        return (
          comesTo(cut) === comesTo(whole) &&
          bodyOf(cut) === bodyOf(whole) &&
          (whole.state !== 'whole' || cut.hasMore === whole.hasMore)
        )
      }),
      { seed: 20_260_822, numRuns: 2_000 },
    ),
  )
  t.end()
})

t.test('a connection that breaks is no end of an answer', (t) => {
  const bytes = Buffer.from('HTTP/1.1 200 OK\r\n\r\nuntil the e')
  t.match(read([bytes], false), { state: 'cut' })
  t.match(read([bytes], true), { state: 'whole' })
  t.end()
})

t.test('a receiver says how long it keeps its connection', (t) => {
  const keptMs = (head: string): number | undefined =>
    read([Buffer.from(`${head}\r\ncontent-length: 0\r\n\r\n`)]).head?.keptMs
  t.equal(keptMs('HTTP/1.1 200 OK'), Infinity)
  t.equal(keptMs('HTTP/1.1 200 OK\r\nkeep-alive: max=9, timeout=5'), 5_000)
  for (const value of ['close', 'Close', 'te, close']) {
    t.equal(keptMs(`HTTP/1.1 200 OK\r\nconnection: ${value}`), 0, value)
  }
  t.equal(keptMs('HTTP/1.0 200 OK\r\nconnection: keep-alive'), 0)
  t.equal(read([Buffer.from('HTTP/1.1 200 OK\r\n\r\n')]).head?.keptMs, 0, 'its end is the answer’s')
  t.end()
})

/** Answers each request with the text and ends. */
const startTcp = async (t: Test, text: () => string): Promise<number> => {
  const open = new Set<Socket>()
  const server = createServer((socket) => {
    open.add(socket)
    socket.on('error', () => {}).once('data', () => socket.end(Buffer.from(text(), 'latin1')))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const socket of open) socket.destroy()
    return new Promise((resolve) => server.close(resolve))
  })
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

t.test('undici reads them alike', async (t) => {
  let current = ''
  const port = await startTcp(t, () => current)
  for (const [text, expected] of ANSWERS) {
    current = text
    const client = new Client(`http://127.0.0.1:${port}`)
    const theirs = await client
      .request({ path: '/', method: 'POST', body: '{}' })
      .then(async ({ statusCode, body }) => `${statusCode} ${await body.text().catch(() => 'cut')}`)
      .catch(() => 'broken')
    await client.destroy()
    t.equal(theirs, expected, JSON.stringify(text.slice(0, 80)))
  }
})
