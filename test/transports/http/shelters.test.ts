// The sites of a tenant.
import t from 'tap'
import { httpApp, type Headers } from './http-app.ts'

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
