// Pets in the classic shape: the documented example, what is hidden, and what is refused.
import t from 'tap'
import { tenantIdSchema } from '../../../../src/core/ids.ts'
import { classicApp, HARBOUR, LUNA, type Pet, saysNo } from './classic-app.ts'

t.setTimeout(120_000)

const rig = await classicApp(t)
const client = rig.clientOf(rig.as('staff'))

t.test('the documented example: cats that are available, without a token', async (t) => {
  const here = await rig.inNewTenant('example')
  const luna = await here.admit()
  await here.admit({ name: 'Max', species: 'dog' })
  const tenant = { 'x-tenant-id': String(here.staff['x-tenant-id']) }
  const answer = await here.get('/pets?species=cat&status=available', tenant)
  t.equal(answer.statusCode, 200)
  t.strictSame(answer.json(), [{ ...LUNA, id: luna.id }])
  t.equal(luna.id, 1)
  t.match(answer.headers, {
    'content-type': 'application/json; charset=utf-8',
    'x-total-count': '1',
    'cache-control': 'private, no-cache',
    etag: /^"[\w-]+"$/,
  })
  t.strictSame((await here.get('/pets?status=adopted', tenant)).json(), [])
})

t.test(
  'a new pet has the next id, a place, and the least fee that its shelter takes',
  async (t) => {
    const here = await rig.inNewTenant('fees')
    const dear = await here.shelter()
    const poor = await here.shelter({ adoption_fee_range: null })
    const answer = await here.send('POST', '/pets', { payload: { ...LUNA, shelter_id: dear.id } })
    t.equal(answer.statusCode, 201)
    t.match(answer.headers, { location: '/pets/1', etag: '"v1.1"', 'event-cursor': /./ })
    t.strictSame(answer.json(), { ...LUNA, shelter_id: 1, id: 1 })
    t.equal(
      (await here.send('POST', '/classic/pets', { payload: LUNA })).headers.location,
      '/classic/pets/2',
    )
    await here.admit({ shelter_id: poor.id })
    const { data } = (await here.get('/v1/pets?sort=createdAt&include=shelter')).json<{
      data: Record<string, unknown>[]
    }>()
    t.strictSame(
      data.map(({ serial, price, currency }) => [serial, price, currency]),
      [
        [1, '75.00', 'USD'],
        [2, '0.00', 'USD'],
        [3, '0.00', 'USD'],
      ],
    )
  },
)

t.test('what the shape cannot say is neither listed nor found, nor changed', async (t) => {
  const here = await rig.inNewTenant('hidden')
  const shown = await here.admit()
  const hidden = [
    { species: 'RABBIT' },
    { species: 'OTHER', gender: 'UNKNOWN' },
    { status: 'NOT_AVAILABLE' },
  ]
  for (const changes of hidden) await rig.admit(changes, here.staff)
  const gone = await here.admit()
  await here.send('DELETE', `/pets/${gone.id}`)
  await rig.settled()
  const list = await here.get('/pets')
  t.strictSame(
    list.json<Pet[]>().map(({ id }) => id),
    [shown.id],
  )
  t.equal(list.headers['x-total-count'], '1')
  for (const id of [2, 3, 4, gone.id, 99, 999_999_999_999_999]) {
    const message = `Pet with 'id' ${id} not found.`
    const expected = { code: 404, error: 'Not Found', message, status: 404 }
    t.strictSame(saysNo(await here.get(`/pets/${id}`)), expected)
    t.strictSame(saysNo(await here.send('PUT', `/pets/${id}`, { payload: LUNA })), expected)
    t.strictSame(saysNo(await here.send('PATCH', `/pets/${id}`, { payload: {} })), expected)
    t.strictSame(saysNo(await here.send('DELETE', `/pets/${id}`)), expected)
  }
})

t.test('a pet held back by /v1 disappears, and is back with its number', async (t) => {
  const here = await rig.inNewTenant('held-back')
  const { id } = await here.admit()
  const { data } = (await here.get('/v1/pets')).json<{ data: { id: string }[] }>()
  const url = `/v1/pets/${data[0]?.id ?? ''}`
  for (const [status, code] of [
    ['NOT_AVAILABLE', 404],
    ['AVAILABLE', 200],
  ] as const) {
    t.equal((await here.send('PATCH', url, { payload: { status } })).statusCode, 200)
    await rig.settled()
    t.equal((await here.get(`/pets/${id}`)).statusCode, code)
    t.equal((await here.get('/pets')).json<Pet[]>().length, code === 200 ? 1 : 0)
  }
})

t.test('a status that comes by orders and adoptions alone is refused by hand', async (t) => {
  const here = await rig.inNewTenant('status')
  const { id } = await here.admit()
  const { data } = (await here.get('/v1/pets')).json<{ data: { id: string }[] }>()
  const conflict = { code: 409, error: 'Conflict', status: 409, message: /by hand/ }
  const put = (status: string) => here.send('PUT', `/pets/${id}`, { payload: { ...LUNA, status } })
  t.match(saysNo(await put('pending')), conflict)
  t.match(saysNo(await put('adopted')), conflict)
  t.match(
    saysNo(await here.send('POST', '/pets', { payload: { ...LUNA, status: 'adopted' } })),
    conflict,
  )
  t.equal((await put('available')).statusCode, 200, 'what is so already is no change')

  const context = {
    tenantId: tenantIdSchema.parse(here.staff['x-tenant-id']),
    actor: { kind: 'system', id: 'test' } as const,
    correlationId: 'test',
  }
  const cause = { kind: 'order', id: '0199f3a0-7c1e-7a01-8000-0000000000f1' } as const
  await rig.application.pets.reserve(context, data[0]?.id ?? '', { cause, reason: null })
  await rig.settled()
  t.strictSame((await here.get('/pets?status=pending')).json(), [
    { ...LUNA, status: 'pending', id },
  ])
  t.match(
    saysNo(await here.send('PATCH', `/pets/${id}`, { payload: { status: 'available' } })),
    conflict,
  )
  t.match(saysNo(await here.send('DELETE', `/pets/${id}`)), { code: 409, message: /reserved/ })
  const kept = await here.send('PUT', `/pets/${id}`, {
    payload: { ...LUNA, status: 'pending', name: 'Lu' },
  })
  t.match(kept.json(), { name: 'Lu', status: 'pending' })
})

t.test('DELETE answers with what was deleted, and the number is never given again', async (t) => {
  const here = await rig.inNewTenant('deleted')
  const luna = await here.admit()
  const answer = await here.send('DELETE', `/pets/${luna.id}`)
  t.equal(answer.statusCode, 200)
  t.strictSame(answer.json(), luna)
  t.equal(answer.headers.etag, undefined)
  t.equal((await here.get(`/pets/${luna.id}`)).statusCode, 404)
  t.equal((await here.admit()).id, luna.id + 1)
})

t.test('a body that does not hold is a bad request that names every field', async (t) => {
  const { id } = await client.admit()
  const { name: _name, medical: _medical, ...incomplete } = LUNA
  const bodies: readonly (readonly [object | string, string | RegExp, readonly string[]])[] = [
    [incomplete, "Missing required field: 'name', 'medical'.", ['name', 'medical']],
    [
      { ...LUNA, species: 'CAT' },
      /^Invalid value for 'species': Must be one of: cat, dog\.$/,
      ['species'],
    ],
    [
      { ...LUNA, id: 7, size: 'huge', age_months: -1 },
      /'age_months'.*'size'/,
      ['age_months', 'size'],
    ],
    [{ ...LUNA, ageMonths: 3 }, /'ageMonths': Is not a known field/, ['ageMonths']],
    [
      { ...LUNA, medical: { vaccinations: [7] } },
      /medical/,
      ['medical.spayed_neutered', 'medical.vaccinations.0'],
    ],
    [{ ...LUNA, intake_date: '2025-02-30' }, /'intake_date'/, ['intake_date']],
    [
      { ...LUNA, intake_date: '2999-01-01' },
      /'intake_date': The date lies in the future\.$/,
      ['intake_date'],
    ],
    [
      { ...LUNA, shelter_id: 99 },
      "Invalid value for 'shelter_id': There is no shelter with 'id' 99.",
      ['shelter_id'],
    ],
    [{ ...LUNA, shelter_id: 'one' }, /'shelter_id'/, ['shelter_id']],
    [{ ...LUNA, name: 'x\0y' }, /'name'/, ['name']],
  ]
  for (const [payload, message, fields] of bodies) {
    for (const [method, url] of [
      ['POST', '/pets'],
      ['PUT', `/classic/pets/${id}`],
    ] as const) {
      const answer = await client.send(method, url, { payload })
      t.match(saysNo(answer), { code: 400, error: 'Bad Request', status: 400, message })
      const { errors } = answer.json<{ errors: { field: string }[] }>()
      t.strictSame(errors.map(({ field }) => field).sort(), [...fields].sort())
    }
  }
  const json = { ...client.staff, 'content-type': 'application/json' }
  for (const payload of ['{"name":', '', 'null']) {
    const answer = await client.send('POST', '/pets', { headers: json, payload })
    t.match(saysNo(answer), { code: 400, error: 'Bad Request', status: 400 })
  }
})

t.test('PATCH is a merge: what it leaves out stays, null is not known', async (t) => {
  const { id } = await client.admit()
  const type = { ...client.staff, 'content-type': 'application/merge-patch+json' }
  const payload = JSON.stringify({ breed: null, medical: { spayed_neutered: false } })
  const answer = await client.send('PATCH', `/pets/${id}`, { headers: type, payload })
  const medical = { ...LUNA.medical, spayed_neutered: false }
  t.strictSame(answer.json(), { ...LUNA, breed: null, medical, id })
})

t.test('a repeat under an Idempotency-Key gets the first answer and adds no pet', async (t) => {
  const here = await rig.inNewTenant('repeats')
  const headers = { ...here.staff, 'idempotency-key': 'once' }
  const first = await here.send('POST', '/pets', { headers, payload: LUNA })
  const second = await here.send('POST', '/pets', { headers, payload: LUNA })
  t.equal(second.statusCode, 201)
  t.equal(second.body, first.body)
  t.equal(second.headers['idempotent-replayed'], 'true')
  const other = await here.send('POST', '/pets', { headers, payload: { ...LUNA, name: 'Other' } })
  t.match(saysNo(other), { code: 400, message: /Idempotency-Key/ })
  t.equal((await here.get('/pets')).json<Pet[]>().length, 1)
})

t.test('If-Match holds for the tag that was read, and for no older one', async (t) => {
  const { id } = await client.admit()
  const url = `/pets/${id}`
  const tag = String((await client.get(url)).headers.etag)
  const under = (name: string) =>
    client.send('PATCH', url, { headers: { ...client.staff, 'if-match': tag }, payload: { name } })
  t.equal((await under('Lu')).statusCode, 200)
  t.match(saysNo(await under('La')), { code: 412, error: 'Precondition Failed', status: 412 })
  const read = await client.get(url, { 'if-none-match': tag })
  t.equal(read.statusCode, 200)
  const unchanged = await client.get(url, { 'if-none-match': String(read.headers.etag) })
  t.equal(unchanged.statusCode, 304)
  t.equal(unchanged.body, '')
})

t.test('a pet says which shelter it is at by the number of the shelter', async (t) => {
  const here = await rig.inNewTenant('shelters')
  const shelters = [await here.shelter(), await here.shelter({ ...HARBOUR, name: 'Hill' })]
  const { id } = await here.admit({ shelter_id: 2 })
  t.strictSame(
    (await here.get('/pets?shelter_id=2')).json<Pet[]>().map((pet) => pet.id),
    [id],
  )
  await here.send('PATCH', `/pets/${id}`, { payload: { shelter_id: 1 } })
  t.strictSame((await here.get('/pets?shelter_id=2')).json(), [])
  t.strictSame((await here.get('/pets?shelter_id=99')).json(), [], 'no such shelter, no such pets')
  t.match((await here.get('/shelters')).json(), [
    { id: shelters[0]?.id, available_pet_count: 1 },
    { id: shelters[1]?.id, available_pet_count: 0 },
  ])
  const other = await rig.inNewTenant('shelters-elsewhere')
  const refused = await other.send('POST', '/pets', { payload: { ...LUNA, shelter_id: 1 } })
  t.match(saysNo(refused), { code: 400, message: /shelter_id/ }, "another tenant's is none")
})
