// What HTTP/1.1 itself asks of a server, spoken byte by byte over sockets: who is asked, in which form, what a broken
// message gets, and that a request which does not come whole ends in time. Every answer is held against the documents
// by the test application.
import net from 'node:net'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { parseAnswer } from '../../support/watch-answers.ts'
import { httpApp, LUNA } from './http-app.ts'

const REQUEST_TIMEOUT_MS = 1_000

const rig = await httpApp(t, { settings: { requestTimeoutMs: REQUEST_TIMEOUT_MS } })
const port = Number(new URL(await rig.app.listen({ port: 0, host: '127.0.0.1' })).port)
const { authorization = '' } = rig.as('staff')

/** Everything the server says until it closes the connection. */
const speak = (...parts: readonly (string | Buffer)[]): Promise<string> =>
  new Promise((resolve, reject) => {
    let received = ''
    const socket = net.connect(port, '127.0.0.1', () => {
      for (const part of parts) socket.write(part)
    })
    socket.on('data', (chunk) => (received += chunk.toString()))
    socket.on('close', () => resolve(received))
    socket.on('error', reject)
  })

const statusesIn = (text: string): readonly number[] =>
  [...text.matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, status]) => Number(status))
const detailOf = (text: string): unknown => {
  const { detail, message } = JSON.parse(parseAnswer(text)?.body ?? '') as Record<string, unknown>
  return detail ?? message
}
const get = (target: string, fields = 'Host: a\r\n'): string =>
  `GET ${target} HTTP/1.1\r\n${fields}Connection: close\r\n\r\n`
const post = (fields: string): string =>
  `POST /v1/pets HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: ${authorization}\r\n` +
  `Content-Type: application/json\r\n${fields}\r\n`
const posted = (body: Buffer | string, fields = ''): Promise<string> =>
  speak(post(`Content-Length: ${Buffer.byteLength(body)}\r\n${fields}`), body)

void t.test('a request that does not come whole is answered 408 and closed', async (t) => {
  const begun = {
    'a body that stops': post('Content-Length: 500\r\n') + '{"name":',
    'a chunk that stops': post('Transfer-Encoding: chunked\r\n') + 'ff\r\n{',
    'a header that stops': 'GET /v1/pets HTTP/1.1\r\nHost: a',
    'a body that stops, of the classic profile': post('Content-Length: 9\r\n').replace('/v1', ''),
  }
  await Promise.all(
    Object.entries(begun).map(async ([what, text]) => {
      const answer = await speak(text)
      t.strictSame(statusesIn(answer), [408], what)
      t.match(parseAnswer(answer)?.body, 'request-timeout', what)
    }),
  )
})

void t.test('exactly one Host that can be a host is asked for', async (t) => {
  for (const fields of ['', 'Host: a\r\nHost: b\r\n', 'Host: a\r\nhost: a\r\n', 'Host: <b>\r\n']) {
    const answer = await speak(get('/livez', fields))
    t.strictSame(statusesIn(answer), [400], JSON.stringify(fields))
    t.match(detailOf(answer), 'Host')
  }
  for (const host of ['a', 'a.example:80', '127.0.0.1', '[::1]:3000', '']) {
    t.strictSame(statusesIn(await speak(get('/livez', `Host: ${host}\r\n`))), [200], host)
  }
  t.strictSame(statusesIn(await speak('GET /livez HTTP/1.0\r\n\r\n')), [200], 'HTTP/1.0 has none')
})

void t.test('an absolute target is worth its path, in answers too', async (t) => {
  t.strictSame(statusesIn(await speak(get('http://b.example/v1/pets?limit=1'))), [200])
  t.strictSame(statusesIn(await speak(get('https://b.example'))), [200])
  const nowhere = await speak(get('http://b.example/v1/nothing'))
  t.match(parseAnswer(nowhere)?.body, '"instance":"/v1/nothing"')
  t.match(detailOf(await speak(get('http://b.example/nothing'))), 'endpoint does not exist')
  t.strictSame(statusesIn(await speak(get('*'))), [404], 'a star is for OPTIONS')
  t.strictSame(statusesIn(await speak(get('*').replace('GET', 'OPTIONS'))), [204])
})

void t.test('methods that are routed nowhere are refused with what the path has', async (t) => {
  for (const path of ['/v1/pets', '/pets', '/v1/pets/1/history']) {
    const answer = parseAnswer(await speak(get(path).replace('GET', 'PROPFIND')))
    t.equal(answer?.statusCode, 405)
    t.match(answer?.headers['allow'], /^GET, HEAD, .*OPTIONS/)
  }
  t.strictSame(statusesIn(await speak(get('/v1/nothing').replace('GET', 'PROPFIND'))), [404])
  const tunnel = await speak('CONNECT evil.example:443 HTTP/1.1\r\nHost: a\r\n\r\n')
  t.strictSame(statusesIn(tunnel), [400])
  t.match(detailOf(tunnel), 'no proxy')
})

void t.test(
  'forms of smuggling are refused, and what follows is not read as a request',
  async (t) => {
    const smuggled = '0\r\n\r\nGET /livez HTTP/1.1\r\nHost: a\r\n\r\n'
    const both = 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n'
    for (const fields of [
      both,
      'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n',
      'Transfer-Encoding: xchunked\r\n',
      'Transfer-Encoding : chunked\r\n',
      'Content-Length: 5\r\nContent-Length: 6\r\n',
      'Content-Length: 5, 5\r\n',
      'Content-Length: +5\r\n',
      'Content-Length: 99999999999999999999\r\n',
    ]) {
      t.strictSame(statusesIn(await speak(post(fields), smuggled)), [400], JSON.stringify(fields))
    }
  },
)

void t.test('a broken message never cuts into the answer before it', async (t) => {
  const after = await speak('GET /v1/pets?limit=1 HTTP/1.1\r\nHost: a\r\n\r\n', 'GARBAGE\r\n\r\n')
  t.strictSame(statusesIn(after), [200, 400])
  const stream = await new Promise<string>((resolve, reject) => {
    let received = ''
    const socket = net.connect(port, '127.0.0.1', () =>
      socket.write('GET /v1/events/stream HTTP/1.1\r\nHost: a\r\n\r\n'),
    )
    socket.on('data', (chunk) => {
      const isFirst = !received.includes('event: ready')
      received += chunk.toString()
      if (isFirst && received.includes('event: ready')) socket.write('GARBAGE\r\n\r\n')
    })
    socket.on('close', () => resolve(received))
    socket.on('error', reject)
  })
  t.strictSame(statusesIn(stream), [200], 'a stream that is under way just ends')
})

void t.test('expectations are met or passed over', async (t) => {
  const body = JSON.stringify(LUNA)
  t.strictSame(statusesIn(await posted(body, 'Expect: 100-continue\r\n')), [100, 201])
  t.strictSame(statusesIn(await posted(body, 'Expect: magic\r\n')), [201])
})

void t.test('a body is the text it says to be, or is refused', async (t) => {
  const body = Buffer.from(JSON.stringify(LUNA))
  const broken = Buffer.from(JSON.stringify(LUNA).replace('Luna', 'Lu\xff\xfena'), 'latin1')
  t.match(detailOf(await posted(broken)), 'not valid UTF-8')
  t.strictSame(statusesIn(await posted(Buffer.concat([Buffer.from('\ufeff'), body]))), [201])
  const packed = gzipSync(body)
  t.strictSame(statusesIn(await posted(packed, 'Content-Encoding: gzip\r\n')), [201])
  t.strictSame(statusesIn(await posted(packed, 'Content-Encoding: GZip\r\n')), [201])
  t.strictSame(statusesIn(await posted(body, 'Content-Encoding: identity\r\n')), [201])
  const unpacked = await posted(body, 'Content-Encoding: gzip\r\n')
  t.strictSame(statusesIn(unpacked), [400])
  t.match(detailOf(unpacked), 'Content-Encoding')
  const unknown = await posted(packed, 'Content-Encoding: zstd\r\n')
  t.strictSame(statusesIn(unknown), [415])
  t.match(detailOf(unknown), 'gzip, deflate and br')
  const bomb = gzipSync(Buffer.alloc(50_000_000, ' '))
  t.strictSame(statusesIn(await posted(bomb, 'Content-Encoding: gzip\r\n')), [413])
})
