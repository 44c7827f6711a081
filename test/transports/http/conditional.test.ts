// Conditional requests and idempotent ones, over the whole application.
import t from 'tap'
import { disturbedStore, type DisturbedStore } from './failing-parts.ts'
import { httpApp, LUNA, type HttpApp } from './http-app.ts'

const rig = await httpApp(t)
const { app, as } = rig
const staff = as('staff')

t.test('a reader whose copy is still good gets 304, without a body', async (t) => {
  const { url: pet } = await rig.admit()
  for (const url of [pet, '/v1/pets', '/v1/inventory', '/v1/shelters']) {
    const { headers } = await rig.get(url)
    const etag = String(headers.etag)
    for (const held of [etag, `W/${etag}`, '*', `"other", ${etag}`, `"other" , W/${etag}`]) {
      const response = await app.inject({ url, headers: { 'if-none-match': held } })
      t.equal(response.statusCode, 304, `${url} ${held}`)
      t.equal(response.body, '')
      t.equal(response.headers.etag, etag)
      t.equal(response.headers['cache-control'], 'public, no-cache')
      t.ok(response.headers['event-cursor'])
      t.equal(response.headers['content-type'], undefined)
    }
    t.equal((await app.inject({ url, headers: { 'if-none-match': '"other"' } })).statusCode, 200)
  }
})

t.test(
  'a writer whose version is no longer the current one gets 412 and changes nothing',
  async (t) => {
    const { url } = await rig.admit()
    const rename = (match: string, name: string) =>
      app.inject({
        method: 'PATCH',
        url,
        headers: { ...staff, 'if-match': match },
        payload: { name },
      })
    t.equal((await rename('"v1"', 'A')).statusCode, 200)
    const stale = await rename('"v1"', 'B')
    t.equal(stale.statusCode, 412)
    t.equal(stale.headers.etag, '"v2"', 'and is told the current one')
    for (const match of ['W/"v2"', '"abc"', '"v7", W/"v2"']) {
      t.equal((await rename(match, 'B')).statusCode, 412, match)
    }
    t.match((await rig.get(url)).json(), { name: 'A' })
    t.equal((await rename('"v1", "v2"', 'B')).statusCode, 200)
    t.equal((await rename('"v9", "v3", "v1"', 'C')).statusCode, 200)
    t.equal((await rename('*', 'D')).statusCode, 200)
    const remove = (match: string) =>
      app.inject({ method: 'DELETE', url, headers: { ...staff, 'if-match': match } })
    t.equal((await remove('"v1"')).statusCode, 412)
    t.equal((await remove('"v5"')).statusCode, 204)
    t.equal((await rename('"v6"', 'E')).statusCode, 404, 'gone is gone, whatever the precondition')
  },
)

t.test('a large list is sent compressed on request, each form with a tag of its own', async (t) => {
  for (let count = 0; count < 20; count += 1) await rig.admit()
  const plain = await rig.get('/v1/pets')
  const tags = new Set([plain.headers.etag])
  for (const encoding of ['gzip', 'br']) {
    for (let round = 0; round < 2; round += 1) {
      const response = await app.inject({
        url: '/v1/pets',
        headers: { 'accept-encoding': encoding },
      })
      t.equal(response.headers['content-encoding'], encoding)
      t.equal(response.headers['content-length'], String(response.rawPayload.length))
      t.ok(response.rawPayload.length < plain.rawPayload.length / 2)
      t.match(response.headers.vary, 'Accept-Encoding')
      tags.add(response.headers.etag)
      const held = { 'accept-encoding': encoding, 'if-none-match': String(response.headers.etag) }
      t.equal((await app.inject({ url: '/v1/pets', headers: held })).statusCode, 304)
    }
  }
  t.equal(tags.size, 3)
  const refused = await app.inject({
    url: '/v1/pets',
    headers: { 'accept-encoding': 'br;q=0, gzip;q=0, *' },
  })
  t.equal(refused.headers['content-encoding'], undefined)
})

t.test('a POST with an Idempotency-Key happens once', async (t) => {
  const post = (key: string, payload: object, { user = staff, url = '/v1/pets' } = {}) =>
    app.inject({ method: 'POST', url, headers: { ...user, 'idempotency-key': key }, payload })
  const first = await post('k1', LUNA)
  t.equal(first.statusCode, 201)
  t.equal(first.headers['idempotent-replayed'], undefined)
  const again = await post('k1', Object.fromEntries(Object.entries(LUNA).reverse()))
  t.equal(again.statusCode, 201)
  t.equal(again.headers['idempotent-replayed'], 'true')
  t.equal(again.body, first.body)
  t.equal(again.headers.location, first.headers.location)
  t.equal(again.headers['event-cursor'], first.headers['event-cursor'])
  t.equal((await post('k1', { ...LUNA, name: 'Nova' })).statusCode, 422)
  const other = await post('k1', LUNA, { user: as('colleague') })
  t.equal(other.statusCode, 201)
  t.not(other.body, first.body, "one caller's key is not another's")
  const shelter = await post('k1', { name: 'Quay' }, { url: '/v1/shelters' })
  t.equal(shelter.statusCode, 201, "nor another route's")
  for (const bad of ['', 'x'.repeat(256), 'a b', 'é']) {
    t.equal((await post(bad, LUNA)).statusCode, 400, `key "${bad.slice(0, 5)}"`)
  }
})

t.test(
  'an answer under an Idempotency-Key stays what it was after the pet has changed',
  async (t) => {
    const headers = { ...staff, 'idempotency-key': 'k2' }
    const post = () => app.inject({ method: 'POST', url: '/v1/pets', headers, payload: LUNA })
    const first = await post()
    const url = String(first.headers.location)
    await app.inject({ method: 'PATCH', url, headers: staff, payload: { name: 'Nova' } })
    await app.inject({ method: 'DELETE', url, headers: staff })
    const again = await post()
    t.equal(again.statusCode, 201)
    t.equal(again.body, first.body)
    t.equal(again.headers.etag, '"v1"')
  },
)

const slowStore = async (t: Parameters<typeof httpApp>[0]) => {
  let store: DisturbedStore | undefined
  const slow: HttpApp = await httpApp(t, {
    ports: ({ eventStore }) => {
      store = disturbedStore(eventStore)
      return { eventStore: store.eventStore }
    },
  })
  if (store === undefined) throw new Error('no store was made')
  return { ...slow, store }
}

t.test('the same Idempotency-Key twice at the same moment is a 409', async (t) => {
  const { app, store, as } = await slowStore(t)
  const headers = { ...as('staff'), 'idempotency-key': 'k1' }
  const post = (payload: object) =>
    app.inject({ method: 'POST', url: '/v1/pets', headers, payload })
  let go = (): void => undefined
  store.pause.until = new Promise((resolve) => (go = resolve))
  const slow = post(LUNA)
  slow.then(() => undefined, t.fail)
  while (store.appends.underWay === 0) await new Promise((resolve) => setImmediate(resolve))
  t.equal((await post({})).statusCode, 422, 'an invalid body is refused before its key is seen')
  const second = await post(LUNA)
  t.equal(second.statusCode, 409)
  t.ok(second.headers['retry-after'])
  go()
  t.equal((await slow).statusCode, 201)
  t.equal((await post(LUNA)).headers['idempotent-replayed'], 'true')
})
