// The adapter to a broker of somebody else, against brokers of both versions of the protocol, one
// that says nothing, and one whose certificate nobody vouches for.
import { createServer as createTcpServer, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import t from 'tap'
import { createMqttBroker } from '../../../src/adapters/mqtt/broker.ts'
import { systemClock } from '../../../src/adapters/system/clock.ts'
import type { BrokerMessage } from '../../../src/core/mqtt-broker.ts'
import { selfSigned } from '../../support/certificate.ts'
import { testBroker } from '../../transports/mqtt/broker.ts'
import { mqttHarness } from '../../transports/mqtt/harness.ts'

const never = new AbortController().signal
const clientId = 'pawtrail-test'

const messageOf = (payload: Buffer): BrokerMessage => ({
  ...{ topic: 'pets/p1/status', payload, retain: true, contentType: 'application/json' },
  userProperties: { cursor: 'c', id: 'evt_1' },
})

t.test('a broker of MQTT 3.1.1 is spoken to in 3.1.1', async (t) => {
  const { url, taken } = await testBroker(t)
  const connection = await createMqttBroker({ url, clientId }).connect(never)
  t.equal(await connection.publish(messageOf(Buffer.from('{}'))), 'taken')
  t.strictSame(taken, [{ topic: 'pets/p1/status', text: '{}', retain: true, qos: 1 }])
  await connection.close()
})

t.test(
  'a message of MQTT 5 is measured to the byte: what the broker does not take is not sent',
  async (t) => {
    const packetBytes = 200
    const { url } = await mqttHarness(t, { mqtt: { packetBytes } }) // it refuses what it is sent
    const broker = createMqttBroker({ url: url.replace('://', '://x:staff@'), clientId })
    const sizes = Array.from({ length: packetBytes }, (_, bytes) => bytes).reverse()
    const connection = await broker.connect(never)
    let fits = 0
    for (const bytes of sizes) {
      const outcome = await connection.publish(messageOf(Buffer.alloc(bytes))).catch(String)
      if (outcome === 'too_large') continue
      t.match(outcome, /refused pets\/p1\/status: .*Not authorized/, 'it came whole')
      fits = bytes
      break
    }
    t.ok(fits > 0 && fits < packetBytes)
    const again = await broker.connect(never)
    t.equal(await again.publish(messageOf(Buffer.alloc(fits + 1))), 'too_large')
    await again.close()
  },
)

t.test('after a message that was refused nothing more is sent', async (t) => {
  const { url } = await mqttHarness(t)
  const broker = createMqttBroker({ url: url.replace('://', '://x:staff@'), clientId })
  const connection = await broker.connect(never)
  await t.rejects(connection.publish(messageOf(Buffer.from('1'))), /refused/)
  await t.rejects(connection.publish(messageOf(Buffer.from('2'))), /refused/)
  await connection.close()
})

t.test('a broker that says nothing is given up at the named limits', async (t) => {
  const sockets = new Set<Socket>()
  const server = createTcpServer((socket) => sockets.add(socket.on('error', () => {})))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const url = `mqtt://u:hunter2@127.0.0.1:${String(port)}`
  const broker = createMqttBroker({ url, clientId, settings: { connectTimeoutMs: 50 } })
  t.equal(broker.name, `mqtt://127.0.0.1:${String(port)}`)
  await t.rejects(broker.connect(never), /did not answer/)
  const stopping = new AbortController()
  const patient = createMqttBroker({ url, clientId })
  const connecting = patient.connect(stopping.signal)
  stopping.abort()
  await t.rejects(connecting, /stopped/)

  const mute = await testBroker(t, { authorizePublish: () => {} })
  const settings = { answerTimeoutMs: 50, closeTimeoutMs: 50 }
  const connection = await createMqttBroker({ url: mute.url, clientId, settings }).connect(never)
  await t.rejects(connection.publish(messageOf(Buffer.from('{}'))), /does not answer/)
  await connection.close()
})

t.test('who connects ends the connection before', async (t) => {
  const { url, clients } = await testBroker(t)
  const first = await createMqttBroker({ url, clientId }).connect(never)
  const second = await createMqttBroker({ url, clientId }).connect(never)
  await t.rejects(first.publish(messageOf(Buffer.from('1'))))
  t.equal(await second.publish(messageOf(Buffer.from('2'))), 'taken')
  t.equal(clients(), 1)
  await second.close()
})

t.test('a broker that is not there, or that nobody vouches for, is not spoken to', async (t) => {
  const { cert, key } = selfSigned('localhost', systemClock())
  const broker = await testBroker(t, { serve: (handle) => createTlsServer({ cert, key }, handle) })
  const url = `mqtts://localhost:${String(broker.port)}`
  await t.rejects(createMqttBroker({ url, clientId }).connect(never), /self-signed/)
  await broker.stop()
  await t.rejects(createMqttBroker({ url, clientId }).connect(never), /ECONNREFUSED/)
  t.strictSame(broker.taken, [])
})
