// Writes on pets, and what is read back of them.
import t from 'tap'
import { SHARED_TENANT } from '../../../src/core/ids.ts'
import { petDetailsOf } from '../../../src/events/pet-details.ts'
import { type PetEvent, petEvents } from '../../../src/events/pet.ts'
import { petSchema } from '../../../src/transports/http/pets/schema.ts'
import { httpApp, LUNA, PUBLIC_URL, type Headers } from './http-app.ts'

const rig = await httpApp(t)
const { app, as } = rig
const staff = as('staff')

t.test(
  'a pet is admitted with its place, version and cursor, and read back in the same bytes',
  async (t) => {
    const { response, url, pet } = await rig.admit({ price: '400', temperament: 'playful' })
    t.equal(url, `/v1/pets/${String(pet['id'])}`)
    t.match(response.headers, {
      etag: '"v1"',
      'event-cursor': /^[\w-]{22}$/,
      'cache-control': 'no-store',
    })
    t.equal(
      rig.ports.cursors.decode(SHARED_TENANT, String(response.headers['event-cursor'])).kind,
      'position',
    )
    t.equal(pet['price'], '400.00')
    t.ok(petSchema.safeParse(pet).success, 'the closed schema holds')
    t.equal((await rig.get(url)).body, response.body)
    const wide = await app.inject(`${url}?include=shelter,links`)
    t.match(wide.json(), { temperament: 'playful', links: { self: `${PUBLIC_URL}${url}` } })
  },
)

t.test('adoptionFee is another name for price', async (t) => {
  const { pet } = await rig.admit({ price: undefined, adoptionFee: 150 })
  t.equal(pet['price'], '150.00')
  const headers = staff
  const payload = { ...LUNA, adoptionFee: 80 }
  const clash = await app.inject({ method: 'POST', url: '/v1/pets', headers, payload })
  t.equal(clash.statusCode, 422)
})

t.test('a new pet is AVAILABLE or NOT_AVAILABLE', async (t) => {
  const payload = { ...LUNA, status: 'ADOPTED' }
  const response = await app.inject({ method: 'POST', url: '/v1/pets', headers: staff, payload })
  t.equal(response.statusCode, 422)
  t.match(response.json(), { errors: [{ field: 'status' }] })
})

t.test('PUT replaces: what is absent becomes unknown', async (t) => {
  const { url } = await rig.admit({ medicalInfo: { vaccinated: true }, color: 'Tabby' })
  const payload = { name: 'Luna Belle', species: 'CAT', ageMonths: 19, price: '80.00' }
  const response = await app.inject({ method: 'PUT', url, headers: staff, payload })
  t.equal(response.statusCode, 200, response.body)
  const pet = response.json<Record<string, unknown>>()
  t.match(pet, { name: 'Luna Belle', ageMonths: 19, price: '80.00', status: 'AVAILABLE' })
  t.equal(pet['breed'], undefined)
  t.equal(pet['medicalInfo'], undefined)
  t.equal(response.headers.etag, '"v2"')
  t.equal(
    (await app.inject({ method: 'PUT', url, headers: staff, payload: { name: 'x' } })).statusCode,
    422,
  )
})

type Serial = { serial?: number } // known to the read model alone

t.test('what was read can be put back unchanged', async (t) => {
  const { url } = await rig.admit({
    medicalInfo: { vaccinated: true },
    photos: ['https://img.example.org/a.jpg'],
  })
  const read = await rig.get(`${url}?include=shelter,links`)
  const put = await app.inject({
    method: 'PUT',
    url: `${url}?include=shelter,links`,
    headers: staff,
    payload: read.json<object>(),
  })
  t.equal(put.statusCode, 200, put.body)
  t.equal(put.headers.etag, read.headers.etag, 'nothing was recorded')
  t.strictSame({ ...put.json<object>(), serial: read.json<Serial>().serial }, read.json())
})

t.test('PATCH merges: null clears, medicalInfo keeps what the patch does not name', async (t) => {
  const { url } = await rig.admit({ medicalInfo: { vaccinated: true, healthNotes: 'fine' } })
  const patch = (payload: object, headers: Headers = {}) =>
    app.inject({
      method: 'PATCH',
      url,
      headers: { ...staff, 'content-type': 'application/merge-patch+json', ...headers },
      payload: JSON.stringify(payload),
    })
  const merged = await patch({
    breed: null,
    medicalInfo: { microchipped: true, healthNotes: null },
  })
  t.equal(merged.statusCode, 200, merged.body)
  const pet = merged.json<Record<string, unknown>>()
  t.equal(pet['breed'], undefined)
  t.same(pet['medicalInfo'], { vaccinated: true, microchipped: true })
  t.equal((await patch({ name: null })).statusCode, 422)
  t.equal((await patch({ status: 'PENDING' })).statusCode, 409)
  t.equal(
    (await patch({ medicalInfo: { vaccinated: false } }, { 'if-match': '"v1"' })).statusCode,
    412,
  )
  t.equal(
    (await patch({ medicalInfo: { vaccinated: false } }, { 'if-match': '"v2"' })).statusCode,
    200,
  )
})

t.test('a removed pet is gone, its history stays for auditors', async (t) => {
  const { url } = await rig.admit()
  await app.inject({ method: 'PATCH', url, headers: staff, payload: { name: 'Nova' } })
  const removed = await app.inject({ method: 'DELETE', url, headers: staff })
  t.equal(removed.statusCode, 204)
  t.equal(removed.body, '')
  t.ok(removed.headers['event-cursor'])
  t.equal((await rig.get(url)).statusCode, 404)
  t.equal((await app.inject({ method: 'DELETE', url, headers: staff })).statusCode, 404)
  t.equal((await app.inject({ url: `${url}/history`, headers: as('colleague') })).statusCode, 403)
  const history = await app.inject({ url: `${url}/history?limit=2`, headers: staff })
  t.match(history.json(), {
    data: [{ version: 1 }, { version: 2 }],
    pagination: { nextAfter: 2, version: 3 },
  })
  t.match(history.headers.link, /page=2&limit=2>; rel="next"/)
  const onwards = await app.inject({ url: `${url}/history?limit=1&after=1`, headers: staff })
  t.match(onwards.json(), { data: [{ version: 2 }], pagination: { nextAfter: 2 } })
  t.match(onwards.headers.link, /after=2&limit=1>; rel="next"/)
})

t.test(
  'an outcome takes a pet out of care once; what was not adopted cannot be returned',
  async (t) => {
    const { url } = await rig.admit()
    const post = (place: string, payload: object) =>
      app.inject({ method: 'POST', url: `${url}/${place}`, headers: staff, payload })
    t.equal((await post('outcome', { kind: 'ADOPTION' })).statusCode, 422)
    const out = await post('outcome', { kind: 'TRANSFER_OUT', destination: 'Riverside Rescue' })
    t.match(out.json(), { status: 'NOT_AVAILABLE' })
    const again = await post('outcome?include=shelter,links', { kind: 'TRANSFER_OUT' })
    t.equal(again.headers.etag, '"v2"', 'already so')
    t.match(again.json(), { intakeDate: String, links: { self: String } }, 'with what was asked')
    t.equal((await post('outcome', { kind: 'DIED_IN_CARE' })).statusCode, 409)
    t.equal((await post('return', { reason: 'allergy' })).statusCode, 409)
  },
)

t.test('the history tells what happened and why, to auditors alone', async (t) => {
  const intake = { kind: 'STRAY', date: '2026-01-02', source: 'Elm Street', condition: 'thin' }
  const { url } = await rig.admit({ intake })
  const send = async (method: 'PATCH' | 'POST' | 'DELETE', path: string, payload?: object) => {
    const request = { method, url: `${url}${path}`, headers: staff }
    const answer = await app.inject(payload === undefined ? request : { ...request, payload })
    t.ok(answer.statusCode < 300, answer.body)
  }
  const outcome = { kind: 'DIED_IN_CARE', date: '2026-02-03', destination: 'cemetery' }
  await send('PATCH', '', { status: 'NOT_AVAILABLE', reason: 'medical hold' })
  await send('PATCH', '', { name: 'Nova' })
  await send('POST', '/outcome', { ...outcome, reason: 'old age' })
  await send('DELETE', '?reason=entered%20twice')
  const history = await app.inject({ url: `${url}/history`, headers: staff })
  const { data } = history.json<{ data: readonly { details: unknown }[] }>()
  t.strictSame(
    data.map(({ details }) => details),
    [
      { intake },
      { reason: 'medical hold', cause: null },
      {},
      { ...outcome, reason: 'old age' },
      { reason: 'entered twice' },
    ],
  )
  t.equal((await app.inject({ url: `${url}/history` })).statusCode, 401)
})

t.test('what each event of a pet says is in its details or in the pet', (t) => {
  const inThePet = ['profile', 'changes', 'previousStatus', 'status', 'photos', 'photo']
  for (const { type, sample } of petEvents.events) {
    const event = { type, data: sample, occurredAt: '2026-08-22T10:00:00Z' } as PetEvent
    const told = Object.keys(petDetailsOf(event))
    t.strictSame(
      Object.keys(sample)
        .filter((member) => !inThePet.includes(member))
        .sort(),
      told.sort(),
      type,
    )
  }
  t.end()
})

t.test('a write can be read back at once by its cursor', async (t) => {
  const { url, cursor } = await rig.admit({ name: 'Quick' })
  const read = await app.inject({ url, headers: { 'wait-for-cursor': cursor } })
  t.match(read.json(), { name: 'Quick' })
  const patched = await app.inject({
    method: 'PATCH',
    url,
    headers: staff,
    payload: { name: 'Quicker', medicalInfo: { vaccinated: true } },
  })
  const headers = { 'wait-for-cursor': String(patched.headers['event-cursor']) }
  t.equal((await app.inject({ url, headers })).body, patched.body)
})
