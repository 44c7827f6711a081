// Bad input, limits and clients that do not read: each costs its own connection and nothing else.
import mqttPacket from 'mqtt-packet'
import t from 'tap'
import { listen } from './client.ts'
import { countingRefused } from '../feed/harness.ts'
import { mqttHarness, ROOT, write } from './harness.ts'
import { hello, publishes, raw, subscribeTo } from './raw.ts'

const BOUND = 64 * 1024 // of memory for a client that does not read
const FILTER = `${ROOT}/events/#`

const BAD: readonly (readonly [string, Buffer])[] = [
  ['not MQTT at all', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
  ['a length that never ends', Buffer.from([0x10, 0xff, 0xff, 0xff, 0xff, 0xff])],
  ['a packet larger than any', Buffer.from([0x10, 0xff, 0xff, 0xff, 0x7f])],
  ['an empty CONNECT', Buffer.from([0x10, 0x00])],
  ['a packet before CONNECT', Buffer.from([0xc0, 0x00])],
  ['the reserved packet type', Buffer.from([0x00, 0x00])],
]

t.test('what is not MQTT ends its connection, and others go on', async (t) => {
  const { port, url, store } = await mqttHarness(t, { mqtt: { connectTimeoutMs: 300 } })
  const good = await listen(url, { protocolVersion: 5, username: 'x', password: 'staff' })
  t.teardown(good.close)
  await good.client.subscribeAsync(FILTER, { qos: 1 })
  for (const [title, bytes] of BAD) {
    const bad = raw(t, port)
    bad.sayBytes(bytes)
    await bad.closed
    t.strictSame(bad.packets, [], title)
  }
  await write(store, { id: 'p1' })
  await good.until((heard) => heard.length === 1)
})

t.test('after CONNECT a bad packet is named before the connection ends', async (t) => {
  const { port } = await mqttHarness(t)
  const cases: readonly (readonly [number, Buffer])[] = [
    [0x81, Buffer.from([0x83, 0x00])], // SUBSCRIBE with wrong flags
    [0x95, Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f])],
    [0x82, Buffer.from([0xd0, 0x00])], // PINGRESP is the server's
  ]
  for (const [reasonCode, bytes] of cases) {
    const client = raw(t, port)
    client.say(hello())
    await client.until((packets) => packets.length === 1)
    client.sayBytes(bytes)
    await client.closed
    t.match(client.packets[1], { cmd: 'disconnect', reasonCode })
  }
})

t.test(
  'half a packet of one waits for its other half, whatever others send meanwhile',
  async (t) => {
    const { port } = await mqttHarness(t)
    const slow = raw(t, port)
    slow.say(hello({ clientId: 'slow' }))
    await slow.until((packets) => packets.length === 1)
    const whole = mqttPacket.generate(subscribeTo(FILTER), { protocolVersion: 5 })
    slow.sayBytes(whole.subarray(0, 9))
    const bad = raw(t, port)
    bad.say(hello({ clientId: 'bad' }))
    await bad.until((packets) => packets.length === 1)
    bad.sayBytes(Buffer.from([0x83, 0x00]))
    await bad.closed
    const good = raw(t, port)
    good.say(hello({ clientId: 'good' }))
    good.say(subscribeTo(FILTER, 1, 7))
    await good.until((packets) => packets.some(({ cmd }) => cmd === 'suback'))
    slow.sayBytes(whole.subarray(9))
    await slow.until((packets) => packets.some(({ cmd }) => cmd === 'suback'))
    t.match(slow.packets[1], { cmd: 'suback', messageId: 1, granted: [1] })
    t.match(good.packets[1], { cmd: 'suback', messageId: 7, granted: [1] })
  },
)

t.test('limits are told by their reason codes', async (t) => {
  const { port } = await mqttHarness(t, { mqtt: { subscriptions: 2, clientIdCharacters: 8 } })
  const client = raw(t, port)
  client.say(hello())
  const long = `${ROOT}/${'a/'.repeat(20)}b`
  const topics = [FILTER, `${ROOT}/pets/+/status`, `${ROOT}/orders/#`, long, 'a#', '$share/g/a']
  client.say({
    cmd: 'subscribe',
    messageId: 1,
    subscriptions: topics.map((topic) => ({ topic, qos: 1, nl: false, rap: false, rh: 0 })),
  })
  await client.until((packets) => packets.some(({ cmd }) => cmd === 'suback'))
  t.match(client.packets[1], { granted: [1, 1, 0x97, 0x8f, 0x8f, 0x9e] })
  const named = raw(t, port)
  named.say(hello({ clientId: 'much-too-long' }))
  await named.closed
  t.match(named.packets[0], { cmd: 'connack', reasonCode: 0x85 })
})

t.test('a principal has so many connections and no more', async (t) => {
  const refused: unknown[] = []
  const metrics = countingRefused(refused)
  const mqtt = { connectionsPerPrincipal: 2 }
  const { port } = await mqttHarness(t, { mqtt, options: { metrics } })
  const clients = ['a', 'b', 'c'].map((clientId) => {
    const client = raw(t, port)
    client.say(hello({ clientId }))
    return client
  })
  await Promise.all(clients.map(({ until }) => until((packets) => packets.length === 1)))
  const codes = clients.map(({ packets }) => packets[0])
  t.equal(codes.filter((each) => each?.cmd === 'connack' && each.reasonCode === 0x97).length, 1)
  t.strictSame(refused, [{ transport: 'mqtt', reason: 'principal_limit' }], 'and it is counted')
})

t.test('a principal has so many sessions, and one more is refused and counted', async (t) => {
  const refused: unknown[] = []
  const metrics = countingRefused(refused)
  const { port } = await mqttHarness(t, { mqtt: { sessionsPerPrincipal: 1 }, options: { metrics } })
  for (const [clientId, reasonCode] of [
    ['a', 0],
    ['b', 0x97],
  ] as const) {
    const client = raw(t, port)
    client.say(hello({ clientId, clean: false, properties: { sessionExpiryInterval: 600 } }))
    await client.until((packets) => packets.length === 1)
    t.match(client.packets[0], { cmd: 'connack', reasonCode })
  }
  t.strictSame(refused, [{ transport: 'mqtt', reason: 'session_limit' }])
})

t.test('a client that stays silent is let go of after one and a half keep-alives', async (t) => {
  const { port } = await mqttHarness(t)
  const client = raw(t, port)
  client.say(hello({ keepalive: 1 }))
  await client.closed
  t.match(client.packets[1], { cmd: 'disconnect', reasonCode: 0x8d })
})

t.test('a client that never reads costs bounded memory and delays nobody', async (t) => {
  const { port, url, store, mqtt } = await mqttHarness(t)
  const frozen = raw(t, port)
  frozen.say(hello({ clientId: 'frozen', keepalive: 0 }))
  frozen.say(subscribeTo(FILTER, 0))
  await frozen.until((packets) => packets.some(({ cmd }) => cmd === 'suback'))
  frozen.socket.pause()
  const good = await listen(url, { protocolVersion: 5, username: 'x', password: 'staff' })
  t.teardown(good.close)
  await good.client.subscribeAsync(FILTER, { qos: 1 })
  const text = 'x'.repeat(20_000)
  const count = 600
  const data = { changes: { description: text } }
  const ids = Array.from({ length: count }, (_, n) => `p${String(n)}`)
  let mostBytes = 0
  for (let n = 0; n < count; n += 1) {
    await write(store, { id: `p${String(n)}`, data })
    mostBytes = Math.max(mostBytes, mqtt.queuedBytes())
  }
  await good.until((heard) => {
    mostBytes = Math.max(mostBytes, mqtt.queuedBytes())
    return heard.length === count
  })
  t.equal(mqtt.connections(), 2, 'it is still connected')
  const held = mqtt.queuedBytes() // the other one has taken all
  t.ok(held > 0, `${held} bytes wait for it`)
  t.ok(held <= BOUND, `${held} of at most ${BOUND} bytes are held for it`)
  t.ok(mostBytes <= 2 * BOUND, `${mostBytes} bytes were held for both at most`)
  frozen.socket.resume()
  await frozen.until((packets) => publishes(packets).length === count)
  const topics = publishes(frozen.packets).map(({ topic }) => topic.split('/')[4])
  t.strictSame(topics, [...ids], 'it gets everything, in order, once it reads')
})
