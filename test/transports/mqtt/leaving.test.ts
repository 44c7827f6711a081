// What a client leaves behind, and that whoever comes for it waits until it is stored.
import { Duplex } from 'node:stream'
import { once } from 'node:events'
import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import { createMemoryMqttSessions } from '../../../src/adapters/memory/mqtt-sessions.ts'
import { systemClock } from '../../../src/adapters/system/clock.ts'
import { createClient, type House } from '../../../src/transports/mqtt/client.ts'
import { MQTT_LIMITS } from '../../../src/transports/mqtt/limits.ts'
import { end } from '../../../src/transports/mqtt/line.ts'
import { TCP } from '../../../src/transports/mqtt/tcp.ts'
import { mqttHarness, ROOT, TENANT, write } from './harness.ts'
import { hello, publishes, raw, subscribeTo } from './raw.ts'

const FILTER = `${ROOT}/events/#`
const TURNS = 50
const lasting = { clean: false, properties: { sessionExpiryInterval: 600 } }
const key = { tenantId: TENANT, principal: 'user:staff', clientId: 'raw' }
const opening = { owner: 'x', clean: false, keepMs: 1_000, limit: 9 }

t.test('a session is stored before the client that takes it over has it', async (t) => {
  const store = createMemoryMqttSessions({ clock: systemClock })
  const done: string[] = []
  const sessions: typeof store = {
    ...store,
    async open(...asked) {
      const opened = await store.open(...asked)
      done.push('opened')
      return opened
    },
    async save(...asked) {
      for (let n = 0; n < TURNS; n += 1) await turn()
      const saved = await store.save(...asked)
      done.push('saved')
      return saved
    },
  }
  const harness = await mqttHarness(t, { mqtt: { saveIntervalMs: 60_000 }, options: { sessions } })
  const first = raw(t, harness.port)
  first.say(hello(lasting))
  first.say(subscribeTo(FILTER))
  await first.until((packets) => packets.length === 2)
  t.strictSame(done, ['opened', 'saved'], 'what was granted is stored before it is told')
  await write(harness.store, { id: 'p1' })
  await first.until((packets) => publishes(packets).length === 1)
  const second = raw(t, harness.port)
  second.say(hello(lasting))
  await second.until((packets) => publishes(packets).length === 1)
  t.strictSame(done, ['opened', 'saved', 'saved', 'opened'])
  const [before, after] = [first, second].map(({ packets }) => publishes(packets)[0]?.messageId)
  t.equal(after, before, 'what was in flight has its packet id')
})

t.test('a client may say when it leaves that its session is to end', async (t) => {
  const { port, sessions } = await mqttHarness(t)
  const client = raw(t, port)
  client.say(hello(lasting))
  await client.until((packets) => packets.length === 1)
  client.say({ cmd: 'disconnect', reasonCode: 0, properties: { sessionExpiryInterval: 0 } })
  await client.closed
  t.match(await sessions.open(key, opening), { isPresent: false })
})

t.test('a session that ends with its connection is never found', async (t) => {
  const { port, sessions } = await mqttHarness(t)
  const client = raw(t, port)
  client.say(hello({ clean: false }))
  client.say(subscribeTo(FILTER))
  await client.until((packets) => packets.length === 2)
  t.match(await sessions.open(key, opening), { isPresent: false }, 'not even after a crash')
})

t.test('a client that has left follows nothing any more', async (t) => {
  const { port, feed } = await mqttHarness(t)
  const followed = () => feed.stats().live + feed.stats().catchUp
  const client = raw(t, port)
  client.say(hello())
  client.say(subscribeTo(`${ROOT}/#`))
  await client.until((packets) => packets.some(({ cmd }) => cmd === 'suback'))
  t.equal(followed(), 2, 'its events, and the stock')
  client.say({ cmd: 'disconnect' })
  await client.closed
  t.equal(followed(), 0)
  t.equal(feed.stats().connections, 0)
})

t.test('who is hung up on and takes nothing is cut off', async (t) => {
  // What cuts it does not keep the process alive, and here nothing else does.
  const alive = setInterval(() => {}, 60_000)
  t.teardown(() => clearInterval(alive))
  const limits = { ...MQTT_LIMITS, closeGraceMs: 1 }
  const stuck = new Duplex({ read() {}, write() {} })
  const line = { wire: TCP, socket: stuck, ws: undefined }
  const client = createClient({ limits } as House, line, '127.0.0.1')
  stuck.write('taken by nobody')
  end(client)
  await once(stuck, 'close')
  t.ok(stuck.destroyed)
})
