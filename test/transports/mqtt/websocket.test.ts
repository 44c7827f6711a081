// MQTT over WebSocket is one stream of bytes, whatever the frames: where they begin and end means nothing.
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { IPublishPacket } from 'mqtt-packet'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import { createMemoryMqttSessions } from '../../../src/adapters/memory/mqtt-sessions.ts'
import { systemClock } from '../../../src/adapters/system/clock.ts'
import type { MqttTransport } from '../../../src/transports/mqtt/server.ts'
import { countingRefused, until } from '../feed/harness.ts'
import { mqttHarness, type MqttHarnessOptions, ROOT, TENANT, write } from './harness.ts'
import { bytesOf, overWebSocket, rawWebSocket } from './over-websocket.ts'
import { hello, publishes, raw, subscribeTo } from './raw.ts'

const FILTER = `${ROOT}/events/#`
const PACKET_BYTES = 64 * 1024
const PINGREQ = bytesOf({ cmd: 'pingreq' })
const lasting = { clean: false, properties: { sessionExpiryInterval: 600 } }

const stage = async (t: Test, options: MqttHarnessOptions = {}) => {
  const harness = await mqttHarness(t, options)
  return { ...harness, ...(await overWebSocket(t, harness.mqtt)) }
}

const cutAt = (bytes: Buffer, at: number) => [bytes.subarray(0, at), bytes.subarray(at)]
const eachByte = (bytes: Buffer) => [...bytes].map((byte) => Buffer.from([byte]))
const isLeft = (mqtt: MqttTransport) => until(() => mqtt.connections() === 0, 'all have left')

/** A packet of so many bytes. */
const publishOf = (length: number): IPublishPacket => {
  const packet = {
    cmd: 'publish',
    topic: 'a',
    qos: 1,
    messageId: 1,
    dup: false,
    retain: false,
  } as const
  const around = bytesOf({ ...packet, payload: Buffer.alloc(length - 20) }).length - length + 20
  return { ...packet, payload: Buffer.alloc(length - around) }
}

const statusOf = async (url: string, protocols: string[]): Promise<number | undefined> => {
  const ws = new WebSocket(url, protocols)
  ws.on('error', () => {})
  const [, response] = (await once(ws, 'unexpected-response')) as [unknown, IncomingMessage]
  response.destroy()
  return response.statusCode
}

/** Sessions whose storing waits to be released, from when the first is stored. */
const slowSessions = () => {
  const store = createMemoryMqttSessions({ clock: systemClock })
  let tellSaving = () => {}
  let release = () => {}
  const saving = new Promise<void>((resolve) => (tellSaving = resolve))
  const released = new Promise<void>((resolve) => (release = resolve))
  const save: typeof store.save = async (...asked) => {
    tellSaving()
    await released
    return store.save(...asked)
  }
  return { sessions: { ...store, save }, isSaving: () => saving, release: () => release() }
}

const commands = (packets: readonly { cmd: string }[]) => packets.map(({ cmd }) => cmd)

t.test('packets may be cut anywhere, and share a frame', async (t) => {
  const { wsUrl } = await stage(t)
  const said = Buffer.concat([
    bytesOf(hello()),
    PINGREQ,
    bytesOf(subscribeTo(FILTER, 1, 7)),
    PINGREQ,
    bytesOf({ cmd: 'unsubscribe', messageId: 8, unsubscriptions: [FILTER] }),
  ])
  const answered = ['connack', 'pingresp', 'suback', 'pingresp', 'unsuback']
  const ways = Array.from({ length: said.length + 1 }, (_, at) => cutAt(said, at))
  for (const parts of [...ways, eachByte(said), [Buffer.alloc(0), said, Buffer.alloc(0)]]) {
    const client = await rawWebSocket(t, wsUrl)
    client.sayFrames(...parts)
    await client.until(({ length }) => length === answered.length)
    const sizes = parts.map(({ length }) => length)
    t.strictSame(commands(client.packets), answered, `in frames of ${sizes.join(', ')}`)
    client.ws.terminate()
  }
})

t.test('a byte a frame, each read before the next is sent, is a packet all the same', async (t) => {
  const { wsUrl } = await stage(t)
  const { ws, packets, until } = await rawWebSocket(t, wsUrl)
  for (const byte of eachByte(Buffer.concat([bytesOf(hello()), PINGREQ]))) {
    const isRead = once(ws, 'pong')
    ws.send(byte)
    ws.ping()
    await isRead
  }
  await until(({ length }) => length === 2)
  t.strictSame(commands(packets), ['connack', 'pingresp'])
})

t.test('messages of any length arrive whole and in order', async (t) => {
  const { wsUrl, store } = await stage(t)
  const client = await rawWebSocket(t, wsUrl)
  client.say(hello())
  client.say(subscribeTo(FILTER, 0))
  await client.until(({ length }) => length === 2)
  const lengths = [1, 200, 20_000, 70_000, 1]
  for (const length of lengths) {
    await write(store, { id: 'p1', data: { changes: { description: 'x'.repeat(length) } } })
  }
  await client.until((packets) => publishes(packets).length === lengths.length)
  const told = publishes(client.packets).map(
    ({ payload }) => /x+/.exec(JSON.stringify(JSON.parse(String(payload))))?.[0].length,
  )
  t.strictSame(told, lengths)
})

t.test('a text frame is a protocol error, before CONNECT and after it', async (t) => {
  const { wsUrl, mqtt } = await stage(t)
  const stranger = await rawWebSocket(t, wsUrl)
  stranger.ws.send(bytesOf(hello()).toString('latin1'))
  t.equal(await stranger.closeCode, 1002)
  t.strictSame(stranger.packets, [])
  const client = await rawWebSocket(t, wsUrl)
  client.say(hello())
  await client.until(({ length }) => length === 1)
  client.ws.send('text')
  t.equal(await client.closeCode, 1002)
  t.match(client.packets[1], { cmd: 'disconnect', reasonCode: 0x82 })
  await isLeft(mqtt)
})

t.test('a text frame ends a connection that is busy, once it is done', async (t) => {
  const slow = slowSessions()
  const { wsUrl, mqtt, feed } = await stage(t, { options: { sessions: slow.sessions } })
  const client = await rawWebSocket(t, wsUrl)
  client.say(hello(lasting))
  await client.until(({ length }) => length === 1)
  client.sayFrames(bytesOf(subscribeTo(FILTER)), 'text')
  await slow.isSaving()
  t.equal(await client.closeCode, 1002)
  t.equal(mqtt.connections(), 1, 'it is not done')
  slow.release()
  await isLeft(mqtt)
  t.equal(feed.stats().connections, 0)
  t.strictSame(commands(client.packets), ['connack', 'disconnect'])
})

t.test('who says text while it comes in leaves no seat behind', async (t) => {
  const { wsUrl, mqtt, feed } = await stage(t, { mqtt: { connectionsPerPrincipal: 1 } })
  const client = await rawWebSocket(t, wsUrl)
  client.sayFrames(bytesOf(hello()), 'text')
  t.equal(await client.closeCode, 1002)
  await isLeft(mqtt)
  const next = await rawWebSocket(t, wsUrl)
  next.say(hello({ clientId: 'next' }))
  await next.until(({ length }) => length === 1)
  t.match(next.packets[0], { cmd: 'connack', reasonCode: 0 })
  t.equal(feed.stats().connections, 1)
})

t.test('a frame holds as much as two packets, and no more', async (t) => {
  const { wsUrl, mqtt } = await stage(t)
  const largest = bytesOf(publishOf(PACKET_BYTES))
  t.equal(largest.length, PACKET_BYTES)
  const client = await rawWebSocket(t, wsUrl)
  client.say(hello())
  client.sayBytes(Buffer.concat([largest, largest]))
  await client.until(({ length }) => length === 3)
  t.strictSame(commands(client.packets), ['connack', 'puback', 'puback'])
  client.sayBytes(Buffer.alloc(2 * PACKET_BYTES + 1))
  t.equal(await client.closeCode, 1009)
  const other = await rawWebSocket(t, wsUrl)
  other.say(hello())
  other.sayBytes(bytesOf(publishOf(PACKET_BYTES + 1)))
  t.equal(await other.closeCode, 1009)
  t.match(other.packets[1], { cmd: 'disconnect', reasonCode: 0x95 })
  await isLeft(mqtt)
})

t.test('the answer to a goodbye is read, whatever the connection was busy with', async (t) => {
  const { wsUrl, sockets } = await stage(t, { mqtt: { closeGraceMs: 3_600_000 } })
  const refused = await rawWebSocket(t, wsUrl)
  refused.say(hello({ password: Buffer.from('nobody') }))
  await until(() => sockets.size === 0, 'it has closed by itself')
  t.match(refused.packets[0], { cmd: 'connack', reasonCode: 0x86 })
})

t.test('who says nothing to a goodbye is cut off', async (t) => {
  const { wsUrl, sockets } = await stage(t)
  for (const last of [Buffer.alloc(2 * PACKET_BYTES + 1), Buffer.from([0x83, 0x00])]) {
    const client = await rawWebSocket(t, wsUrl)
    client.say(hello())
    await client.until(({ length }) => length === 1)
    client.ws.pause()
    client.sayFrames(last)
    await until(() => sockets.size === 0, 'it is cut off')
    client.ws.resume()
    t.equal(await client.closeCode, last.length > 2 ? 1009 : 1002)
  }
})

t.test('who does not offer the sub-protocol is refused in HTTP', async (t) => {
  const { wsUrl, mqtt } = await stage(t)
  t.equal(await statusOf(wsUrl, []), 400)
  t.equal(await statusOf(wsUrl, ['mqttv3.1']), 400)
  const ws = new WebSocket(wsUrl, ['mqttv3.1', 'mqtt'])
  await once(ws, 'open')
  t.equal(ws.protocol, 'mqtt')
  ws.terminate()
  await isLeft(mqtt)
})

t.test('beyond the limit, and when the server stops, a client is refused in HTTP', async (t) => {
  const refused: unknown[] = []
  const metrics = countingRefused(refused)
  const { wsUrl, mqtt, port } = await stage(t, { mqtt: { connections: 1 }, options: { metrics } })
  const clients = [await rawWebSocket(t, wsUrl), await rawWebSocket(t, wsUrl)]
  t.equal(await statusOf(wsUrl, ['mqtt']), 503)
  await raw(t, port).closed
  const full = { transport: 'mqtt', reason: 'total_limit' }
  t.strictSame(refused, [full, full], 'over WebSocket and TCP, each is counted')
  for (const { ws } of clients) ws.close()
  await isLeft(mqtt)
  const client = await rawWebSocket(t, wsUrl)
  client.say(hello())
  await client.until(({ length }) => length === 1)
  const stopped = mqtt.stop()
  t.equal(await statusOf(wsUrl, ['mqtt']), 503)
  t.equal(await client.closeCode, 1001)
  t.match(client.packets[1], { cmd: 'disconnect', reasonCode: 0x8b })
  await stopped
})

t.test('a packet that comes while the one before is not done is answered after it', async (t) => {
  const slow = slowSessions()
  const { wsUrl } = await stage(t, { options: { sessions: slow.sessions } })
  const client = await rawWebSocket(t, wsUrl)
  client.say(hello(lasting))
  await client.until(({ length }) => length === 1)
  client.sayFrames(bytesOf(subscribeTo(FILTER)), PINGREQ, PINGREQ)
  await slow.isSaving()
  const other = await rawWebSocket(t, wsUrl)
  other.say(hello({ clientId: 'other' }))
  await other.until(({ length }) => length === 1)
  t.equal(client.packets.length, 1, 'nothing is answered meanwhile')
  slow.release()
  await client.until(({ length }) => length === 4)
  t.strictSame(commands(client.packets), ['connack', 'suback', 'pingresp', 'pingresp'])
})

t.test('what a client said before it left is done, however it left', async (t) => {
  for (const isCut of [false, true]) {
    const slow = slowSessions()
    const { wsUrl, mqtt, sockets } = await stage(t, { options: { sessions: slow.sessions } })
    const client = await rawWebSocket(t, wsUrl)
    client.say(hello(lasting))
    await client.until(({ length }) => length === 1)
    const second = `${ROOT}/pets/#`
    client.sayFrames(bytesOf(subscribeTo(FILTER)), bytesOf(subscribeTo(second)))
    await slow.isSaving()
    if (isCut) client.ws.terminate()
    else client.ws.close()
    if (isCut) await until(() => sockets.size === 0, 'the server knows')
    slow.release()
    await isLeft(mqtt)
    const key = { tenantId: TENANT, principal: 'user:staff', clientId: 'raw' }
    const found = await slow.sessions.open(key, { owner: 'x', clean: false, keepMs: 1, limit: 9 })
    t.match(found, { state: { subscriptions: [{ filter: FILTER }, { filter: second }] } })
  }
})
