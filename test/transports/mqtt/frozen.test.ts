// Who takes nothing is not read from: what it sends stays with it, and all of it is answered once it reads.
import { setImmediate as turn } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { type MqttHarness, mqttHarness, ROOT, write } from './harness.ts'
import { bytesOf, overWebSocket, rawWebSocket } from './over-websocket.ts'
import { hello, publishes, raw, type Raw, subscribeTo } from './raw.ts'

const FILTER = `${ROOT}/events/#`
const BOUND = 64 * 1024 // of memory for a client that does not read
const LARGE = { data: { changes: { description: 'x'.repeat(20_000) } } }
const MOST_EVENTS = 5_000
const TURNS = 5 // for each to reach the kernel
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
    const { mqtt, store, port } = harness
    const frozen = await connect(t, harness)
    frozen.say(hello({ clientId: 'frozen', keepalive: 0 }))
    frozen.say(subscribeTo(FILTER, 0))
    await frozen.until(({ length }) => length === 2)
    frozen.socket.pause()
    let events = 0
    for (; mqtt.queuedBytes() === 0; events += 1) {
      if (events === MOST_EVENTS) throw new Error('the kernel takes everything')
      await write(store, { id: `p${String(events)}`, ...LARGE })
      for (let n = 0; n < TURNS; n += 1) await turn()
    }
    const good = raw(t, port)
    good.say(hello({ clientId: 'good' }))
    await good.until(({ length }) => length === 1)
    const payload = Buffer.alloc(SAID_BYTES)
    const said = { cmd: 'publish', topic: 'a', payload, qos: 1, dup: false, retain: false } as const
    for (let messageId = 1; messageId <= SAID; messageId += 1) {
      frozen.sayBytes(bytesOf({ ...said, messageId }))
    }
    // Long enough to read all of it, if it were read.
    for (let n = 1; n <= ROUNDS; n += 1) {
      good.say({ cmd: 'pingreq' })
      await good.until(({ length }) => length > n)
    }
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
    const all = Array.from({ length: SAID }, (_, n) => n + 1)
    t.strictSame(answers(), all, 'each once, in order')
  })
}
