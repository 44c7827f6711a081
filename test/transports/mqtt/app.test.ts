// MQTT in the real application: its accounts, its read model, its log, over TCP and
// WebSocket.
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { WebSocket } from 'ws'
import { SHARED_TENANT } from '../../../src/core/ids.ts'
import { testApp } from '../../support/app.ts'
import { listen } from './client.ts'

const LUNA = { name: 'Luna', species: 'CAT', ageMonths: 18, price: '75.00', currency: 'USD' }

for (const protocolVersion of [4, 5] as const) {
  t.test(`${protocolVersion}: a pet is told over TCP and over WebSocket alike`, async (t) => {
    const { app, mqtt, bearer, settled } = await testApp(t)
    const port = await mqtt.listen({ host: '127.0.0.1', port: 0 })
    await app.listen({ host: '127.0.0.1', port: 0 })
    const http = (app.server.address() as AddressInfo).port
    const headers = await bearer()
    const post = async () => {
      const made = await app.inject({ method: 'POST', url: '/v1/pets', headers, payload: LUNA })
      t.equal(made.statusCode, 201)
      return made.json<{ id: string }>().id
    }
    const before = await post()
    await settled()
    for (const url of [`mqtt://127.0.0.1:${port}`, `ws://127.0.0.1:${http}/mqtt`]) {
      const password = headers.authorization.slice('Bearer '.length)
      const settings = { protocolVersion, username: 'shared', password }
      const { client, heard, until, close } = await listen(url, settings)
      t.teardown(close)
      await client.subscribeAsync(['pets/+/status', 'events/pets/#'], { qos: 1 })
      await until((all) => all.some(({ topic }) => topic === `pets/${before}/status`))
      t.match(heard[0], { retain: true })
      const id = await post()
      await until((all) => all.some(({ topic }) => topic === `events/pets/${id}/pet.admitted`))
      await close()
    }
  })
}

t.test('pages of other origins get no WebSocket of MQTT, nor one of events', async (t) => {
  const { app } = await testApp(t, { settings: { allowedOrigins: ['https://app.example.org'] } })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const statusOf = async (path: string, protocol: string, origin: string): Promise<number> => {
    const ws = new WebSocket(`ws://127.0.0.1:${port}${path}`, protocol, { origin })
    t.teardown(() => ws.terminate())
    ws.on('error', () => {})
    return Promise.race([
      once(ws, 'open').then(() => 101),
      once(ws, 'unexpected-response').then(
        ([, response]) => (response as IncomingMessage).statusCode ?? 0,
      ),
    ])
  }
  for (const [path, protocol] of [
    ['/mqtt', 'mqtt'],
    ['/v1/events/ws', 'pawtrail.events.v1'],
  ] as const) {
    t.equal(await statusOf(path, protocol, 'https://evil.example.org'), 403, path)
    t.equal(await statusOf(path, protocol, 'https://app.example.org'), 101, path)
    t.equal(await statusOf(path, protocol, `http://127.0.0.1:${port}`), 101, path)
  }
})

t.test('an account signs in with its name and password, and attempts are counted', async (t) => {
  const { app, mqtt, bearer } = await testApp(t)
  const port = await mqtt.listen({ host: '127.0.0.1', port: 0 })
  const url = `mqtt://127.0.0.1:${port}`
  const password = 'correct horse battery'
  const body = {
    username: 'ada.byron',
    password,
    email: 'ada@example.org',
    firstName: 'Ada',
    lastName: 'Byron',
  }
  const headers = await bearer()
  const made = await app.inject({ method: 'POST', url: '/v1/users', payload: body })
  t.equal(made.statusCode, 201, made.body)
  const wrong = { protocolVersion: 5, username: 'ada.byron', password: 'wrong horse' } as const
  const right = { ...wrong, password }
  const { client, close } = await listen(url, right)
  await client.subscribeAsync('pets/#', { qos: 1 })
  await t.rejects(client.subscribeAsync('orders/#', { qos: 1 }), 'no staff')
  await close()
  for (let n = 0; n < 10; n += 1) await t.rejects(listen(url, wrong), { code: 0x86 })
  await t.rejects(listen(url, right), { code: 0x9f }, 'the right one, too, has to wait')
  const token = headers.authorization.slice('Bearer '.length)
  const other = await listen(url, { ...right, password: token })
  t.ok(other.client.connected)
  await other.close()
})

t.test('with an outside identity provider its tokens are let in, and no account is', async (t) => {
  const { application, mqtt, bearer } = await testApp(t, { ports: { oauth: undefined } })
  const url = `mqtt://127.0.0.1:${await mqtt.listen({ host: '127.0.0.1', port: 0 })}`
  const password = 'correct horse battery'
  const profile = { username: 'ada.byron', email: 'ada@example.org', firstName: 'Ada' }
  const actor = { kind: 'client', id: 'anonymous' } as const
  const made = await application.users.register(
    { tenantId: SHARED_TENANT, actor, correlationId: 'r' },
    { profile: { ...profile, lastName: 'Byron', phone: null, preferences: null }, password },
  )
  t.equal(made.kind, 'done')
  const account = { protocolVersion: 5, username: 'ada.byron', password } as const
  await t.rejects(listen(url, account), { code: 0x86 })
  const token = (await bearer()).authorization.slice('Bearer '.length)
  const { client, close } = await listen(url, { ...account, password: token })
  t.ok(client.connected)
  await close()
})
