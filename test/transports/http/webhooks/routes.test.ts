// /v1/webhooks over the whole application: who may keep endpoints, what is shown of them, and what
// the secret is good for.
import { Webhook } from 'standardwebhooks'
import t from 'tap'
import { createOutbound } from '../../../../src/adapters/outbound/outbound.ts'
import { silentLogger } from '../../../../src/core/logger.ts'
import { testApp } from '../../../support/app.ts'
import { startReceiver } from '../../../support/receiver.ts'
import { until } from '../../webhooks/harness.ts'

const KEEPER = ['read:webhooks', 'write:webhooks'] as const
const URL = 'https://hooks.example.com/'
type Json = Record<string, unknown>

const rig = await testApp(t)
const { app } = rig
const keeper = await rig.bearer({ scopes: KEEPER })
const staff = await rig.bearer({ scopes: [...KEEPER, 'read:events'] })

const register = (payload: Json, headers = keeper) =>
  app.inject({ method: 'POST', url: '/v1/webhooks', headers, payload })

t.test('the secret is in the first answer and in no other, nor in the log', async (t) => {
  const answer = await register({ url: URL, events: ['pet.*'] })
  t.equal(answer.statusCode, 201, answer.body)
  const { id, secret } = answer.json<{ id: string; secret: string }>()
  t.match(secret, /^whsec_[A-Za-z0-9+/]{43}=$/)
  t.equal(answer.headers.location, `/v1/webhooks/${id}`)
  for (const url of ['/v1/webhooks', `/v1/webhooks/${id}`, `/v1/webhooks/${id}/deliveries`]) {
    const read = await app.inject({ url, headers: keeper })
    t.equal(read.statusCode, 200, read.body)
    t.notMatch(read.body, secret.slice(6))
  }
  const log = await rig.ports.eventStore.readAll({ after: 0, limit: 1_000 })
  t.notMatch(JSON.stringify(log), secret.slice(6))
})

t.test('a repeat under its key gives the same endpoint and secret', async (t) => {
  const headers = { ...keeper, 'idempotency-key': 'once' }
  const first = (await register({ url: URL, events: ['*'] }, headers)).json<Json>()
  const again = (await register({ url: URL, events: ['*'] }, headers)).json<Json>()
  t.strictSame(again, first)
})

t.test('an endpoint is changed, paused, resumed and removed', async (t) => {
  const { id } = (await register({ url: URL, events: ['pet.*'] })).json<{ id: string }>()
  const url = `/v1/webhooks/${id}`
  const send = (method: 'POST' | 'PATCH' | 'PUT' | 'DELETE', to: string, payload?: Json) =>
    app.inject({ method, url: to, headers: keeper, ...(payload === undefined ? {} : { payload }) })
  const patched = await send('PATCH', url, { events: ['orderStatusChanged', 'pet.adopted'] })
  t.equal(patched.statusCode, 422, 'orders are for staff')
  t.strictSame((await send('PATCH', url, { mode: 'strict' })).json<Json>()['mode'], 'strict')
  t.equal((await send('PUT', url, { url: URL, events: ['*'] })).json<Json>()['mode'], 'parallel')
  t.equal((await send('POST', `${url}/pause`, { reason: 'rest' })).json<Json>()['status'], 'paused')
  t.equal((await send('POST', `${url}/resume`, { after: 'now' })).json<Json>()['status'], 'active')
  t.equal((await send('POST', `${url}/resume`, { after: 'nowhere' })).statusCode, 422)
  const rotated = (await send('POST', `${url}/rotate-secret`)).json<{
    secret: string
    secrets: []
  }>()
  t.match(rotated.secret, /^whsec_/)
  t.equal(rotated.secrets.length, 2)
  for (const expected of [200, 200, 409]) {
    t.equal((await send('POST', `${url}/rotate-secret`)).statusCode, expected)
  }
  t.equal((await send('DELETE', url)).statusCode, 204)
  t.equal((await app.inject({ url, headers: keeper })).statusCode, 404)
  t.equal((await app.inject({ url: `${url}/deliveries`, headers: keeper })).statusCode, 404)
})

t.test('only who sees the staff class sets where it goes', async (t) => {
  const asked = { url: URL, events: ['*'], visibility: 'staff' }
  t.equal((await register(asked)).statusCode, 403)
  const { id } = (await register(asked, staff)).json<{ id: string }>()
  const payload = { url: 'https://elsewhere.example.com/' }
  const patch = { method: 'PATCH', url: `/v1/webhooks/${id}`, payload } as const
  t.equal((await app.inject({ ...patch, headers: keeper })).statusCode, 403)
  t.equal((await app.inject({ ...patch, headers: staff })).statusCode, 200)
  const reader = await rig.bearer({ scopes: ['read:webhooks'] })
  t.equal((await register({ url: URL, events: ['*'] }, reader)).statusCode, 403)
  t.equal((await app.inject('/v1/webhooks')).statusCode, 401)
})

t.test('an address that is not public, and an event that there is not, are refused', async (t) => {
  const hostile = [
    'http://example.com/',
    'https://127.0.0.1/',
    'https://[::1]/',
    'https://a@b.com/',
  ]
  for (const url of [...hostile, 'https://169.254.169.254/', 'https://2130706433/']) {
    const answer = await register({ url, events: ['*'] })
    t.equal(answer.statusCode, 422, url)
    t.match(answer.body, '"field":"url"')
  }
  for (const events of [['pet.flown'], ['PET.*'], ['nothing.*'], []]) {
    t.equal((await register({ url: URL, events })).statusCode, 422, JSON.stringify(events))
  }
  t.equal((await register({ url: URL, events: ['*'], extra: 1 })).statusCode, 422)
})

t.test(
  'a pet that is admitted reaches its receiver, verified by the package that receivers use',
  async (t) => {
    const receiver = await startReceiver(t)
    const outbound = createOutbound({ allowInsecure: true, logger: silentLogger })
    const open = await testApp(t, { ports: { outbound } })
    const headers = await open.bearer({ scopes: ['admin'] })
    const post = (url: string, payload: Json) =>
      open.app.inject({ method: 'POST', url, headers, payload })
    const { id, secret } = (
      await post('/v1/webhooks', { url: receiver.url, events: ['pet.admitted'] })
    ).json<{ id: string; secret: string }>()
    const pet = { name: 'Luna', species: 'CAT', ageMonths: 18, price: '75.00', currency: 'USD' }
    await post('/v1/pets', pet)
    await until(() => receiver.received.length === 1, 'the pet')
    const verify = (index: number): Json => {
      const { body, headers: got } = receiver.received[index] ?? { body: '', headers: {} }
      return new Webhook(secret).verify(body, got as Record<string, string>) as Json
    }
    t.match(verify(0), { specversion: '1.0', type: 'pet.admitted' })
    const tested = (await post(`/v1/webhooks/${id}/test`, {})).json<Json>()
    t.match(tested, { delivered: true, status: 200 })
    t.match(verify(1), { type: 'webhook.test' })
    const dry = await post(`/v1/webhooks/${id}/replay`, { after: 'earliest', dryRun: true })
    t.strictSame([dry.statusCode, dry.json()], [200, { events: 1, complete: true }])
    const eventId = String(verify(0)['id'])
    t.equal((await post(`/v1/webhooks/${id}/replay`, { eventId })).statusCode, 202)
    await until(() => receiver.received.length === 3, 'the pet once more')
    t.equal(verify(2)['id'], eventId)
    const log = await open.app.inject({ url: `/v1/webhooks/${id}/deliveries`, headers })
    t.match(log.json(), { standing: { health: 'good', deadLetters: 0 } })
  },
)
