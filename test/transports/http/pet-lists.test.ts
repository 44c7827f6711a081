// Lists and searches of pets, and how many there are.
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { petCollectionSchema } from '../../../src/transports/http/pets/schema.ts'
import { disturbedDatabase, type DisturbedDatabase } from './failing-parts.ts'
import { httpApp, PUBLIC_URL } from './http-app.ts'

let watched: DisturbedDatabase | undefined
const rig = await httpApp(t, {
  ports: ({ database }) => {
    watched = disturbedDatabase(database)
    return { searches: { database: watched.database, scans: watched.database } }
  },
})
const { app } = rig
const searches = (): number => watched?.searches.count ?? 0

t.test('lists are closed by default, paged, and linked in the header', async (t) => {
  const mine = await rig.newTenant('lists')
  for (let count = 0; count < 5; count += 1) await rig.admit({}, mine)
  await rig.admit({ status: 'NOT_AVAILABLE' }, mine)
  const response = await rig.get('/v1/pets?limit=2&page=2', mine)
  const body = response.json<object>()
  t.ok(petCollectionSchema.safeParse(body).success)
  t.same(Object.keys(body), ['data', 'pagination'])
  t.match(body, { pagination: { page: 2, limit: 2, totalItems: 5, totalPages: 3 } })
  const link = String(response.headers.link)
  for (const relation of ['self', 'first', 'prev', 'next', 'last'])
    t.match(link, `rel="${relation}"`)
  t.match(link, `<${PUBLIC_URL}/v1/pets?`)
  const next = /<([^>]*)>; rel="next"/.exec(link)?.[1]?.slice(PUBLIC_URL.length) ?? ''
  t.match((await rig.get(next, mine)).json(), { pagination: { page: 3 } })
  const linked = await rig.get('/v1/pets?limit=2&page=3&include=links', mine)
  t.match(linked.json(), { links: { next: null, prev: String } })
})

t.test('a cursor leads through all pages, and one of ours only', async (t) => {
  const mine = await rig.newTenant('cursors')
  for (let count = 0; count < 5; count += 1) await rig.admit({}, mine)
  type Page = { data: { id: string }[]; pagination: { nextCursor: string | null } }
  const seen: string[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const page: Page = (await rig.get(`/v1/pets?limit=2&cursor=${cursor}`, mine)).json<Page>()
    seen.push(...page.data.map(({ id }) => id))
    cursor = page.pagination.nextCursor
  }
  t.equal(new Set(seen).size, 5)
  t.equal((await app.inject('/v1/pets?cursor=broken')).statusCode, 400)
  t.equal((await app.inject('/v1/pets?cursor=&page=2')).statusCode, 400)
})

t.test('parameters are checked: each bad one is named', async (t) => {
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
    'intakeFrom=2026-02-02&intakeTo=2026-02-01': 'intakeFrom',
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
  const good = [
    ...['species=CAT,DOG', 'size=SMALL', 'gender=MALE,FEMALE', 'breed=x', 'color=y', 'ageMin=1'],
    ...[
      'ageMax=9',
      'goodWithKids=true',
      'goodWithDogs=false',
      'goodWithCats=true',
      'vaccinated=true',
    ],
    ...[
      'spayedNeutered=true',
      'specialNeeds=false',
      'intakeFrom=2026-01-01',
      'intakeTo=2026-02-01',
    ],
    ...['shelterId=0199f3a0-7c1e-7a01-8000-0000000000ff', 'priceMin=5', 'priceMax=90.5', 'q=luna'],
    ...['sort=-ageMonths', 'facets=species,size', 'limit=100'],
  ].join('&')
  await rig.admit()
  const response = await rig.get(`/v1/pets?${good}`)
  t.equal(response.statusCode, 200, response.body)
  t.match(response.json(), { facets: { species: Object } })
})

t.test(
  'a range that is none, and an amount with too many places, are refused in a body too',
  async (t) => {
    const refusedFor = async (criteria: object) => {
      const payload = { criteria }
      const answer = await app.inject({ method: 'QUERY', url: '/v1/pets', payload })
      t.equal(answer.statusCode, 422, answer.body)
      return answer.json<{ errors: { field: string }[] }>().errors.map(({ field }) => field)
    }
    t.same(await refusedFor({ priceRange: { min: 60, max: '50.00' } }), ['criteria.priceRange.min'])
    t.same(await refusedFor({ ageRange: { min: 6, max: 5 } }), ['criteria.ageRange.min'])
    t.same(await refusedFor({ priceRange: { min: 12.345 } }), ['criteria.priceRange.min'])
    t.same(await refusedFor({ age_months: { min: 6, max: 5 } }), ['criteria.age_months.min'])
    const intake = { from: '2026-02-02', to: '2026-02-01' }
    t.same(await refusedFor({ intake }), ['criteria.intake.from'])
  },
)

t.test('a QUERY without a Content-Type is told what it lacks', async (t) => {
  for (const url of ['/v1/pets', '/v1/pets/search']) {
    const answer = await app.inject({ method: 'QUERY', url })
    t.equal(answer.statusCode, 400)
    t.match(answer.json(), { detail: 'A QUERY needs a body and its Content-Type.' })
  }
})

t.test('GET, QUERY and POST ask the same question and get the same bytes', async (t) => {
  const mine = await rig.newTenant('queries')
  await rig.admit({}, mine)
  await rig.admit({ species: 'DOG' }, mine)
  await rig.settled()
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
  const asked = { payload: body, headers: { ...mine, 'content-type': 'application/json' } }
  const before = searches()
  const query = await app.inject({ method: 'QUERY', url: '/v1/pets', ...asked })
  t.equal(query.statusCode, 200, query.body)
  t.equal(query.json<{ data: unknown[] }>().data.length, 1)
  const href = String(query.headers['content-location'])
  const others = [
    await app.inject({ method: 'QUERY', url: '/v1/pets/search', ...asked }),
    await app.inject({ method: 'POST', url: '/v1/pets/search', ...asked }),
    await app.inject({ url: href, headers: mine }),
  ]
  for (const other of others) t.equal(other.body, query.body)
  t.equal(searches() - before, 1, 'and only one of them was searched for')
  const deep = `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`
  const nested = await app.inject({
    method: 'QUERY',
    url: '/v1/pets',
    headers: asked.headers,
    payload: deep,
  })
  t.equal(nested.statusCode, 200, 'unknown members are left alone, however deep')
})

const SEARCHES = [
  ['QUERY', '/v1/pets'],
  ['QUERY', '/v1/pets/search'],
  ['POST', '/v1/pets/search'],
] as const

t.test(
  'a body says all that parameters say: facets, include, and a cursor to the end',
  async (t) => {
    const mine = await rig.newTenant('bodies')
    for (const species of ['CAT', 'DOG', 'CAT', 'DOG', 'CAT']) await rig.admit({ species }, mine)
    await rig.settled()
    type Page = { data: unknown[]; pagination: { nextCursor?: string | null } }
    const asGet = (parameters: string) =>
      app.inject({ url: `/v1/pets?${parameters}`, headers: mine })
    const plain = (await asGet('sort=name&limit=100')).json<Page>().data
    for (const [method, url] of SEARCHES) {
      const ask = (payload: object) => app.inject({ method, url, headers: mine, payload })
      const facets = ['species', 'good_with_kids']
      const counted = await ask({ facets, include: ['shelter'], pagination: { limit: 2 } })
      const same = await asGet('facets=species,goodWithKids&include=shelter&limit=2')
      t.equal(counted.statusCode, 200, counted.body)
      t.equal(counted.body, same.body)
      t.match(counted.json(), { facets: { species: { CAT: 3, DOG: 2 } } })
      const seen: unknown[] = []
      for (let cursor: string | null = ''; cursor !== null;) {
        const sort = { field: 'name', order: 'ASC' }
        const answer = await ask({ sort, pagination: { cursor, limit: 2 } })
        const inQuery = await asGet(`sort=name&limit=2&cursor=${cursor}`)
        t.equal(answer.body, inQuery.body)
        const page: Page = answer.json<Page>()
        seen.push(...page.data)
        cursor = page.pagination.nextCursor ?? null
      }
      t.strictSame(seen, plain)
    }
  },
)

t.test('what a body says wrongly is refused by its name', async (t) => {
  const bad: readonly (readonly [payload: object, named: readonly string[]])[] = [
    [{ pagination: { cursor: 'a b' } }, ['pagination.cursor INVALID_FORMAT']],
    [{ pagination: { cursor: 'broken' } }, ['pagination.cursor INVALID_FORMAT']],
    [{ pagination: { cursor: '', page: 2 } }, ['pagination.cursor INVALID_VALUE']],
    [{ facets: ['name'] }, ['facets.0 INVALID_ENUM_VALUE']],
    [{ include: ['owner'] }, ['include.0 INVALID_ENUM_VALUE']],
    [{ criteria: { status: ['NOT_AVAILABLE'] } }, ['criteria.status INVALID_ENUM_VALUE']],
  ]
  for (const [method, url] of SEARCHES) {
    for (const [payload, named] of bad) {
      const headers = { 'content-type': 'application/json' }
      const answer = await app.inject({ method, url, headers, payload })
      const what = JSON.stringify(payload).slice(0, 80)
      t.equal(answer.statusCode, 422, what)
      const { errors } = answer.json<{ errors: { field: string; code: string }[] }>()
      t.strictSame(
        errors.map(({ field, code }) => `${field} ${code}`),
        named,
        what,
      )
    }
  }
})

t.test('the inventory counts by status and by species', async (t) => {
  const mine = await rig.newTenant('inventory')
  await rig.admit({}, mine)
  await rig.admit({ species: 'DOG', status: 'NOT_AVAILABLE' }, mine)
  const map = await rig.get('/v1/inventories', mine)
  t.same(map.json(), { AVAILABLE: 1, PENDING: 0, ADOPTED: 0, NOT_AVAILABLE: 1 })
  const some = await rig.get('/v1/inventories?status=AVAILABLE,PENDING', mine)
  t.same(some.json(), { AVAILABLE: 1, PENDING: 0 })
  const aggregate = await rig.get('/v1/inventory', mine)
  t.match(aggregate.json(), {
    available: 1,
    notAvailable: 1,
    total: 2,
    bySpecies: { CAT: 1, DOG: 1 },
  })
})

t.test('a search in long words is answered with fields that clients can read', async (t) => {
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  const base = `http://127.0.0.1:${port}/v1/pets`
  const sizeOf = ({ headers }: Response) =>
    [...headers].reduce((size, [name, value]) => size + name.length + value.length + 4, 0)
  const word = '\u732b'.repeat(100)
  const asked = { q: word + word, breed: word, color: word }
  const got = await fetch(`${base}?${new URLSearchParams({ ...asked, page: '2' })}`)
  t.equal(got.status, 200)
  t.ok(sizeOf(got) < 5_000, String(sizeOf(got)))
  t.match(got.headers.get('link'), /^<[^>]*>; rel="prev"$/, 'the one that readers miss first')
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify({ criteria: asked, include: ['links'] })
  const posted = await fetch(`${base}/search`, { method: 'POST', headers, body })
  t.ok(sizeOf(posted) < 9_000, String(sizeOf(posted)))
  t.match(await posted.json(), { links: { self: String, first: String, last: String } })
})
