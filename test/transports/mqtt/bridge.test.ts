// What the bridge publishes to a broker that we did not write, and what it does not.
import t from 'tap'
import { bridgeSubscription } from '../../../src/transports/mqtt/bridge/bridge.ts'
import { has, rigOf, SHARED, STAFF, writeMany } from './bridge-rig.ts'
import { testBroker, type Taken } from './broker.ts'
import { listen } from './client.ts'
import { OTHER_ROOT, OTHER_TENANT, SHARED_TENANT, TENANT, write } from './harness.ts'

const PET = '0199f3a0-7c1e-7a01-8000-0000000000e1'

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
