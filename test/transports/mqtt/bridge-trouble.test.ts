// Whatever becomes of the other broker, of a connection or of a process: the bridge loses nothing.
import t from 'tap'
import type { Checkpoints } from '../../../src/core/checkpoints.ts'
import { silentLogger, type Logger } from '../../../src/core/logger.ts'
import { type Metrics, noMetrics } from '../../../src/core/metrics.ts'
import { seededRandom } from '../../../src/demo/random.ts'
import { bridgeSubscription } from '../../../src/transports/mqtt/bridge/bridge.ts'
import { until } from '../feed/harness.ts'
import { eventsIn, has, rigOf, STAFF, writeMany } from './bridge-rig.ts'
import { testBroker } from './broker.ts'
import { mqttHarness } from './harness.ts'

const SEED = 20_260_822

t.setTimeout(120_000)

t.test(
  'a broker that is away is waited for, and what happened meanwhile is published',
  async (t) => {
    const { store, bridge } = rigOf(t)
    const broker = await testBroker(t)
    await broker.stop()
    const wanted = [...(await writeMany(store, 20))]
    const gauges: number[] = []
    const metrics: Metrics = {
      ...noMetrics,
      gauge: (name, value) =>
        void (name === 'pawtrail_mqtt_bridge_lag_events' && gauges.push(value)),
    }
    bridge(broker.url, { metrics })
    await until(() => gauges.includes(20), 'the lag is measured while the broker is away')
    await broker.start()
    await broker.until(has(wanted), 'all of before')
    await broker.stop()
    wanted.push(...(await writeMany(store, 20, 20)))
    await broker.start()
    await broker.until(has(wanted), 'all of meanwhile')
    t.strictSame(eventsIn(broker.taken), wanted)
    await until(() => gauges.at(-1) === 0, 'no lag is left')
  },
)

t.test(`connections that break at random lose nothing, in order (seed ${SEED})`, async (t) => {
  const { store, bridge } = rigOf(t)
  const random = seededRandom(SEED)
  let left = 30
  const dead = new WeakSet<object>() // whose connection is cut: nothing of theirs is taken any more
  const broker = await testBroker(t, {
    authorizePublish: (client, _packet, done) => {
      if (client === null || dead.has(client)) return
      left -= 1
      const isTaken = left > 0 || random.between(0, 1) === 0
      if (isTaken) done(null)
      if (left > 0) return
      left = random.between(1, 60)
      dead.add(client)
      broker.cut()
    },
  })
  const writing = writeMany(store, 400)
  bridge(broker.url)
  const wanted = await writing
  await broker.until(has(wanted), 'all of them')
  t.strictSame(eventsIn(broker.taken), wanted, 'each first time in the order of the log')
  t.ok(broker.taken.length > wanted.length, 'some came again')
})

t.test('who is stopped goes on where it was, and repeats nothing', async (t) => {
  const { store, bridge } = rigOf(t)
  const broker = await testBroker(t)
  const wanted = [...(await writeMany(store, 45))]
  const first = bridge(broker.url)
  await broker.until((all) => all.length >= 12, 'some')
  await first.stop()
  wanted.push(...(await writeMany(store, 5, 45)))
  bridge(broker.url)
  await broker.until(has(wanted), 'the rest')
  const events = broker.taken.filter(({ topic }) => topic.includes('/events/'))
  t.equal(events.length, wanted.length)
})

t.test('of two processes one publishes; the other takes over when it falls silent', async (t) => {
  const { store, checkpoints, bridge, clock } = rigOf(t)
  const broker = await testBroker(t)
  const standstill: (() => void)[] = []
  let isStill = false
  const held = async (): Promise<void> => {
    if (isStill) await new Promise<void>((resolve) => standstill.push(resolve))
  }
  const slow: Checkpoints = {
    ...checkpoints,
    renew: (lease) => held().then(() => checkpoints.renew(lease)),
    advance: (lease, position) => held().then(() => checkpoints.advance(lease, position)),
  }
  const said: string[] = []
  const logger: Logger = { ...silentLogger, info: (_fields, message) => void said.push(message) }
  bridge(broker.url, { checkpoints: slow, logger })
  await until(() => broker.clients() === 1, 'the first has begun')
  bridge(broker.url)
  const wanted = [...(await writeMany(store, 20))]
  await broker.until(has(wanted), 'all of before')
  const before = broker.taken.filter(({ topic }) => topic.includes('/events/')).length
  t.equal(before, wanted.length, 'each once')
  isStill = true
  clock.advance(60_000)
  wanted.push(...(await writeMany(store, 20, 20)))
  await broker.until(has(wanted), 'all of afterwards')
  isStill = false
  for (const resume of standstill) resume()
  await until(() => said.includes('another process publishes to the MQTT broker'), 'it notices')
  wanted.push(...(await writeMany(store, 5, 40)))
  await broker.until(has(wanted), 'the second goes on')
  t.strictSame(eventsIn(broker.taken), wanted)
  t.equal(broker.clients(), 1)
})

t.test('a broker that does not answer is given no more than so many messages', async (t) => {
  const { store, bridge } = rigOf(t)
  const waiting: (() => void)[] = []
  let isSlow = true
  const broker = await testBroker(t, {
    concurrency: 1_000,
    authorizePublish: (_client, _packet, done) => {
      if (isSlow) waiting.push(() => done(null))
      else done(null)
    },
  })
  const wanted = await writeMany(store, 100)
  bridge(broker.url, { pageSize: 100 })
  await until(() => waiting.length >= 32, 'the first ones')
  await new Promise((resolve) => setImmediate(resolve))
  t.equal(waiting.length, 32)
  isSlow = false
  for (const answer of waiting) answer()
  await broker.until(has(wanted), 'all of them')
  t.strictSame(eventsIn(broker.taken), wanted)
})

t.test('what a broker refuses is tried again, and no credential is told', async (t) => {
  const { store, bridge } = rigOf(t)
  const told: unknown[] = []
  const note = (...line: unknown[]) => void told.push(line)
  const logger: Logger = { debug: note, info: note, warn: note, error: note }
  let isOpen = false
  const broker = await testBroker(t, {
    authenticate: (_client, username, password, done) =>
      done(null, isOpen && username === 'u@x' && String(password) === 's3cr/et'),
  })
  const wanted = await writeMany(store, 3)
  bridge(broker.url.replace('://', '://u%40x:s3cr%2Fet@'), { logger })
  await until(() => told.length >= 3, 'it says that it is refused')
  t.match(JSON.stringify(told), /Bad username or password|Not authorized/)
  isOpen = true
  await broker.until(has(wanted), 'all once it is let in')
  t.notMatch(JSON.stringify(told), /s3cr|u@x|u%40x/)
  t.match(JSON.stringify(told), /the MQTT bridge publishes/)
})

t.test('a message that is refused is not passed over', async (t) => {
  const { store, checkpoints, bridge } = rigOf(t)
  const { url } = await mqttHarness(t) // a server of MQTT 5 that refuses all that is published
  await writeMany(store, 2)
  const reasons: unknown[] = []
  const logger: Logger = { ...silentLogger, warn: ({ reason }) => void reasons.push(reason) }
  const running = bridge(url.replace('://', '://x:staff@'), { logger })
  await until(() => reasons.length >= 2, 'it tries again')
  t.match(reasons[0], /refused .*Not authorized/)
  await running.stop()
  const subscription = bridgeSubscription(url, STAFF)
  const lease = await checkpoints.acquire({ subscription, owner: 'test', leaseMs: 0 })
  t.equal(lease?.position, 0)
})
