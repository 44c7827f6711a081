// What a call took, part by part, over a real TLS server that is slow on purpose: each part has its own delay, and a
// machine that is slow only adds to it.
import { connect, createServer } from 'node:net'
import t, { type Test } from 'tap'
import { createOutbound } from '../../../src/adapters/outbound/outbound.ts'
import { systemClock } from '../../../src/adapters/system/clock.ts'
import { silentLogger } from '../../../src/core/logger.ts'
import { selfSigned } from '../../support/certificate.ts'
import { startReceiver } from '../../support/receiver.ts'

const HOST = 'hooks.example.com'
const LONG_MS = 600_000 // never waited for
const [NAME_MS, KEYS_MS, ANSWER_MS] = [30, 60, 90]
const EARLY_MS = 2 // a timer may be so early
const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Takes connections at once, and hands on what is said over them a while later. */
const slowBefore = async (t: Test, port: number): Promise<number> => {
  const server = createServer(async (client) => {
    await later(KEYS_MS)
    const inner = connect(port, '127.0.0.1')
    t.teardown(() => inner.destroy())
    client.on('error', () => {}).pipe(inner)
    inner.on('error', () => {}).pipe(client)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => new Promise((resolve) => server.close(resolve)))
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

t.test('each part of a call has its own time, and a kept connection has none', async (t) => {
  const tls = selfSigned(HOST, systemClock())
  const receiver = await startReceiver(t, {
    tls,
    answer: (response) => void later(ANSWER_MS).then(() => response.end('taken')),
  })
  const port = await slowBefore(t, receiver.port)
  const outbound = createOutbound({
    ...{ allowInsecure: true, logger: silentLogger, ca: [tls.cert] },
    resolve: async () => {
      await later(NAME_MS)
      return ['127.0.0.1']
    },
  })
  const line = outbound.open({ url: `https://${HOST}:${port}/`, connections: 1 })
  t.teardown(line.close)
  const request = { headers: {}, body: '{}', deadlineMs: LONG_MS, maxAnswerBytes: 100 }
  const first = await line.post(request)
  t.match(first.outcome, { kind: 'answered', status: 200 })
  const { dnsMs = -1, connectMs = -1, tlsMs = -1, firstByteMs = -1, totalMs } = first.times
  t.ok(dnsMs >= NAME_MS - EARLY_MS, `the name: ${dnsMs}`)
  t.ok(connectMs >= 0, `the connection: ${connectMs}`)
  t.ok(tlsMs >= KEYS_MS - EARLY_MS, `the keys: ${tlsMs}`)
  const before = dnsMs + connectMs + tlsMs
  t.ok(
    firstByteMs >= before + ANSWER_MS - EARLY_MS,
    `${firstByteMs} until the answer: not less than its parts`,
  )
  t.ok(totalMs >= firstByteMs)
  const second = await line.post(request)
  t.match(second.outcome, { kind: 'answered', status: 200 })
  t.strictSame(Object.keys(second.times).sort(), ['firstByteMs', 'totalMs'])
  t.ok((second.times.firstByteMs ?? -1) >= ANSWER_MS - EARLY_MS)
})

t.test('what did not come about has no time', async (t) => {
  const receiver = await startReceiver(t, { tls: selfSigned('other.example.com', systemClock()) })
  const outbound = createOutbound({
    ...{ allowInsecure: true, logger: silentLogger, resolve: async () => ['127.0.0.1'] },
  })
  const told = async (url: string): Promise<readonly string[]> => {
    const line = outbound.open({ url, connections: 1 })
    const { times } = await line.post({
      headers: {},
      body: '',
      deadlineMs: LONG_MS,
      maxAnswerBytes: 0,
    })
    await line.close()
    return Object.keys(times).sort()
  }
  const untrusted = await told(`https://${HOST}:${receiver.port}/`)
  t.strictSame(
    untrusted,
    ['connectMs', 'dnsMs', 'totalMs'],
    'a connection, and no keys that are agreed on',
  )
  t.strictSame(await told('https://10.0.0.0.1/'), ['totalMs'], 'no name that is asked for')
})
