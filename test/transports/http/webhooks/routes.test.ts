// /v1/webhooks over the whole application: who may keep endpoints, what is shown of them, and what
// the secret is good for.
import { importJWK } from 'jose'
import { webcrypto } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import t from 'tap'
import { createOutbound } from '../../../../src/adapters/outbound/outbound.ts'
import { SHARED_TENANT } from '../../../../src/core/ids.ts'
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
  const log = JSON.stringify(await rig.ports.eventStore.readAll({ after: 0, limit: 1_000 }))
  t.notMatch(log, secret.slice(6))
  const [, key] = await rig.ports.webhookStore.secrets(SHARED_TENANT, id)
  t.match(key?.secret, /^whsk_[A-Za-z0-9+/]{43}=$/)
  t.notMatch(answer.body + log, key?.secret.slice(5), 'nor is its private key anywhere')
})

t.test('text that no event has is refused by its name', async (t) => {
  const { id } = (await register({ url: URL, events: ['pet.*'] })).json<{ id: string }>()
  for (const eventId of ['\u0000', '\ud800']) {
    const url = `/v1/webhooks/${id}/replay`
    const answer = await app.inject({ method: 'POST', url, headers: keeper, payload: { eventId } })
    t.equal(answer.statusCode, 422)
    t.match(answer.json(), { errors: [{ field: 'eventId', code: 'INVALID_FORMAT' }] })
  }
})

t.test('a repeat under its key gives the same endpoint and secret', async (t) => {
  const headers = { ...keeper, 'idempotency-key': 'once' }
  const first = (await register({ url: URL, events: ['*'] }, headers)).json<Json>()
  const stored = () => rig.ports.database.query('select secret from pawtrail.webhook_secrets')
  const before = await stored()
  const again = (await register({ url: URL, events: ['*'] }, headers)).json<Json>()
  t.strictSame(again, first)
  t.strictSame(await stored(), before, 'and leaves no other secret behind')
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

t.test('only who sees the staff class says where it goes', async (t) => {
  const asked = { url: URL, events: ['*'], visibility: 'staff' }
  t.equal((await register(asked)).statusCode, 403)
  const { id } = (await register(asked, staff)).json<{ id: string }>()
  const payload = { url: 'https://elsewhere.example.com/' }
  const patch = { method: 'PATCH', url: `/v1/webhooks/${id}`, payload } as const
  t.equal((await app.inject({ ...patch, headers: keeper })).statusCode, 403)
  t.equal((await app.inject({ ...patch, headers: staff })).statusCode, 200)
  const step = (name: string, headers: typeof keeper) =>
    app.inject({ method: 'POST', url: `/v1/webhooks/${id}/${name}`, headers })
  t.equal((await step('pause', keeper)).statusCode, 200)
  t.equal((await step('resume', keeper)).statusCode, 403, 'or that it goes on')
  t.equal((await step('resume', staff)).statusCode, 200)
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

type Keys = Readonly<{ keys: readonly (Json & Readonly<{ kid: string }>)[] }>

t.test('a receiver verifies a request by the published keys, without any secret', async (t) => {
  const receiver = await startReceiver(t)
  const outbound = createOutbound({ allowInsecure: true, logger: silentLogger })
  const open = await testApp(t, { ports: { outbound } })
  const headers = await open.bearer({ scopes: ['admin'] })
  const send = async (method: 'POST' | 'PATCH', url: string, payload: Json) =>
    (await open.app.inject({ method, url, headers, payload })).json<Json>()
  const made = await send('POST', '/v1/webhooks', { url: receiver.url, events: ['pet.*'] })
  const url = `/v1/webhooks/${String(made['id'])}`
  t.equal(made['jwksUrl'], undefined)
  const jwksUrl = `/.well-known/webhooks/shared/${String(made['id'])}/jwks.json`
  t.equal((await open.app.inject(jwksUrl)).statusCode, 404, 'it has no public keys')

  // As it was before there were pairs.
  await open.ports.database.query(`delete from pawtrail.webhook_secrets where secret_id like '%.%'`)
  t.equal((await send('PATCH', url, { asymmetric: true }))['jwksUrl'], jwksUrl)
  const published = async (): Promise<Keys['keys']> => {
    const answer = await open.app.inject(jwksUrl)
    t.equal(answer.headers['cache-control'], 'public, max-age=300')
    t.notMatch(answer.body, '"d"')
    return answer.json<Keys>().keys
  }
  /** Each published key, and whether it has signed the newest request. */
  const verified = async (): Promise<readonly boolean[]> => {
    const { body = '', headers: got = {} } = receiver.received.at(-1) ?? {}
    const content = Buffer.from(
      `${String(got['webhook-id'])}.${String(got['webhook-timestamp'])}.${body}`,
    )
    const signatures = String(got['webhook-signature'])
      .split(' ')
      .filter((each) => each.startsWith('v1a,'))
      .map((each) => Buffer.from(each.slice('v1a,'.length), 'base64'))
    const isGood = async (jwk: Json): Promise<boolean> => {
      const key = (await importJWK(jwk, 'EdDSA')) as webcrypto.CryptoKey
      const all = signatures.map((each) => webcrypto.subtle.verify('Ed25519', key, each, content))
      return (await Promise.all(all)).includes(true)
    }
    return Promise.all((await published()).map(isGood))
  }
  const elsewhere = jwksUrl.replace('shared', '0199f3a0-7c1e-7a01-8000-00000000000b')
  t.equal((await open.app.inject(elsewhere)).statusCode, 404, 'it is no endpoint of another tenant')
  await send('POST', `${url}/test`, {})
  t.strictSame(await verified(), [true])
  const rotated = await send('POST', `${url}/rotate-secret`, {})
  await send('POST', `${url}/test`, {})
  t.strictSame(await verified(), [true, true], 'both sign while they overlap')
  const newest = (rotated['secrets'] as readonly Readonly<{ id: string }>[]).at(-1)?.id
  t.equal((await published())[0]?.kid, newest)
  t.equal(receiver.received.at(-1)?.headers['webhook-key-id'], newest)
  await send('POST', `${url}/rotate-secret`, { overlapHours: 0 })
  t.equal((await published()).length, 1, 'without an overlap those before are gone')
  t.strictSame(await verified(), [false], 'and the new one did not sign what went before it')
  await send('PATCH', url, { asymmetric: false })
  t.equal((await open.app.inject(jwksUrl)).statusCode, 404)
  await send('POST', `${url}/test`, {})
  t.notMatch(receiver.received.at(-1)?.headers['webhook-signature'], 'v1a')
})

t.test('a part of the log that ends before it begins is refused by name', async (t) => {
  const { id } = (await register({ url: URL, events: ['pet.*'] })).json<{ id: string }>()
  const replay = async (payload: Json) => {
    const url = `/v1/webhooks/${id}/replay`
    const answer = await app.inject({ method: 'POST', url, headers: keeper, payload })
    return [answer.statusCode, answer.json<{ errors?: { field: string }[] }>().errors?.[0]?.field]
  }
  const day = (number: number) => `2026-08-0${number}T10:00:00Z`
  t.strictSame(await replay({ from: day(2), to: day(1) }), [422, 'from'])
  t.strictSame(await replay({ after: 'now', upTo: 'earliest' }), [422, 'after'])
  t.strictSame(await replay({ from: day(1), to: day(1), dryRun: true }), [200, undefined])
})
