// The bridge to a broker that we did not write: what it publishes, and that nothing is lost whatever
// becomes of the broker, the connection or the process.
import t, { type Test } from 'tap'
import { createMqttBroker } from '../../../src/adapters/mqtt/broker.ts'
import { createMemoryCheckpoints } from '../../../src/adapters/memory/checkpoints.ts'
import { createMemoryEventStore } from '../../../src/adapters/memory/event-store.ts'
import type { Checkpoints } from '../../../src/core/checkpoints.ts'
import type { EventStore } from '../../../src/core/event-store.ts'
import { silentLogger, type Logger } from '../../../src/core/logger.ts'
import { type Metrics, noMetrics } from '../../../src/core/metrics.ts'
import { seededRandom } from '../../../src/demo/random.ts'
import {
  bridgeSubscription,
  startBridge,
  type Bridge,
} from '../../../src/transports/mqtt/bridge/bridge.ts'
import type { BridgeChoice, BridgeOptions } from '../../../src/transports/mqtt/bridge/options.ts'
import { fixedClock } from '../../support/fixed-clock.ts'
import { catalogue, plainCursors, until } from '../feed/harness.ts'
import { testBroker, type Taken } from './broker.ts'
import { listen } from './client.ts'
import {
  applicationOf,
  mqttHarness,
  OTHER_ROOT,
  OTHER_TENANT,
  type ReadModel,
  SHARED_TENANT,
  TENANT,
  write,
} from './harness.ts'

const PET = '0199f3a0-7c1e-7a01-8000-0000000000e1'
const SEED = 20_260_822
const SHARED: BridgeChoice = { tenants: [SHARED_TENANT], visibility: 'public', prefix: '' }
const STAFF: BridgeChoice = { tenants: [TENANT], visibility: 'staff', prefix: '' }
const QUICK = {
  ...{ standbyPollMs: 10, signOfLifeMs: 10, idleMs: 10, stockWaitMs: 10 },
  ...{ firstRetryMs: 5, longestRetryMs: 20 },
}

t.setTimeout(120_000)

type Rig = Readonly<{
  store: EventStore
  checkpoints: Checkpoints
  readModel: ReadModel
  clock: ReturnType<typeof fixedClock>
  /** How far the read model is; undefined: wherever the log is. */
  shown: { upTo: number | undefined }
  bridge: (url: string, more?: Partial<BridgeOptions>) => Bridge
}>

const rigOf = (t: Test): Rig => {
  const clock = fixedClock()
  const store = createMemoryEventStore({ clock })
  const checkpoints = createMemoryCheckpoints({ clock })
  const readModel: ReadModel = {
    ...{ pets: new Map(), orders: new Map(), adoptions: new Map() },
    available: 0,
  }
  const shown: Rig['shown'] = { upTo: undefined }
  const waitFor = async (at: number) => shown.upTo === undefined || shown.upTo >= at
  const readable = applicationOf(readModel, { head: () => 0 })
  const application = { ...readable, readModel: { ...readable.readModel, waitFor } }
  let started = 0
  const bridge: Rig['bridge'] = (url, more = {}) => {
    started += 1
    const made = startBridge({
      broker: createMqttBroker({ url, clientId: 'pawtrail-test' }),
      choice: STAFF,
      ...{ application, eventStore: store, checkpoints, catalogue, cursors: plainCursors() },
      ...{ schemaBase: 'https://pawtrail.test', owner: `process ${String(started)}`, clock },
      ...{ logger: silentLogger, metrics: noMetrics, timing: QUICK, pageSize: 10, ...more },
    })
    t.teardown(made.stop)
    return made
  }
  t.teardown(() => store.close())
  return { store, checkpoints, readModel, clock, shown, bridge }
}

const writeMany = async (
  store: EventStore,
  count: number,
  from = 0,
): Promise<readonly string[]> => {
  const topics: string[] = []
  for (let n = from; n < from + count; n += 1) {
    const id = `p${String(n % 5)}`
    await write(store, { id, data: { changes: { description: String(n) } } })
    topics.push(`${id} ${String(n)}`)
  }
  return topics
}

/** Subject and number of each event, repeats left out. */
const eventsIn = (taken: readonly Taken[]): readonly string[] => {
  const told = taken.flatMap(({ topic, text }) => {
    if (!topic.includes('/events/')) return []
    const { data } = JSON.parse(text) as { data: { changes?: { description: string } } }
    return [`${topic.split('/')[4] ?? ''} ${data.changes?.description ?? ''}`]
  })
  return [...new Set(told)]
}

const has = (wanted: readonly string[]) => (taken: readonly Taken[]) =>
  wanted.length <= eventsIn(taken).length

t.test('events come on the documented topics at QoS 1, and what holds is retained', async (t) => {
  const { store, readModel, bridge } = rigOf(t)
  const broker = await testBroker(t)
  readModel.available = 3
  await write(store, { type: 'pet.admitted', id: PET })
  await write(store, { type: 'pet.adopted', id: PET })
  await write(store, { type: 'order.placed', id: 'o1' })
  await write(store, { type: 'pet.admitted', id: 'gone' })
  await write(store, { type: 'pet.removed', id: 'gone' })
  bridge(broker.url, { choice: { ...STAFF, prefix: 'site/' } })
  const root = `site/tenants/${TENANT}`
  await broker.until((all) => all.some(({ topic }) => topic.includes('inventory')), 'stock')
  t.strictSame(
    broker.topics().filter((topic) => topic.includes(PET)),
    ['status', 'availability', 'pet.admitted', 'status', 'availability', 'pet.adopted'].map(
      (kind) =>
        kind.startsWith('pet.')
          ? `${root}/events/pets/${PET}/${kind}`
          : `${root}/pets/${PET}/${kind}`,
    ),
  )
  t.ok(broker.taken.every(({ qos }) => qos === 1))
  t.ok(broker.taken.every(({ topic, retain }) => retain !== topic.includes('/events/')))
  const {
    client,
    heard,
    until: heardUntil,
    close,
  } = await listen(broker.url, { protocolVersion: 4 })
  t.teardown(close)
  await client.subscribeAsync('site/#', { qos: 1 })
  await heardUntil((all) => all.some(({ topic }) => topic.endsWith('DOG/stock')) && all.length >= 5)
  const retained = new Map(heard.map(({ topic, text }) => [topic.slice(root.length + 1), text]))
  t.match(JSON.parse(retained.get(`pets/${PET}/status`) ?? ''), { status: 'ADOPTED' })
  t.match(JSON.parse(retained.get('orders/o1/status') ?? ''), { status: 'PLACED' })
  t.match(JSON.parse(retained.get('inventory/DOG/stock') ?? ''), { available: 3 })
  t.notOk(retained.has('pets/gone/status'), 'what is gone is retained no more')
})

t.test(
  'only what was chosen leaves: no other tenant, and of the public class what is public',
  async (t) => {
    const { store, bridge } = rigOf(t)
    const broker = await testBroker(t)
    await write(store, { tenantId: TENANT, type: 'pet.adopted', id: 'theirs' })
    await write(store, { tenantId: SHARED_TENANT, type: 'user.registered', id: 'u1' })
    await write(store, { tenantId: SHARED_TENANT, type: 'order.placed', id: 'o1' })
    await write(store, { tenantId: SHARED_TENANT, type: 'pet.adopted', id: 'ours' })
    await write(store, { tenantId: OTHER_TENANT, type: 'pet.adopted', id: 'neighbours' })
    const tenants = [SHARED_TENANT, OTHER_TENANT]
    const open = bridge(broker.url, { choice: { ...SHARED, tenants } })
    const isLast = ({ topic }: Taken) => topic.startsWith(`${OTHER_ROOT}/inventory`)
    await broker.until((all) => all.some(isLast), 'the stock of both')
    await open.stop()
    const topics = broker.topics().filter((topic) => !topic.includes('inventory'))
    t.strictSame(topics, [
      'pets/ours/status',
      'pets/ours/availability',
      'events/pets/ours/pet.adopted',
      `${OTHER_ROOT}/pets/neighbours/status`,
      `${OTHER_ROOT}/pets/neighbours/availability`,
      `${OTHER_ROOT}/events/pets/neighbours/pet.adopted`,
    ])
    t.notMatch(JSON.stringify(broker.taken), /adopterId|actorid/)
    bridge(broker.url, { choice: { ...SHARED, tenants: 'all', visibility: 'staff' } })
    await broker.until(
      (all) => all.some(({ topic }) => topic.includes('pets/theirs')),
      'all tenants',
    )
    await broker.until(
      (all) => all.some(({ text }) => text.includes('adopterId')),
      'the other class',
    )
  },
)

t.test('another broker, other tenants or another class begin with the first event', async (t) => {
  const names = [
    bridgeSubscription('mqtt://a', SHARED),
    bridgeSubscription('mqtt://b', SHARED),
    bridgeSubscription('mqtt://a', { ...SHARED, prefix: 'x/' }),
    bridgeSubscription('mqtt://a', { ...SHARED, visibility: 'staff' }),
    bridgeSubscription('mqtt://a', { ...SHARED, tenants: 'all' }),
    bridgeSubscription('mqtt://a', { ...SHARED, tenants: [SHARED_TENANT, TENANT] }),
  ]
  t.equal(new Set(names).size, names.length)
  t.equal(bridgeSubscription('mqtt://a', { ...SHARED, tenants: [TENANT, SHARED_TENANT] }), names[5])
})

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

t.test(
  'stock that the read model shows late is published before the checkpoint moves on',
  async (t) => {
    const { store, checkpoints, readModel, shown, bridge } = rigOf(t)
    const broker = await testBroker(t)
    const subscription = bridgeSubscription(broker.url, STAFF)
    shown.upTo = 0
    const wanted = await writeMany(store, 15)
    const first = bridge(broker.url)
    await broker.until(has(wanted), 'events do not wait for it')
    await first.stop()
    const lease = await checkpoints.acquire({ subscription, owner: 'test', leaseMs: 0 })
    t.equal(lease?.position, 0)
    if (lease !== undefined) await checkpoints.release(lease)
    shown.upTo = undefined
    readModel.available = 7
    bridge(broker.url)
    await broker.until((all) => all.some(({ text }) => text.includes('"available":7')), 'the stock')
    t.ok(broker.topics().includes(`tenants/${TENANT}/inventory/DOG/stock`))
  },
)
