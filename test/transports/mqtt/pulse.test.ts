// Deadlines of a connection: none comes early, and each at the first look after it. What the server is
// made of has no part in it: a stream that leads nowhere, and a clock that is set by hand.
import { once } from 'node:events'
import { duplexPair, PassThrough } from 'node:stream'
import mqttPacket, { type Packet } from 'mqtt-packet'
import t from 'tap'
import { createCounter } from '../../../src/transports/feed/counter.ts'
import { type Client, createClient, type House } from '../../../src/transports/mqtt/client.ts'
import { serve } from '../../../src/transports/mqtt/connection.ts'
import { MQTT_LIMITS } from '../../../src/transports/mqtt/limits.ts'
import { felt, watch } from '../../../src/transports/mqtt/pulse.ts'
import { createRoster } from '../../../src/transports/mqtt/roster.ts'
import { TCP } from '../../../src/transports/mqtt/tcp.ts'
import { fixedClock } from '../../support/fixed-clock.ts'
import { principalOf, SHARED_TENANT } from './harness.ts'
import { hello } from './raw.ts'

const limits = { ...MQTT_LIMITS, watchIntervalMs: 100, connectTimeoutMs: 300 }

const clientAt = (more: Partial<Client> = {}) => {
  const clock = fixedClock()
  const house = { limits, clock } as unknown as House
  const line = { wire: TCP, socket: new PassThrough(), ws: undefined }
  const client = createClient(house, line, '127.0.0.1')
  return { clock, client: Object.assign(client, more) }
}

/** A look follows what was felt at once: that interval has not passed, and the deadline is `ms` later. */
const looksFor = (ms: number): number => 1 + ms / limits.watchIntervalMs

t.test('who does not say CONNECT in time is cut off', async (t) => {
  const { client } = clientAt()
  for (let look = 1; look < looksFor(limits.connectTimeoutMs); look += 1) watch(client)
  t.notOk(client.socket.destroyed)
  watch(client)
  t.ok(client.socket.destroyed)
})

t.test('each packet gives a client its whole keep-alive', async (t) => {
  const { client } = clientAt({ isIn: true, keepAliveMs: 1_500 })
  for (let packets = 0; packets < 3; packets += 1) {
    felt(client)
    for (let look = 1; look < looksFor(1_500); look += 1) watch(client)
    t.notOk(client.isEnding)
  }
  watch(client)
  t.ok(client.isEnding)
})

t.test('without a keep-alive a client may be silent', async (t) => {
  const { client } = clientAt({ isIn: true })
  for (let look = 0; look < 10_000; look += 1) watch(client)
  t.notOk(client.isEnding)
})

t.test('a connection ends when its token is over', async (t) => {
  const { clock, client } = clientAt({ isIn: true })
  client.principal = principalOf('ada', { expiresAtMs: clock() + 1_000 })
  clock.advance(999)
  watch(client)
  t.notOk(client.isEnding)
  clock.advance(1)
  watch(client)
  t.ok(client.isEnding)
})

t.test('a packet is a sign of life', async (t) => {
  const clients = new Set<Client>()
  const house = {
    ...{ limits, clients, clock: fixedClock(), ids: () => 'id' },
    ...{ roster: createRoster<Client>(limits), pending: createCounter() },
    feed: { connect: () => ({ kind: 'connected', place: {} }), disconnect: () => {} },
    signIn: async () => ({ kind: 'signed_in', principal: null, tenantId: SHARED_TENANT }),
  } as unknown as House
  const [ours, theirs] = duplexPair()
  serve(house, { wire: TCP, socket: ours, ws: undefined }, '127.0.0.1')
  const [client] = clients
  const say = async (packet: Packet) => {
    theirs.write(mqttPacket.generate(packet, { protocolVersion: 5 }))
    await once(theirs, 'data')
  }
  const lookUntilLate = () => {
    for (let look = 1; look < looksFor(1_500); look += 1) if (client !== undefined) watch(client)
  }
  await say(hello({ keepalive: 1 }))
  lookUntilLate()
  await say({ cmd: 'pingreq' })
  lookUntilLate()
  t.equal(client?.isEnding, false)
  if (client !== undefined) watch(client)
  t.equal(client?.isEnding, true)
})
