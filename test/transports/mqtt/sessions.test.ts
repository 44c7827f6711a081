// Sessions: what a client that was away gets, who has a session, and when it ends.
import t from 'tap'
import { listen } from './client.ts'
import { mqttHarness, principalOf, ROOT, TENANT, write } from './harness.ts'
import { hello, publishes, raw, subscribeTo } from './raw.ts'

const FILTER = `${ROOT}/events/#`
const idsOf = (topics: readonly string[]) => topics.map((topic) => topic.split('/')[4])

for (const protocolVersion of [4, 5] as const) {
  const durable = {
    ...{ protocolVersion, clientId: 'kiosk', clean: false, username: 'x', password: 'staff' },
    ...(protocolVersion === 5 ? { properties: { sessionExpiryInterval: 3_600 } } : {}),
  }

  t.test(
    `${protocolVersion}: a client that was away loses nothing, on another server too`,
    async (t) => {
      const harness = await mqttHarness(t)
      const first = await listen(harness.url, durable)
      t.equal(first.isSessionPresent(), false)
      await first.client.subscribeAsync(FILTER, { qos: 1 })
      await write(harness.store, { id: 'p0' })
      await first.until((heard) => heard.length === 1)
      await first.client.endAsync()
      const wanted: string[] = []
      for (let n = 1; n <= 120; n += 1) {
        wanted.push(`p${String(n)}`)
        await write(harness.store, { id: `p${String(n)}` })
      }
      const { url } = await harness.another()
      const second = await listen(url, durable)
      t.teardown(second.close)
      t.equal(second.isSessionPresent(), true)
      await second.until((heard) => heard.some(({ topic }) => topic.includes('/p120/')))
      const got = idsOf(second.heard.map(({ topic }) => topic)).filter((id) => id !== 'p0')
      t.strictSame(got, wanted, 'each once, in order')
    },
  )

  t.test(
    `${protocolVersion}: a clean start forgets, and a session is the principal's own`,
    async (t) => {
      const harness = await mqttHarness(t)
      harness.principals.set('colleague', principalOf('colleague'))
      const first = await listen(harness.url, durable)
      await first.client.subscribeAsync(FILTER, { qos: 1 })
      await first.client.endAsync()
      const colleague = await listen(harness.url, { ...durable, password: 'colleague' })
      t.equal(colleague.isSessionPresent(), false)
      await colleague.client.endAsync()
      const clean = await listen(harness.url, { ...durable, clean: true })
      t.equal(clean.isSessionPresent(), false)
      await clean.client.endAsync()
    },
  )
}

t.test(
  'what was not acknowledged comes again with its packet id, marked as a duplicate',
  async (t) => {
    const { port, store } = await mqttHarness(t)
    const lasting = hello({ clean: false, properties: { sessionExpiryInterval: 600 } })
    const first = raw(t, port)
    first.say(lasting)
    first.say(subscribeTo(FILTER))
    await first.until((packets) => packets.some(({ cmd }) => cmd === 'suback'))
    for (const id of ['p1', 'p2', 'p3']) await write(store, { id })
    await first.until((packets) => publishes(packets).length === 3)
    const sent = publishes(first.packets).map(({ messageId, topic }) => ({ messageId, topic }))
    first.say({ cmd: 'puback', messageId: sent[1]?.messageId ?? 0, reasonCode: 0 })
    first.say({ cmd: 'pingreq' })
    await first.until((packets) => packets.some(({ cmd }) => cmd === 'pingresp'))
    first.socket.destroy()
    await first.closed
    const second = raw(t, port)
    second.say(lasting)
    await second.until((packets) => packets.length > 0)
    await write(store, { id: 'p4' })
    await second.until((packets) => publishes(packets).length === 3)
    t.match(second.packets[0], { cmd: 'connack', sessionPresent: true })
    const again = publishes(second.packets)
    t.match(again.slice(0, 2), [
      { ...sent[0], dup: true },
      { ...sent[2], dup: true },
    ])
    t.match(again[2], { dup: false, topic: /p4/ })
    t.notOk(
      sent.some(({ messageId }) => messageId === again[2]?.messageId),
      'a new one has a new id',
    )
  },
)

t.test('no more is in flight than the client and the server take', async (t) => {
  const { port, store } = await mqttHarness(t)
  for (let n = 0; n < 50; n += 1) await write(store, { id: `p${String(n)}` })
  for (const [receiveMaximum, most] of [
    [3, 3],
    [500, 32],
  ] as const) {
    const client = raw(t, port)
    client.say(hello({ clientId: `c${String(most)}`, properties: { receiveMaximum } }))
    client.say(subscribeTo(`$since/earliest/${FILTER}`, 2))
    await client.until((packets) => publishes(packets).length === most)
    client.say({ cmd: 'pingreq' })
    await client.until((packets) => packets.some(({ cmd }) => cmd === 'pingresp'))
    t.equal(publishes(client.packets).length, most)
    t.match(client.packets[1], { cmd: 'suback', granted: [1] }, '2 is granted as 1')
    let acknowledged = 0
    while (publishes(client.packets).length < 50) {
      const all = publishes(client.packets)
      for (const { messageId } of all.slice(acknowledged)) {
        client.say({ cmd: 'puback', messageId: messageId ?? 0, reasonCode: 0 })
      }
      acknowledged = all.length
      await client.until((packets) => publishes(packets).length > acknowledged)
      t.ok(publishes(client.packets).length - acknowledged <= most)
    }
    t.equal(publishes(client.packets).length, 50)
  }
})

t.test('who takes over a session ends the connection that had it', async (t) => {
  const { port } = await mqttHarness(t)
  const first = raw(t, port)
  first.say(hello())
  await first.until((packets) => packets.length === 1)
  const second = raw(t, port)
  second.say(hello())
  await second.until((packets) => packets.length === 1)
  await first.closed
  t.match(first.packets[1], { cmd: 'disconnect', reasonCode: 0x8e })
  t.match(second.packets[0], { cmd: 'connack', reasonCode: 0 })
})

t.test(
  'a session that was taken over at another server ends here when it is next stored',
  async (t) => {
    const harness = await mqttHarness(t, { mqtt: { saveIntervalMs: 20 } })
    const lasting = hello({ clean: false, properties: { sessionExpiryInterval: 600 } })
    const first = raw(t, harness.port)
    first.say(lasting)
    first.say(subscribeTo(FILTER))
    await first.until((packets) => packets.length === 2)
    const { port } = await harness.another()
    const second = raw(t, port)
    second.say(lasting)
    await second.until((packets) => packets.length === 1)
    await write(harness.store, { id: 'p1' })
    await first.closed
    t.match(first.packets.at(-1), { cmd: 'disconnect', reasonCode: 0x8e })
  },
)

t.test('a connection ends with its token, and receives nothing after', async (t) => {
  const harness = await mqttHarness(t)
  const expiresAtMs = harness.clock() + 300
  harness.principals.set('brief', principalOf('brief', { expiresAtMs }))
  const client = raw(t, harness.port)
  client.say(hello({ password: Buffer.from('brief') }))
  client.say(subscribeTo(FILTER))
  await client.closed
  t.match(client.packets.at(-1), { cmd: 'disconnect', reasonCode: 0x87 })
})

t.test('a stop says goodbye and keeps the sessions', async (t) => {
  const { port, mqtt, sessions } = await mqttHarness(t)
  const client = raw(t, port)
  client.say(hello({ properties: { sessionExpiryInterval: 600 } }))
  client.say(subscribeTo(FILTER))
  await client.until((packets) => packets.length === 2)
  await mqtt.stop()
  await client.closed
  t.match(client.packets.at(-1), { cmd: 'disconnect', reasonCode: 0x8b })
  const key = { tenantId: TENANT, principal: 'user:staff', clientId: 'raw' }
  const found = await sessions.open(key, { owner: 'x', clean: false, keepMs: 1, limit: 9 })
  t.match(found, { isPresent: true, state: { subscriptions: [{ filter: FILTER }] } })
})

t.test('sessions of nobody are not kept', async (t) => {
  const { url } = await mqttHarness(t)
  for (let round = 0; round < 2; round += 1) {
    const client = await listen(url, { protocolVersion: 4, clientId: 'a', clean: false })
    t.equal(client.isSessionPresent(), false)
    await client.client.subscribeAsync('events/#', { qos: 1 })
    await client.client.endAsync()
  }
})
