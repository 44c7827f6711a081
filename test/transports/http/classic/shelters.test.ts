// Shelters in the classic shape, and of the pets that wait there those that /pets lists.
import fc from 'fast-check'
import t from 'tap'
import { classicApp, HARBOUR, LUNA, type Pet, saysNo } from './classic-app.ts'

const rig = await classicApp(t)

t.test('a shelter is read as it was written, under the next number', async (t) => {
  const here = await rig.inNewTenant('written')
  const answer = await here.send('POST', '/shelters', { payload: HARBOUR })
  t.equal(answer.statusCode, 201)
  t.match(answer.headers, { location: '/shelters/1', etag: '"v1.0"', 'event-cursor': /./ })
  const shelter = { ...HARBOUR, available_pet_count: 0, id: 1 }
  t.strictSame(answer.json(), shelter)
  const read = await here.get('/shelters/1')
  t.equal(read.body, answer.body)
  t.equal(read.headers.etag, answer.headers.etag)
  t.strictSame((await here.get('/classic/shelters')).json(), [shelter])
  t.equal((await here.shelter({ name: 'Hill' })).id, 2)
  const { data } = (await here.get('/v1/shelters')).json<{ data: object[] }>()
  t.match(data[0], { name: HARBOUR.name, adoptionFeeRange: '75-200' }, 'and is one of /v1')
})

t.test('PUT says everything, PATCH some of it, null is not known', async (t) => {
  const here = await rig.inNewTenant('changed')
  const { id } = await here.shelter()
  const url = `/shelters/${id}`
  const unknown = { address: null, phone: null, email: null, hours: null, adoption_fee_range: null }
  const put = await here.send('PUT', url, { payload: { name: 'Hill', ...unknown } })
  t.strictSame(put.json(), { name: 'Hill', ...unknown, available_pet_count: 0, id })
  const patch = await here.send('PATCH', url, {
    payload: { hours: 'daily', id: 9, available_pet_count: 7 },
  })
  t.strictSame(patch.json(), { ...put.json<object>(), hours: 'daily' })
  t.equal((await here.get(url)).body, patch.body)
  const held = String(patch.headers.etag)
  t.equal((await here.get(url, { ...here.staff, 'if-none-match': held })).statusCode, 304)
  const old = { ...here.staff, 'if-match': '"v1.0"' }
  t.match(saysNo(await here.send('PATCH', url, { headers: old, payload: { name: 'x' } })), {
    code: 412,
    error: 'Precondition Failed',
  })
  const missing = await here.send('PUT', url, { payload: { name: 'x' } })
  t.match(saysNo(missing), { code: 400, message: /^Missing required field: 'address', 'phone'/ })
  const wrong = { ...HARBOUR, email: 'nobody', adoption_fee_range: 'cheap' }
  t.match(saysNo(await here.send('PUT', url, { payload: wrong })), {
    code: 400,
    message:
      "Invalid value for 'email': Must be an e-mail address. " +
      "Invalid value for 'adoption_fee_range': Must be an amount or a range such as 75-200.",
  })
  const nobody = {
    code: 404,
    error: 'Not Found',
    message: "Shelter with 'id' 77 not found.",
    status: 404,
  }
  t.strictSame(saysNo(await here.get('/shelters/77')), nobody)
  t.strictSame(saysNo(await here.send('PATCH', '/shelters/77', { payload: {} })), nobody)
})

t.test('a repeat under an Idempotency-Key gets the first answer and adds no shelter', async (t) => {
  const here = await rig.inNewTenant('repeated')
  const headers = { ...here.staff, 'idempotency-key': 'once' }
  const first = await here.send('POST', '/shelters', { headers, payload: HARBOUR })
  const second = await here.send('POST', '/shelters', { headers, payload: HARBOUR })
  t.equal(second.body, first.body)
  t.equal((await here.get('/shelters')).headers['x-total-count'], '1')
})

t.test('a shelter counts as available what /pets lists as available, and no other', async (t) => {
  const here = await rig.inNewTenant('counted')
  const { id } = await here.shelter()
  await here.admit({ shelter_id: id })
  const dog = await here.admit({ shelter_id: id, species: 'dog' })
  await here.admit({})
  const { data } = (await here.get('/v1/shelters')).json<{ data: { id: string }[] }>()
  const hidden = { shelterId: data[0]?.id, species: 'RABBIT' }
  await rig.admit(hidden, here.staff)
  await rig.admit({ ...hidden, species: 'CAT', status: 'NOT_AVAILABLE' }, here.staff)
  await rig.settled()
  const count = async () =>
    (await here.get(`/shelters/${id}`)).json<{ available_pet_count: number }>()
  const listed = async () =>
    (await here.get(`/pets?shelter_id=${id}&status=available`)).headers['x-total-count']
  t.equal((await count()).available_pet_count, 2)
  t.equal(await listed(), '2')
  const tag = String((await here.get(`/shelters/${id}`)).headers.etag)
  await here.send('DELETE', `/pets/${dog.id}`)
  t.equal((await count()).available_pet_count, 1)
  t.equal(await listed(), '1')
  const again = await here.get(`/shelters/${id}`, { ...here.staff, 'if-none-match': tag })
  t.equal(again.statusCode, 200, 'the tag tells')
})

t.test('a list of shelters is sorted and cut as one of pets is', async (t) => {
  const here = await rig.inNewTenant('sorted')
  for (const name of ['Hill', 'Brook', 'harbour']) await here.shelter({ name })
  await here.admit({ ...LUNA, shelter_id: 3 })
  const ids = async (query: string) => {
    const answer = await here.get(`/shelters?${query}`)
    t.equal(answer.headers['x-total-count'], '3')
    return answer.json<Pet[]>().map(({ id }) => id)
  }
  t.strictSame(await ids(''), [1, 2, 3])
  t.strictSame(await ids('_sort=name'), [2, 3, 1])
  t.strictSame(await ids('_sort=name&_order=desc'), [1, 3, 2])
  t.strictSame(await ids('_sort=-available_pet_count'), [3, 1, 2])
  t.strictSame(await ids('_start=1&_limit=1'), [2])
  t.strictSame(await ids('_limit=0'), [])
  t.strictSame(await ids('_page=2'), [1, 2, 3])
  for (const query of ['name=Hill', '_sort=email', '_limit=x']) {
    const answer = await here.get(`/shelters?${query}`)
    t.match(saysNo(answer), { code: 400, message: 'Invalid query parameter format' }, query)
  }
})

t.test(
  'a removed shelter is answered as it was, and its number is given to no other',
  async (t) => {
    const here = await rig.inNewTenant('removed')
    const { id } = await here.shelter()
    const url = `/shelters/${id}`
    const pet = await here.admit({ shelter_id: id })
    const refused = await here.send('DELETE', url)
    t.match(saysNo(refused), { code: 409, error: 'Conflict', message: /\(shelter_has_pets\)$/ })
    await here.send('PATCH', `/pets/${pet.id}`, { payload: { shelter_id: null } })
    const old = { ...here.staff, 'if-match': '"v7.0"' }
    t.equal((await here.send('DELETE', url, { headers: old })).statusCode, 412)
    t.equal((await here.send('DELETE', url, { headers: {} })).statusCode, 401)
    t.equal((await here.get(url)).statusCode, 200)

    const removed = await here.send('DELETE', url)
    t.equal(removed.statusCode, 200)
    t.match(removed.headers, { 'event-cursor': /./ })
    t.strictSame(removed.json(), { ...HARBOUR, available_pet_count: 0, id })
    const nobody = { code: 404, message: `Shelter with 'id' ${id} not found.` }
    t.match(saysNo(await here.get(url)), nobody)
    t.match(saysNo(await here.send('DELETE', url)), nobody)
    t.match(saysNo(await here.send('DELETE', `/classic${url}`)), nobody)
    t.strictSame((await here.get('/shelters')).json(), [])
    t.strictSame((await here.get(`/pets?shelter_id=${id}`)).json(), [])
    const late = await here.send('POST', '/pets', { payload: { ...LUNA, shelter_id: id } })
    t.match(saysNo(late), { code: 400, message: `There is no shelter with 'id' ${id}` })
    t.equal((await here.shelter({ name: 'Hill' })).id, Number(id) + 1)
  },
)

t.test('a pet that came under a key is answered again when its shelter is gone', async (t) => {
  const here = await rig.inNewTenant('gone')
  const { id } = await here.shelter()
  const headers = { ...here.staff, 'idempotency-key': 'once' }
  const admit = () => here.send('POST', '/pets', { headers, payload: { ...LUNA, shelter_id: id } })
  const first = await admit()
  const location = String(first.headers.location)
  t.match(first.json(), { name: LUNA.name, shelter_id: id })
  await here.send('PATCH', location, { payload: { shelter_id: null } })
  t.equal((await here.send('DELETE', `/shelters/${id}`)).statusCode, 200)
  const again = await admit()
  t.strictSame([again.statusCode, again.headers.location], [201, location])
  t.match(again.json(), { name: LUNA.name, shelter_id: null }, 'but names nobody')
  const late = await here.send('PATCH', location, { payload: { shelter_id: id } })
  t.match(saysNo(late), { code: 400, message: `There is no shelter with 'id' ${id}` })
})

t.test('a range of fees is one in both profiles, or refused by name', async (t) => {
  const here = await rig.inNewTenant('fees')
  const { id } = await here.shelter()
  const { data } = (await here.get('/v1/shelters')).json<{ data: readonly { id: string }[] }>()
  const modern = `/v1/shelters/${data[0]?.id}`
  const fee = fc.integer({ min: 0, max: 99_999_999 })
  await fc.assert(
    fc.asyncProperty(fee, fee, async (min, max) => {
      const range = `${min}-${max}`
      const name = 'Quay'
      const classic = { ...HARBOUR, adoption_fee_range: range }
      const asked = [
        ['POST', '/v1/shelters', { name, adoptionFeeRange: range }, 422],
        ['PUT', modern, { name, adoptionFeeRange: range }, 422],
        ['PATCH', modern, { adoptionFeeRange: range }, 422],
        ['POST', '/shelters', classic, 400],
        ['PUT', `/classic/shelters/${id}`, classic, 400],
        ['PATCH', `/shelters/${id}`, { adoption_fee_range: range }, 400],
      ] as const
      for (const [method, url, payload, refused] of asked) {
        const answer = await here.send(method, url, { payload })
        const good = method === 'POST' ? 201 : 200
        t.equal(answer.statusCode, min > max ? refused : good, `${method} ${url} ${range}`)
        if (min <= max) continue
        const field = refused === 422 ? 'adoptionFeeRange' : 'adoption_fee_range'
        t.match(answer.json(), { errors: [{ field, code: 'OUT_OF_RANGE' }] })
      }
    }),
    {
      seed: 20261130,
      numRuns: 20,
      examples: [
        [9, 10],
        [100, 99],
        [5, 5],
      ],
    },
  )
  t.equal(
    (await here.send('PATCH', modern, { payload: { adoptionFeeRange: '75' } })).statusCode,
    200,
  )
})
