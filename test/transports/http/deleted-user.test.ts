// A token outlives its user by an hour at most, and is good for nothing from the deletion on.
import t from 'tap'
import { hasLeftBy } from '../../../src/transports/feed/has-left.ts'
import { SHARED_TENANT, tenantIdSchema } from '../../../src/core/ids.ts'
import { testApp } from '../../support/app.ts'
import { until } from '../../projections/support.ts'

const PASSWORD = 'correct horse battery'

t.test('whoever has left neither buys, nor adopts, nor sees anything as a user', async (t) => {
  const rig = await testApp(t)
  const post = (url: string, payload: object, headers = {}) =>
    rig.app.inject({ method: 'POST', url, payload, headers })
  const signedIn = async (username: string) => {
    const profile = { username, email: 'a@example.org', firstName: 'A', lastName: 'B' }
    await post('/v1/users', { ...profile, password: PASSWORD })
    const answer = await post('/v1/auth/tokens', { username, password: PASSWORD })
    const { token, user } = answer.json<{ token: string; user: { id: string } }>()
    return { id: user.id, headers: { authorization: `Bearer ${token}` } }
  }
  const [leaver, stayer] = [await signedIn('leaver'), await signedIn('stayer')]
  const pet = { name: 'Rex', species: 'DOG', ageMonths: 3, price: '10.00' }
  const { id: petId } = (await post('/v1/pets', pet, await rig.bearer())).json<{ id: string }>()
  const statusOf = async (url: string, { headers }: typeof leaver) =>
    (await rig.app.inject({ url, headers })).statusCode

  t.equal(await statusOf('/v1/orders', leaver), 200)
  const { headers } = leaver
  await rig.app.inject({ method: 'DELETE', url: `/v1/users/${leaver.id}`, headers })
  await until('the deletion is seen', async () => (await statusOf('/v1/orders', leaver)) === 401)
  for (const [url, body] of [
    ['/v1/orders', { petId }],
    ['/v1/adoptions', { petId }],
    ['/v1/events/tickets', {}],
  ] as const) {
    t.equal((await post(url, body, headers)).statusCode, 401, url)
  }
  t.equal(await statusOf(`/v1/users/${leaver.id}`, leaver), 404, 'the page is not there')
  t.equal(await statusOf('/v1/pets', leaver), 401, 'as any token that is good no more')
  t.equal(await statusOf('/pets', leaver), 403, 'in the words of the classic profile too')
  t.equal(await statusOf('/v1/orders', stayer), 200, 'and nobody else is shown out')
  t.equal((await post('/v1/orders', { petId }, stayer.headers)).statusCode, 201)
})

t.test('only a user is refused, and only in the own tenants', (t) => {
  const tenant = tenantIdSchema.parse('01990000-0000-7000-8000-00000000000a')
  const hasLeft = hasLeftBy({
    isBarred: (whom) => whom.tenantId === tenant && whom.principal === 'user:u1',
  })
  const left = (kind: 'user' | 'client', tenants = [tenant]): boolean =>
    hasLeft({ subject: 'u1', kind, tenants, scopes: new Set(), expiresAtMs: Infinity })
  t.equal(left('user'), true)
  t.equal(left('user', [SHARED_TENANT, tenant]), true)
  t.equal(left('user', [SHARED_TENANT]), false)
  t.equal(left('client'), false)
  t.end()
})
