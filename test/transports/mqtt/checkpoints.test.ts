// Checkpoints: how far each filter is, told to who subscribes to them, so that a client sees whether
// anything is missing under a filter.
import t from 'tap'
import { listen, type Heard } from './client.ts'
import { mqttHarness, ROOT, TENANT, write } from './harness.ts'
import { hello, publishes, raw, subscribeTo } from './raw.ts'

const TOPIC = '$checkpoint'
const SOON = { settings: { heartbeatMs: 20 } }

const told = (heard: readonly Heard[]) =>
  heard.flatMap(({ topic, text }) => (topic === TOPIC ? [JSON.parse(text) as object] : []))

for (const protocolVersion of [4, 5] as const) {
  const staff = { protocolVersion, username: 'x', password: 'staff' }

  t.test(`${protocolVersion}: a filter's place is told at once, and when it moves`, async (t) => {
    const { url, store, cursors, feed } = await mqttHarness(t, SOON)
    const { client, heard, until, close } = await listen(url, staff)
    t.teardown(close)
    const [granted] = await client.subscribeAsync(TOPIC, { qos: 1 })
    t.equal(granted?.qos, 0, 'the newest is enough')
    const filter = `${ROOT}/events/pets/p1/#`
    const begun = cursors.encode(TENANT, feed.head())
    await client.subscribeAsync(filter, { qos: 1 })
    await until((all) => told(all).length === 1)
    t.strictSame(told(heard), [{ filter, cursor: begun, delivered: 0 }])
    await write(store, { id: 'p1' })
    const last = await write(store, { id: 'p2' })
    const cursor = cursors.encode(TENANT, last)
    const wanted = { filter, cursor, delivered: 1 }
    await until((all) => told(all).some((each) => JSON.stringify(each).includes(cursor)))
    t.strictSame(
      told(heard).at(-1),
      wanted,
      'what the filter leaves out is counted as gone through',
    )
    t.match(heard.at(-1), { qos: 0, retain: false })
  })

  t.test(`${protocolVersion}: nobody hears of them who has not asked`, async (t) => {
    const { url, store } = await mqttHarness(t, SOON)
    const { client, heard, until, close } = await listen(url, staff)
    t.teardown(close)
    await client.subscribeAsync(TOPIC)
    await client.subscribeAsync(`${ROOT}/#`, { qos: 1 })
    await until((all) => told(all).length > 0)
    await client.unsubscribeAsync(TOPIC)
    const before = told(heard).length
    await write(store, { id: 'p1' })
    const other = await listen(url, staff)
    t.teardown(other.close)
    await other.client.subscribeAsync(TOPIC)
    await other.client.subscribeAsync(`${ROOT}/events/#`)
    await other.until((all) => told(all).length > 0)
    await until((all) => all.some(({ topic }) => topic.includes('/events/pets/p1')))
    t.equal(told(heard).length, before)
  })
}

t.test('a session that is kept goes on with its checkpoints, counted by connection', async (t) => {
  const { port, store } = await mqttHarness(t, SOON)
  const lasting = hello({ clean: false, properties: { sessionExpiryInterval: 600 } })
  const filter = `${ROOT}/events/pets/p1/#`
  const first = raw(t, port)
  first.say(lasting)
  const properties: object = { subscriptionIdentifier: 7 }
  first.say(Object.assign(subscribeTo(TOPIC, 1, 1), { properties }))
  first.say(subscribeTo(filter, 1, 2))
  await first.until((packets) => packets.filter(({ cmd }) => cmd === 'suback').length === 2)
  first.say({ cmd: 'disconnect' })
  await first.closed
  await write(store, { id: 'p1' })
  await write(store, { id: 'p2' })
  const second = raw(t, port)
  second.say(lasting)
  const last = () =>
    publishes(second.packets)
      .filter(({ topic }) => topic === TOPIC)
      .at(-1)
  await second.until(() => last()?.payload.toString().includes('"delivered":1') === true)
  t.match(last(), { properties: { subscriptionIdentifier: 7 } })
})

t.test('what waits for room is not told as gone through', async (t) => {
  const { port, store, cursors } = await mqttHarness(t, SOON)
  const client = raw(t, port)
  const sent = () => publishes(client.packets)
  client.say(hello({ properties: { receiveMaximum: 1 } }))
  client.say(subscribeTo(`${ROOT}/pets/#`, 1, 1))
  await client.until((packets) => packets.length === 2)
  const at = await write(store, { type: 'pet.adopted', id: 'p1' })
  await client.until(() => sent().length === 1)
  client.say(subscribeTo(TOPIC, 0, 2))
  client.say({ cmd: 'pingreq' })
  await client.until((packets) => packets.some(({ cmd }) => cmd === 'pingresp'))
  t.equal(sent().length, 1, 'the other message of the event waits for an acknowledgement')
  client.say({ cmd: 'puback', messageId: sent()[0]?.messageId ?? 0, reasonCode: 0 })
  await client.until(() => sent().length === 3)
  const [status, availability, checkpoint] = sent()
  t.match([status?.topic, availability?.topic], [/p1.status/, /p1.availability/])
  const cursor = cursors.encode(TENANT, at)
  t.match(JSON.parse(checkpoint?.payload.toString() ?? ''), { cursor, delivered: 1 })
})
