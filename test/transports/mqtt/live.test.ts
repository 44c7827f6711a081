// What clients of both versions of the protocol get: live messages, retained state, replays, and
// what is refused.
import t from 'tap'
import { listen } from './client.ts'
import {
  mqttHarness,
  OTHER_ROOT,
  OTHER_TENANT,
  ROOT,
  SHARED_TENANT,
  TENANT,
  write,
} from './harness.ts'

const PET = '0199f3a0-7c1e-7a01-8000-0000000000e1'
const ORDER = '0199f3a0-7c1e-7a01-8000-0000000000e2'
const AT = '2026-08-22T10:00:00.000Z'

for (const protocolVersion of [4, 5] as const) {
  const staff = { protocolVersion, username: 'any', password: 'staff' }

  t.test(`${protocolVersion}: an event is told on each of its topics`, async (t) => {
    const { url, store } = await mqttHarness(t)
    const { client, heard, until, close } = await listen(url, staff)
    t.teardown(close)
    await client.subscribeAsync(`${ROOT}/#`, { qos: 1 })
    await until((all) => all.length >= 2) // the stock of two species
    await write(store, { type: 'pet.adopted', id: PET })
    await write(store, { type: 'order.placed', id: ORDER })
    await until((all) => all.filter(({ topic }) => topic.startsWith(`${ROOT}/events`)).length === 2)
    const topics = heard.map(({ topic }) => topic.slice(ROOT.length + 1))
    t.strictSame(
      topics.filter((topic) => !topic.startsWith('inventory')),
      [
        `pets/${PET}/status`,
        `pets/${PET}/availability`,
        `events/pets/${PET}/pet.adopted`,
        `orders/${ORDER}/status`,
        `events/orders/${ORDER}/order.placed`,
      ],
    )
    const [status, availability, event] = heard.filter(({ topic }) => !topic.includes('inventory'))
    t.match(JSON.parse(status?.text ?? ''), { id: PET, status: 'ADOPTED' })
    t.match(JSON.parse(availability?.text ?? ''), { available: false })
    t.match(JSON.parse(event?.text ?? ''), { type: 'pet.adopted', subject: `pets/${PET}` })
    t.equal(status?.retain, false, 'a change is not retained state')
    t.equal(event?.qos, 1)
    if (protocolVersion === 5) {
      t.equal(event?.properties['contentType'], 'application/cloudevents+json')
      t.match(event?.properties['userProperties'], { type: 'pet.adopted', cursor: String })
    }
  })

  t.test(
    `${protocolVersion}: retained state comes on subscribing, then what follows`,
    async (t) => {
      const { url, store, readModel } = await mqttHarness(t)
      const ids = [1, 2, 3, 4, 5].map((n) => PET.slice(0, -1) + String(n))
      readModel.pets.set(
        TENANT,
        ids.map((id) => ({ id, status: 'AVAILABLE', updatedAt: AT })),
      )
      const { client, heard, until, close } = await listen(url, staff)
      t.teardown(close)
      await client.subscribeAsync(`${ROOT}/pets/+/status`, { qos: 0 })
      await until((all) => all.length === 5)
      t.ok(heard.every(({ retain }) => retain))
      t.strictSame(
        heard.map(({ topic }) => topic.split('/')[3]),
        ids,
        'every page of them',
      )
      t.match(JSON.parse(heard[0]?.text ?? ''), { status: 'AVAILABLE', cursor: String })
      await write(store, { type: 'pet.removed', id: ids[0] ?? '' })
      await until((all) => all.length === 6)
      t.match(heard[5], { text: '', retain: false }, 'what is gone is retained no more')
      await client.subscribeAsync(`${ROOT}/pets/${ids[2] ?? ''}/availability`, { qos: 1 })
      await until((all) => all.length === 7)
      t.match(JSON.parse(heard[6]?.text ?? ''), { id: ids[2], available: true })
    },
  )

  t.test(`${protocolVersion}: the stock is told when it changes`, async (t) => {
    const { url, store, readModel } = await mqttHarness(t)
    const { client, heard, until, close } = await listen(url, staff)
    t.teardown(close)
    await client.subscribeAsync(`${ROOT}/inventory/DOG/stock`, { qos: 1 })
    await until((all) => all.length === 1)
    readModel.available = 3
    await write(store, { type: 'pet.admitted', id: PET })
    await until((all) => all.length === 2)
    t.match(
      heard.map(({ text }) => JSON.parse(text) as object),
      [
        { species: 'DOG', available: 0 },
        { species: 'DOG', available: 3 },
      ],
    )
  })

  t.test(`${protocolVersion}: a cursor replays what came after it`, async (t) => {
    const { url, store, cursors } = await mqttHarness(t)
    const positions: number[] = []
    for (let n = 0; n < 5; n += 1) positions.push(await write(store, { id: `p${String(n)}` }))
    const { client, heard, until, close } = await listen(url, staff)
    t.teardown(close)
    const after = cursors.encode(TENANT, positions[1] ?? 0)
    const filter = `${ROOT}/events/#`
    await (protocolVersion === 5
      ? client.subscribeAsync(filter, { qos: 1, properties: { userProperties: { after } } })
      : client.subscribeAsync(`$since/${after}/${filter}`, { qos: 1 }))
    await until((all) => all.length === 3)
    await write(store, { id: 'p9' })
    await until((all) => all.length === 4)
    t.strictSame(
      heard.map(({ topic }) => topic.split('/')[4]),
      ['p2', 'p3', 'p4', 'p9'],
    )
  })

  t.test(
    `${protocolVersion}: nobody hears of another tenant, live, retained or replayed`,
    async (t) => {
      const { url, store, readModel } = await mqttHarness(t)
      readModel.pets.set(OTHER_TENANT, [{ id: PET, status: 'AVAILABLE', updatedAt: AT }])
      await write(store, { tenantId: OTHER_TENANT, id: PET })
      const { client, heard, until, close } = await listen(url, staff)
      t.teardown(close)
      const refused = [
        `${OTHER_ROOT}/#`,
        `${OTHER_ROOT}/pets/${PET}/status`,
        `$since/earliest/${OTHER_ROOT}/events/#`,
        'tenants/+/events/#',
        'tenants/#',
        '#',
        '+/#',
        '+/+/events/#',
        'orders/#',
      ]
      for (const filter of refused) {
        const error = await client.subscribeAsync(filter, { qos: 1 }).then(
          (granted) => granted[0]?.qos,
          (cause: Error) => cause.message,
        )
        t.match(String(error), /128|135|Unspecified|Not authorized/, filter)
      }
      await client.subscribeAsync(`$since/earliest/${ROOT}/events/#`, { qos: 1 })
      await write(store, { tenantId: OTHER_TENANT, id: 'theirs' })
      await write(store, { id: 'ours' })
      await until((all) => all.length === 1)
      t.match(heard[0]?.topic, /ours/)
    },
  )

  t.test(
    `${protocolVersion}: without a token there is the public side of the shared pool`,
    async (t) => {
      const { url, store } = await mqttHarness(t)
      const { client, heard, until, close } = await listen(url, { protocolVersion })
      t.teardown(close)
      await client.subscribeAsync(['pets/#', 'events/#'], { qos: 1 })
      await write(store, { tenantId: SHARED_TENANT, type: 'order.placed', id: ORDER })
      await write(store, { tenantId: SHARED_TENANT, type: 'pet.updated', id: PET })
      await until((all) => all.length === 1)
      t.equal(heard[0]?.topic, `events/pets/${PET}/pet.updated`)
      t.notMatch(heard[0]?.text, /microchip|actorid/)
    },
  )

  t.test(
    `${protocolVersion}: a holder of a token without read:events sees what is public`,
    async (t) => {
      const { url, store } = await mqttHarness(t)
      const { client, heard, until, close } = await listen(url, { ...staff, password: 'holder' })
      t.teardown(close)
      await client.subscribeAsync(`${ROOT}/events/#`, { qos: 1 })
      await write(store, { type: 'order.placed', id: ORDER })
      await write(store, { id: PET })
      await until((all) => all.length === 1)
      t.match(heard[0]?.topic, PET)
    },
  )

  t.test(`${protocolVersion}: a wrong password is not let in`, async (t) => {
    const { url } = await mqttHarness(t)
    const wrong = listen(url, { ...staff, password: 'wrong' })
    await t.rejects(wrong, { code: protocolVersion === 5 ? 0x86 : 4 })
  })
}

t.test('5: publishing is refused with a reason', async (t) => {
  const { url } = await mqttHarness(t)
  const { client, close } = await listen(url, {
    protocolVersion: 5,
    password: 'staff',
    username: 'x',
  })
  t.teardown(close)
  await t.rejects(client.publishAsync(`${ROOT}/pets/${PET}/status`, 'x', { qos: 1 }), {
    code: 0x87,
  })
  t.ok(client.connected)
})

t.test('4: publishing ends the connection', async (t) => {
  const { url } = await mqttHarness(t)
  const { client, close } = await listen(url, {
    protocolVersion: 4,
    password: 'staff',
    username: 'x',
  })
  t.teardown(close)
  const closed = new Promise((resolve) => client.once('close', () => resolve(true)))
  client.publish('x', 'x', { qos: 0 })
  t.ok(await closed)
})
