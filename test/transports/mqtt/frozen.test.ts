// Who takes nothing is not read from: what it sends stays with it, and all of it is answered once it reads.
import t, { type Test } from 'tap'
import { listen } from './client.ts'
import { type MqttHarness, mqttHarness, ROOT, write } from './harness.ts'
import { bytesOf, overWebSocket, rawWebSocket } from './over-websocket.ts'
import { hello, publishes, raw, type Raw, subscribeTo } from './raw.ts'

const FILTER = `${ROOT}/events/#`
const BOUND = 64 * 1024 // of memory for a client that does not read
const LARGE = { data: { changes: { description: 'x'.repeat(20_000) } } }
const EVENTS_AT_A_TIME = 50
const MOST_EVENTS = 5_000
const SAID = 500
const SAID_BYTES = 60_000 // each: together far more than the kernel takes
const ROUNDS = 500

const lines: Readonly<Record<string, (t: Test, harness: MqttHarness) => Promise<Raw>>> = {
  TCP: async (t, { port }) => raw(t, port),
  WebSocket: async (t, { mqtt }) => rawWebSocket(t, (await overWebSocket(t, mqtt)).wsUrl),
}

for (const [title, connect] of Object.entries(lines)) {
  t.test(`over ${title} who takes nothing is not read from, until it does`, async (t) => {
    const harness = await mqttHarness(t)
    const { mqtt, store, url } = harness
    const frozen = await connect(t, harness)
    frozen.say(hello({ clientId: 'frozen', keepalive: 0 }))
    frozen.say(subscribeTo(FILTER, 0))
    await frozen.until(({ length }) => length === 2)
    frozen.socket.pause()
    const good = await listen(url, { protocolVersion: 5, username: 'x', password: 'staff' })
    t.teardown(good.close)
    await good.client.subscribeAsync(FILTER, { qos: 1 })
    let events = 0
    let held = 0
    while (held === 0) {
      t.ok(events < MOST_EVENTS, 'the kernel does not take everything')
      for (let n = 0; n < EVENTS_AT_A_TIME; n += 1, events += 1) {
        await write(store, { id: `p${String(events)}`, ...LARGE })
      }
      await good.until(({ length }) => length === events)
      held = mqtt.queuedBytes() // the other one has taken all
    }
    const payload = Buffer.alloc(SAID_BYTES)
    const said = { cmd: 'publish', topic: 'a', payload, qos: 1, dup: false, retain: false } as const
    for (let messageId = 1; messageId <= SAID; messageId += 1) {
      frozen.sayBytes(bytesOf({ ...said, messageId }))
    }
    // Long enough to read all of it, if it were read.
    for (let n = 0; n < ROUNDS; n += 1)
      await good.client.publishAsync('a', '', { qos: 1 }).catch(() => {})
    const left = frozen.socket.writableLength
    t.ok(left > (SAID * SAID_BYTES) / 2, `${left} bytes of what it said are with it still`)
    t.ok(mqtt.queuedBytes() <= BOUND, `${mqtt.queuedBytes()} of at most ${BOUND} bytes are held`)
    t.equal(mqtt.connections(), 2)
    frozen.socket.resume()
    const answers = () =>
      frozen.packets.flatMap((each) => (each.cmd === 'puback' ? [each.messageId] : []))
    await frozen.until(
      () => answers().length === SAID && publishes(frozen.packets).length === events,
    )
    t.strictSame(
      answers(),
      Array.from({ length: SAID }, (_, n) => n + 1),
      'each once, in order',
    )
  })
}
