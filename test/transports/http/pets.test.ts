import t from 'tap'
import { petCollectionSchema, petSchema } from '../../../src/transports/http/pets/schema.ts'
import { as, httpApp, LUNA, PUBLIC_URL, type Headers } from './http-app.ts'

const staff = as('staff')
type App = Awaited<ReturnType<typeof httpApp>>['app']

const admit = async (app: App, changes: object = {}, headers: Headers = {}) => {
  const payload = { ...LUNA, ...changes }
  const response = await app.inject({
    method: 'POST',
    url: '/v1/pets',
    headers: { ...staff, ...headers },
    payload,
  })
  if (response.statusCode !== 201) throw new Error(response.body)
  return {
    response,
    url: String(response.headers.location),
    pet: response.json<Record<string, unknown>>(),
  }
}

t.test(
  'a pet is admitted with its place, version and cursor, and read back in the same bytes',
  async (t) => {
    const { app, cursors } = await httpApp(t)
    const { response, url, pet } = await admit(app, { price: '400', temperament: 'playful' })
    t.equal(url, `/v1/pets/${String(pet['id'])}`)
    t.match(response.headers, {
      etag: '"v1"',
      'event-cursor': /^[\w-]{22}$/,
      'cache-control': 'no-store',
    })
    t.equal(
      cursors.decode('shared' as never, String(response.headers['event-cursor'])).kind,
      'position',
    )
    t.equal(pet['price'], '400.00')
    t.ok(petSchema.safeParse(pet).success, 'the closed schema holds')
    t.equal((await app.inject(url)).body, response.body)
    const wide = await app.inject(`${url}?include=shelter,links`)
    t.match(wide.json(), { temperament: 'playful', links: { self: `${PUBLIC_URL}${url}` } })
  },
)

t.test('adoptionFee is another name for price', async (t) => {
  const { app } = await httpApp(t)
  const { pet } = await admit(app, { price: undefined, adoptionFee: 150 })
  t.equal(pet['price'], '150.00')
  const headers = staff
  const payload = { ...LUNA, adoptionFee: 80 }
  const clash = await app.inject({ method: 'POST', url: '/v1/pets', headers, payload })
  t.equal(clash.statusCode, 422)
})

t.test('a new pet is AVAILABLE or NOT_AVAILABLE', async (t) => {
  const { app } = await httpApp(t)
  const payload = { ...LUNA, status: 'ADOPTED' }
  const response = await app.inject({ method: 'POST', url: '/v1/pets', headers: staff, payload })
  t.equal(response.statusCode, 422)
  t.match(response.json(), { errors: [{ field: 'status' }] })
})

t.test('lists are closed by default, paged, and linked in the header', async (t) => {
  const { app } = await httpApp(t)
  for (let count = 0; count < 5; count += 1) await admit(app)
  await admit(app, { status: 'NOT_AVAILABLE' })
  const response = await app.inject('/v1/pets?limit=2&page=2')
  const body = response.json<object>()
  t.ok(petCollectionSchema.safeParse(body).success)
  t.same(Object.keys(body), ['data', 'pagination'])
  t.match(body, { pagination: { page: 2, limit: 2, totalItems: 5, totalPages: 3 } })
  const link = String(response.headers.link)
  for (const relation of ['self', 'first', 'prev', 'next', 'last'])
    t.match(link, `rel="${relation}"`)
  t.match(link, `<${PUBLIC_URL}/v1/pets?`)
  const next = /<([^>]*)>; rel="next"/.exec(link)?.[1]?.slice(PUBLIC_URL.length) ?? ''
  t.match((await app.inject(next)).json(), { pagination: { page: 3 } })
  const linked = await app.inject('/v1/pets?limit=2&page=3&include=links')
  t.match(linked.json(), { links: { next: null, prev: String } })
})

t.test('a cursor leads through all pages, and one of ours only', async (t) => {
  const { app } = await httpApp(t)
  for (let count = 0; count < 5; count += 1) await admit(app)
  type Page = { data: { id: string }[]; pagination: { nextCursor: string | null } }
  const seen: string[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const page: Page = (await app.inject(`/v1/pets?limit=2&cursor=${cursor}`)).json<Page>()
    seen.push(...page.data.map(({ id }) => id))
    cursor = page.pagination.nextCursor
  }
  t.equal(new Set(seen).size, 5)
  t.equal((await app.inject('/v1/pets?cursor=broken')).statusCode, 400)
  t.equal((await app.inject('/v1/pets?cursor=&page=2')).statusCode, 400)
})

t.test('parameters are checked: each bad one is named', async (t) => {
  const { app } = await httpApp(t)
  const bad: Readonly<Record<string, string>> = {
    'species=dog': 'species',
    'species=': 'species',
    'status=SOLD': 'status',
    'size=HUGE': 'size',
    'ageMin=-1': 'ageMin',
    'ageMin=1.5': 'ageMin',
    'ageMin=9&ageMax=3': 'ageMin',
    'goodWithKids=yes': 'goodWithKids',
    'page=0': 'page',
    'page=1&page=2': 'page',
    'limit=101': 'limit',
    'limit=ten': 'limit',
    'sort=colour': 'sort',
    'sort=relevance': 'sort',
    'facets=name': 'facets',
    'include=owner': 'include',
    'shelterId=1': 'shelterId',
    'intakeFrom=yesterday': 'intakeFrom',
    'priceMin=cheap': 'priceMin',
    'priceMin=9&priceMax=3': 'priceMin',
    'q=': 'q',
    'q=%00': 'q',
    'breed=a&breed=b': 'breed',
    '__proto__=1': '__proto__',
  }
  for (const [query, field] of Object.entries(bad)) {
    const response = await app.inject(`/v1/pets?${query}`)
    t.equal(response.statusCode, 400, query)
    if (field !== '__proto__')
      t.ok(
        response
          .json<{ errors: { field: string }[] }>()
          .errors.some((error) => error.field === field),
        query,
      )
  }
  const good =
    'species=CAT,DOG&size=SMALL&gender=MALE,FEMALE&breed=x&color=y&ageMin=1&ageMax=9&goodWithKids=true&goodWithDogs=false' +
    '&goodWithCats=true&vaccinated=true&spayedNeutered=true&specialNeeds=false&shelterId=0199f3a0-7c1e-7a01-8000-0000000000ff' +
    '&intakeFrom=2026-01-01&intakeTo=2026-02-01&priceMin=5&priceMax=90.5&q=luna&sort=-ageMonths&facets=species,size&limit=100'
  const response = await app.inject(`/v1/pets?${good}`)
  t.equal(response.statusCode, 200, response.body)
  t.match(response.json(), { facets: { species: Object } })
})

t.test('GET, QUERY and POST ask the same question and get the same bytes', async (t) => {
  const { app, application } = await httpApp(t)
  await admit(app)
  await admit(app, { species: 'DOG' })
  const body = {
    criteria: {
      species: ['cat'],
      age_range: { min: 2, max: 40 },
      size: ['small'],
      compatibility: { good_with_kids: true },
    },
    sort: { field: 'age_months', order: 'desc' },
    pagination: { page: 1, limit: 10 },
    somethingElse: true,
  }
  const asked = { payload: body, headers: { 'content-type': 'application/json' } }
  const query = await app.inject({ method: 'QUERY', url: '/v1/pets', ...asked })
  t.equal(query.statusCode, 200, query.body)
  t.equal(query.json<{ data: unknown[] }>().data.length, 1)
  const href = String(query.headers['content-location'])
  const others = [
    await app.inject({ method: 'QUERY', url: '/v1/pets/search', ...asked }),
    await app.inject({ method: 'POST', url: '/v1/pets/search', ...asked }),
    await app.inject(href),
  ]
  for (const other of others) t.equal(other.body, query.body)
  t.equal(application.searches.count, 1, 'and only one of them was searched for')
  const deep = `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`
  const nested = await app.inject({
    method: 'QUERY',
    url: '/v1/pets',
    headers: asked.headers,
    payload: deep,
  })
  t.equal(nested.statusCode, 200, 'unknown members are left alone, however deep')
})

t.test('PUT replaces: what is absent becomes unknown', async (t) => {
  const { app } = await httpApp(t)
  const { url } = await admit(app, { medicalInfo: { vaccinated: true }, color: 'Tabby' })
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

t.test('what was read can be put back unchanged', async (t) => {
  const { app } = await httpApp(t)
  const { url } = await admit(app, {
    medicalInfo: { vaccinated: true },
    photos: ['https://img.example.org/a.jpg'],
  })
  const read = await app.inject(`${url}?include=shelter,links`)
  const put = await app.inject({
    method: 'PUT',
    url: `${url}?include=shelter,links`,
    headers: staff,
    payload: read.json<object>(),
  })
  t.equal(put.statusCode, 200, put.body)
  t.equal(put.body, read.body)
})

t.test('PATCH merges: null clears, medicalInfo keeps what the patch does not name', async (t) => {
  const { app } = await httpApp(t)
  const { url } = await admit(app, { medicalInfo: { vaccinated: true, healthNotes: 'fine' } })
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
  const { app } = await httpApp(t)
  const { url } = await admit(app)
  await app.inject({ method: 'PATCH', url, headers: staff, payload: { name: 'Nova' } })
  const removed = await app.inject({ method: 'DELETE', url, headers: staff })
  t.equal(removed.statusCode, 204)
  t.equal(removed.body, '')
  t.ok(removed.headers['event-cursor'])
  t.equal((await app.inject(url)).statusCode, 404)
  t.equal((await app.inject({ method: 'DELETE', url, headers: staff })).statusCode, 404)
  t.equal((await app.inject({ url: `${url}/history`, headers: as('colleague') })).statusCode, 403)
  const history = await app.inject({ url: `${url}/history?limit=2`, headers: staff })
  t.match(history.json(), {
    data: [{ version: 1 }, { version: 2 }],
    pagination: { nextAfter: 2, version: 3 },
  })
  t.match(history.headers.link, /after=2&limit=2>; rel="next"/)
})

t.test(
  'an outcome takes a pet out of care once; what was not adopted cannot be returned',
  async (t) => {
    const { app } = await httpApp(t)
    const { url } = await admit(app)
    const post = (place: string, payload: object) =>
      app.inject({ method: 'POST', url: `${url}/${place}`, headers: staff, payload })
    t.equal((await post('outcome', { kind: 'ADOPTION' })).statusCode, 422)
    const out = await post('outcome', { kind: 'TRANSFER_OUT', destination: 'Riverside Rescue' })
    t.match(out.json(), { status: 'NOT_AVAILABLE' })
    t.equal((await post('outcome', { kind: 'TRANSFER_OUT' })).statusCode, 409)
    t.equal((await post('return', { reason: 'allergy' })).statusCode, 409)
  },
)

t.test('the inventory counts by status and by species', async (t) => {
  const { app } = await httpApp(t)
  await admit(app)
  await admit(app, { species: 'DOG', status: 'NOT_AVAILABLE' })
  const map = await app.inject({ url: '/v1/inventories', headers: as('reader') })
  t.same(map.json(), { AVAILABLE: 1, PENDING: 0, ADOPTED: 0, NOT_AVAILABLE: 1 })
  const some = await app.inject({
    url: '/v1/inventories?status=AVAILABLE,PENDING',
    headers: as('reader'),
  })
  t.same(some.json(), { AVAILABLE: 1, PENDING: 0 })
  const aggregate = await app.inject('/v1/inventory')
  t.match(aggregate.json(), {
    available: 1,
    notAvailable: 1,
    total: 2,
    bySpecies: { CAT: 1, DOG: 1 },
  })
})

t.test('shelters are registered, read, changed and counted', async (t) => {
  const { app } = await httpApp(t)
  const payload = {
    name: 'Harbour Street',
    email: 'hello@harbour.example.org',
    adoptionFeeRange: '75-200',
  }
  const created = await app.inject({ method: 'POST', url: '/v1/shelters', headers: staff, payload })
  t.equal(created.statusCode, 201, created.body)
  const url = String(created.headers.location)
  const shelterId = url.split('/').at(-1)
  await admit(app, { shelterId })
  t.match((await app.inject(url)).json(), { ...payload, availablePetCount: 1 })
  const etag = String((await app.inject(url)).headers.etag)
  const patch = (headers: Headers, body: object) =>
    app.inject({ method: 'PATCH', url, headers: { ...staff, ...headers }, payload: body })
  t.equal((await patch({ 'if-match': '"v9"' }, { hours: 'daily' })).statusCode, 412)
  t.match((await patch({ 'if-match': etag }, { hours: 'daily', email: null })).json(), {
    hours: 'daily',
    name: 'Harbour Street',
  })
  t.equal((await patch({}, { colour: 'red' })).statusCode, 422)
  const list = await app.inject('/v1/shelters')
  t.match(list.json(), { data: [{ name: 'Harbour Street' }], pagination: { totalItems: 1 } })
  t.notMatch(list.body, 'email')
  const put = await app.inject({ method: 'PUT', url, headers: staff, payload: { name: 'Quay' } })
  t.equal(put.json<{ hours?: string }>().hours, undefined)
})
