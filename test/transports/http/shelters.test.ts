// The sites of a tenant.
import t from 'tap'
import { httpApp, type Headers, LUNA } from './http-app.ts'

const rig = await httpApp(t)
const { app, as } = rig
const staff = as('staff')

t.test('shelters are registered, read, changed and counted', async (t) => {
  const payload = {
    name: 'Harbour Street',
    email: 'hello@harbour.example.org',
    adoptionFeeRange: '75-200',
  }
  const created = await app.inject({ method: 'POST', url: '/v1/shelters', headers: staff, payload })
  t.equal(created.statusCode, 201, created.body)
  const url = String(created.headers.location)
  const shelterId = url.split('/').at(-1)
  await rig.admit({ shelterId })
  t.match((await rig.get(url)).json(), { ...payload, availablePetCount: 1 })
  const etag = String((await rig.get(url)).headers.etag)
  const patch = (headers: Headers, body: object) =>
    app.inject({ method: 'PATCH', url, headers: { ...staff, ...headers }, payload: body })
  t.equal((await patch({ 'if-match': '"v9"' }, { hours: 'daily' })).statusCode, 412)
  t.match((await patch({ 'if-match': etag }, { hours: 'daily', email: null })).json(), {
    hours: 'daily',
    name: 'Harbour Street',
  })
  t.equal((await patch({}, { colour: 'red' })).statusCode, 422)
  const list = await rig.get('/v1/shelters')
  t.match(list.json(), { data: [{ name: 'Harbour Street' }], pagination: { totalItems: 1 } })
  t.notMatch(list.body, 'email')
  const put = await app.inject({ method: 'PUT', url, headers: staff, payload: { name: 'Quay' } })
  t.equal(put.json<{ hours?: string }>().hours, undefined)
})

const register = async (headers = staff) => {
  const payload = { name: 'Hill' }
  const created = await app.inject({ method: 'POST', url: '/v1/shelters', headers, payload })
  const url = String(created.headers.location)
  return { url, shelterId: url.split('/').at(-1) }
}
const remove = (url: string, headers: Headers = staff) =>
  app.inject({ method: 'DELETE', url, headers })

t.test(
  'a removed shelter is there for nobody, and who follows the tenant learns of it',
  async (t) => {
    const here = await rig.newTenant('removed')
    const { url, shelterId } = await register(here)
    const kept = await register(here)
    const removed = await remove(`${url}?reason=moved%20to%20Hill`, here)
    t.strictSame([removed.statusCode, removed.body], [204, ''])
    t.match(removed.headers, { 'event-cursor': /./ })
    t.equal((await rig.get(url, here)).statusCode, 404)
    t.equal((await remove(url, here)).statusCode, 404)
    const patch = { method: 'PATCH', url, headers: here, payload: { hours: 'daily' } } as const
    t.equal((await app.inject(patch)).statusCode, 404)
    const list = (await rig.get('/v1/shelters', here)).json<{ data: { id: string }[] }>()
    t.match(list, { data: [{ id: kept.shelterId }], pagination: { totalItems: 1 } })
    const told = await app.inject({ url: '/v1/events?types=shelter.removed', headers: here })
    t.match(told.json(), { data: [{ subject: `shelters/${shelterId}` }] })
    t.notMatch(told.body, 'moved to', 'but not why')
  },
)

t.test('a shelter is not removed while a pet is in its care', async (t) => {
  const { url, shelterId } = await register()
  const first = await rig.admit({ shelterId })
  const second = await rig.admit({ shelterId, status: 'NOT_AVAILABLE' })
  const refused = await remove(url)
  t.equal(refused.statusCode, 409, 'right after they came')
  t.match(refused.json(), { errors: [{ code: 'shelter_has_pets' }] })
  const send = (method: 'POST' | 'PATCH', path: string, payload: object) =>
    app.inject({ method, url: path, headers: staff, payload })
  await send('PATCH', first.url, { shelterId: null })
  t.equal((await remove(url)).statusCode, 409, 'one is left')
  await send('POST', `${second.url}/outcome`, { kind: 'TRANSFER_OUT' })
  t.equal((await remove(url)).statusCode, 204)

  const late = { method: 'POST', url: '/v1/pets', headers: staff } as const
  const toRemoved = await app.inject({ ...late, payload: { ...LUNA, shelterId } })
  t.equal(toRemoved.statusCode, 422)
  t.match(toRemoved.json(), { errors: [{ field: 'shelterId', code: 'unknown_shelter' }] })
  t.equal((await send('PATCH', first.url, { shelterId })).statusCode, 422)
  const same = await send('PATCH', `${second.url}?include=shelter`, { shelterId, name: 'Left' })
  t.match([same.statusCode, same.json()], [200, { name: 'Left', shelterId }], 'what is so may stay')
})

t.test('a removal asks for the version, the token and the scope that changes do', async (t) => {
  const { url } = await register()
  const stale = await remove(url, { ...staff, 'if-match': '"v9"' })
  t.strictSame([stale.statusCode, stale.headers.etag], [412, '"v1"'])
  t.equal((await remove(url, {})).statusCode, 401)
  t.equal((await remove(url, as('reader'))).statusCode, 403)
  t.equal((await remove(url, as('elsewhere'))).statusCode, 403)
  const etag = String((await rig.get(url)).headers.etag)
  t.equal((await remove(url, { ...staff, 'if-match': etag })).statusCode, 204)
})
