// The life of a token on a connection: its end, a fresh one in time, and a right that is taken away.
import t from 'tap'
import { SHARED_TENANT, TENANT, until, write } from '../feed/harness.ts'
import { principal, socketHarness } from './harness.ts'
import { speaker } from './speaker.ts'

t.test('a connection is warned before its token ends, told its place, and closed', async (t) => {
  const { url, store, clock } = await socketHarness(t)
  const client = await speaker(t, url)
  client.say({ op: 'sub', id: 1, after: 'earliest' })
  await write(store)
  await until(() => client.sequences().length === 1, 'the event')
  t.equal(client.all('expiring').length, 0)
  clock.advance(3_600_000 - 30_000)
  t.match(await client.hear('expiring'), { at: '2026-08-22T11:00:00.000Z' })
  clock.advance(30_000)
  t.equal(await client.closed(), 4005)
  t.match(client.all('cp').at(-1), { ch: 'k1', n: 1 })
  t.match(client.all('bye')[0], { code: 4005, retryAfterMs: 1_000 })
  t.equal(client.all('expiring').length, 1, 'warned once')
})

t.test('a fresh token in time goes on without a break', async (t) => {
  const { url, store, clock, principals } = await socketHarness(t)
  const client = await speaker(t, url)
  client.say({ op: 'sub', id: 1 })
  await client.hear('subbed')
  const hours = { expiresAtMs: clock() + 7_200_000 }
  principals.set('fresh', principal(clock, ['read:events'], hours))
  client.say({ op: 'auth', token: 'fresh' })
  await until(() => client.all('welcome').length === 2, 'the second welcome')
  t.match(client.all('welcome')[1], { expiresAt: '2026-08-22T12:00:00.000Z' })
  t.equal(client.all('welcome')[0]?.['conn'], client.all('welcome')[1]?.['conn'])
  clock.advance(3_600_001)
  await write(store)
  await until(() => client.sequences().length === 1, 'an event after the first token has ended')
  client.say({ op: 'auth', token: 'staff' })
  t.match(await client.hear('err'), { problem: { status: 401 } })
  await write(store)
  await until(() => client.sequences().length === 2, 'a bad one changes nothing')
})

t.test('a connection stays with the caller and the tenant it began with', async (t) => {
  const { url, clock, principals } = await socketHarness(t)
  principals.set('other', principal(clock, ['read:events'], { subject: 'u2' }))
  const both = { tenants: [TENANT, SHARED_TENANT] }
  principals.set('both', principal(clock, ['read:events'], both))
  const client = await speaker(t, url)
  client.say({ op: 'auth', token: 'other' })
  t.match(await client.hear('err'), { problem: { status: 403 } })
  const from = client.heard.length
  client.say({ op: 'auth', token: 'both', tenant: SHARED_TENANT })
  t.match(await client.hear('err', from), { problem: { status: 403 } })
  client.say({ op: 'auth', token: 'both' })
  await until(() => client.all('welcome').length === 2, 'its own tenant')
})

t.test('who loses the right to the staff class loses what was opened with it', async (t) => {
  const { url, store, clock, principals } = await socketHarness(t)
  const client = await speaker(t, url)
  client.say({ op: 'sub', id: 4, after: 'earliest' })
  await write(store)
  await until(() => client.sequences().length === 1, 'the event')
  principals.set('less', principal(clock, ['read:pets']))
  client.say({ op: 'auth', token: 'less' })
  t.match(await client.hear('revoked'), { id: 4, ch: 'k1', n: 1 })
  client.say({ op: 'sub', id: 5 })
  await until(() => client.all('subbed').length === 2, 'a public one')
  await write(store)
  await until(() => client.sequences().length === 2, 'an event')
  t.notOk('actorid' in (client.all('event').at(-1)?.e ?? {}))
})

t.test('a user who is deleted is cut off by the event itself', async (t) => {
  const { url, store } = await socketHarness(t)
  const client = await speaker(t, url)
  const idle = await speaker(t, url)
  client.say({ op: 'sub', id: 4 })
  await client.hear('subbed')
  await write(store, { type: 'user.deleted', id: 'u1' })
  t.equal(await client.closed(), 4503)
  t.equal(await idle.closed(), 4503, 'also where nothing is subscribed to')
  const again = await speaker(t, url, { isSilent: true })
  again.say({ op: 'auth', token: 'staff', tenant: TENANT })
  t.equal(await again.closed(), 4503)
})
