// A connection and its token: it ends with it, goes on with a fresh one, and loses nothing either way.
import t from 'tap'
import { listen } from './client.ts'
import { mqttHarness, principalOf, ROOT, TENANT, write } from './harness.ts'
import { hello, publishes, raw, type Raw, subscribeTo } from './raw.ts'
import { fixedClock } from '../../support/fixed-clock.ts'

const FILTER = `${ROOT}/events/#`
const METHOD = 'OAUTH2-JWT'
const LIFETIME_MS = 3_600_000
const lasting = { clean: false, properties: { sessionExpiryInterval: 600 } }

const idsOf = ({ packets }: Raw) => publishes(packets).map(({ topic }) => topic.split('/')[4])
const subscribed = ({ until }: Raw) =>
  until((packets) => packets.some(({ cmd }) => cmd === 'suback'))

const enhanced = (token: string) =>
  hello({
    ...{ username: TENANT, password: undefined, clean: false },
    properties: {
      ...{ sessionExpiryInterval: 600, authenticationMethod: METHOD },
      authenticationData: Buffer.from(token),
    },
  })

const auth = (token: string, method = METHOD, reasonCode = 0x19) => ({
  cmd: 'auth' as const,
  reasonCode,
  properties: { authenticationMethod: method, authenticationData: Buffer.from(token) },
})

const harnessAt = async (t: Parameters<typeof mqttHarness>[0]) => {
  const clock = fixedClock()
  const harness = await mqttHarness(t, { clock })
  for (const [token, leftMs] of [
    ['first', LIFETIME_MS],
    ['fresh', 2 * LIFETIME_MS],
  ] as const) {
    harness.principals.set(token, principalOf('u1', { expiresAtMs: clock() + leftMs }))
  }
  return { ...harness, advance: clock.advance }
}

t.test('what comes after a token was over waits in the log for a fresh one', async (t) => {
  const { port, store, advance } = await harnessAt(t)
  const first = raw(t, port)
  first.say(hello({ ...lasting, password: Buffer.from('first') }))
  first.say(subscribeTo(FILTER))
  await subscribed(first)
  advance(LIFETIME_MS)
  await write(store, { id: 'p1' })
  await first.closed
  t.match(first.packets.at(-1), { cmd: 'disconnect', reasonCode: 0x87 })
  t.strictSame(idsOf(first), [], 'nothing is sent any more')
  await write(store, { id: 'p2' })
  const second = raw(t, port)
  second.say(hello({ ...lasting, password: Buffer.from('fresh') }))
  await second.until((packets) => publishes(packets).length === 2)
  t.strictSame(idsOf(second), ['p1', 'p2'])
})

t.test('a fresh token on the open connection takes the place of the old one', async (t) => {
  const { port, store, advance } = await harnessAt(t)
  const client = raw(t, port)
  client.say(enhanced('first'))
  client.say(subscribeTo(FILTER))
  await subscribed(client)
  t.match(client.packets[0], { reasonCode: 0, properties: { authenticationMethod: METHOD } })
  client.say(auth('fresh'))
  await client.until((packets) => packets.some(({ cmd }) => cmd === 'auth'))
  t.match(client.packets.at(-1), { reasonCode: 0, properties: { authenticationMethod: METHOD } })
  advance(LIFETIME_MS)
  await write(store, { id: 'p1' })
  await client.until((packets) => publishes(packets).length === 1)
  advance(LIFETIME_MS)
  await write(store, { id: 'p2' })
  await client.closed
  t.match(client.packets.at(-1), { cmd: 'disconnect', reasonCode: 0x87 })
  t.strictSame(idsOf(client), ['p1'], 'until the fresh one is over, too')
})

t.test('a token that does not take the place of the old one ends the connection', async (t) => {
  const { port, principals, clock } = await harnessAt(t)
  const expiresAtMs = clock() + LIFETIME_MS
  principals.set('narrow', principalOf('u1', { expiresAtMs, scopes: new Set() }))
  const cases = [
    [auth('staff'), 0x87, 'of another principal'],
    [auth('narrow'), 0x87, 'that grants less'],
    [auth('unknown'), 0x87, 'that is not valid'],
    [auth('fresh', 'OTHER'), 0x82, 'by another method'],
    [auth('fresh', METHOD, 0x18), 0x82, 'in an exchange that nobody began'],
  ] as const
  for (const [packet, reasonCode, title] of cases) {
    const client = raw(t, port)
    client.say(enhanced('first'))
    client.say(subscribeTo(FILTER))
    await subscribed(client)
    client.say(packet)
    await client.closed
    t.match(client.packets.at(-1), { cmd: 'disconnect', reasonCode }, title)
  }
  const plain = raw(t, port)
  plain.say(hello())
  plain.say(auth('staff'))
  await plain.closed
  t.match(plain.packets.at(-1), { cmd: 'disconnect', reasonCode: 0x82 }, 'not asked for at CONNECT')
})

t.test('the method names what is taken: a token, and no other method', async (t) => {
  const { port } = await harnessAt(t)
  const said = async (properties: object) => {
    const client = raw(t, port)
    client.say(hello({ username: 'ada', password: undefined, properties }))
    await client.closed
    return client.packets
  }
  const other = await said({ authenticationMethod: 'SCRAM-SHA-256' })
  t.match(other, [{ cmd: 'connack', reasonCode: 0x8c }])
  const none = await said({ authenticationMethod: METHOD })
  t.match(none, [{ cmd: 'connack', reasonCode: 0x86 }])
})

t.test('the connections of a user end with the user', async (t) => {
  const { port, url, store, principals } = await harnessAt(t)
  const expiresAtMs = (principals.get('first')?.expiresAtMs ?? 0) + LIFETIME_MS
  principals.set('other', principalOf('u2', { expiresAtMs }))
  const client = raw(t, port)
  client.say(hello({ ...lasting, password: Buffer.from('first') }))
  client.say(subscribeTo(FILTER))
  await subscribed(client)
  const settings = { protocolVersion: 5, username: 'x', password: 'other' } as const
  const other = await listen(url, settings)
  t.teardown(other.close)
  await other.client.subscribeAsync(FILTER, { qos: 1 })
  await write(store, { type: 'user.deleted', id: 'u1' })
  await write(store, { id: 'p1' })
  await client.closed
  t.match(client.packets.at(-1), { cmd: 'disconnect', reasonCode: 0x87 })
  t.notOk(idsOf(client).includes('p1'))
  await other.until((heard) => heard.some(({ topic }) => topic.includes('/p1/')))
  const again = raw(t, port)
  again.say(hello({ password: Buffer.from('first') }))
  await again.closed
  t.match(again.packets, [{ cmd: 'connack', reasonCode: 0x87 }])
})
