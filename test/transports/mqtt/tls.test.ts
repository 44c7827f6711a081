// MQTT over TLS: what a client that verifies certificates gets, and that the bound of memory for one
// that does not read is the same there.
import tls from 'node:tls'
import t from 'tap'
import { systemClock } from '../../../src/adapters/system/clock.ts'
import { selfSigned } from '../../support/certificate.ts'
import { listen } from './client.ts'
import { mqttHarness, ROOT, write } from './harness.ts'
import { hello, rawOver, publishes, subscribeTo } from './raw.ts'

const FILTER = `${ROOT}/events/#`
const BOUND = 64 * 1024
const COUNT = 300
const staff = { username: 'x', password: 'staff' } as const

t.test('clients are served over TLS, and verify whom they talk to', async (t) => {
  const { mqtt, store } = await mqttHarness(t)
  const { key, cert } = selfSigned('localhost', systemClock())
  const secret = { cert: Buffer.from(cert), key: Buffer.from(key) }
  const port = await mqtt.listen({ host: '127.0.0.1', port: 0, tls: secret })
  const url = `mqtts://localhost:${String(port)}`
  for (const protocolVersion of [4, 5] as const) {
    const { client, heard, until, close } = await listen(url, {
      ...{ ...staff, protocolVersion, ca: cert, host: '127.0.0.1', servername: 'localhost' },
    })
    t.teardown(close)
    await client.subscribeAsync(FILTER, { qos: 1 })
    await write(store, { id: `p${String(protocolVersion)}` })
    await until((all) => all.length === 1)
    t.match(heard[0]?.topic, `/p${String(protocolVersion)}/`)
  }
  const stranger = { ...staff, protocolVersion: 5, host: '127.0.0.1' } as const
  await t.rejects(listen(url, { ...stranger, servername: 'localhost' }), /self-signed/)
  await t.rejects(listen(`mqtt://127.0.0.1:${String(port)}`, staff), 'in the clear')
})

t.test('a client that never reads costs bounded memory over TLS, too', async (t) => {
  const { mqtt, store, feed } = await mqttHarness(t)
  const { key, cert } = selfSigned('localhost', systemClock())
  const secret = { cert: Buffer.from(cert), key: Buffer.from(key) }
  const port = await mqtt.listen({ host: '127.0.0.1', port: 0, tls: secret })
  const socket = tls.connect({ host: '127.0.0.1', port, ca: cert, servername: 'localhost' })
  const frozen = rawOver(t, socket)
  frozen.say(hello({ keepalive: 0 }))
  frozen.say(subscribeTo(FILTER, 0))
  await frozen.until((packets) => packets.some(({ cmd }) => cmd === 'suback'))
  socket.pause()
  const data = { changes: { description: 'x'.repeat(20_000) } }
  let mostBytes = 0
  for (let n = 0; n < COUNT; n += 1) {
    const position = await write(store, { id: `p${String(n)}`, data })
    while (feed.head() < position) await new Promise((resolve) => setImmediate(resolve))
    mostBytes = Math.max(mostBytes, mqtt.queuedBytes())
  }
  t.ok(mostBytes > 0 && mostBytes <= BOUND, `${mostBytes} of at most ${BOUND} bytes`)
  socket.resume()
  await frozen.until((packets) => publishes(packets).length === COUNT)
})
