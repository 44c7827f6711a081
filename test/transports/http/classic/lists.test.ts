// Lists of the classic profile against a naive filter over what was written, and against every way to ask badly.
import fc from 'fast-check'
import t from 'tap'
import type { AdmitPet } from '../../../../src/application.ts'
import { tenantIdSchema } from '../../../../src/core/ids.ts'
import { classicApp, type Pet, saysNo } from './classic-app.ts'

t.setTimeout(120_000)

const rig = await classicApp(t)
const client = await rig.inNewTenant('lists')
const headers = { 'x-tenant-id': String(client.staff['x-tenant-id']) }
const tenantId = tenantIdSchema.parse(headers['x-tenant-id'])

const BREEDS = ['Siamese', 'siamese', 'Beagle', null]
const NUMBERS = Array.from({ length: 60 }, (_, index) => index)
const context = { tenantId, actor: { kind: 'system', id: 'test' }, correlationId: 't' } as const
const take = <Item>(list: readonly Item[], index: number): Item => list[index % list.length] as Item

const petAt = (number: number, shelters: readonly (string | null)[]): AdmitPet => ({
  status: number % 13 === 5 ? 'NOT_AVAILABLE' : 'AVAILABLE',
  intake: { kind: 'OTHER', date: '2025-01-01', source: null, condition: null },
  photos: [],
  profile: {
    name: `${take(['Luna', 'max', 'Bo', 'luna'], number)} ${number % 7}`,
    species: take(['CAT', 'DOG', 'DOG', 'CAT', 'RABBIT'] as const, number),
    breed: take(BREEDS, number * 3 + (number >> 2)),
    ageMonths: (number * 7) % 24,
    size: take(['SMALL', 'MEDIUM', null, 'LARGE'] as const, number >> 1),
    gender: take(['MALE', 'FEMALE', 'UNKNOWN', null] as const, number >> 2),
    ...{ color: null, goodWithKids: null, goodWithDogs: null, goodWithCats: null },
    ...{ price: '10.00', currency: 'USD', description: null, temperament: null },
    ...{ medicalInfo: null, vaccinations: [], microchipId: null },
    shelterId: take(shelters, number),
    intakeDate: `2025-01-${String(1 + (number % 28)).padStart(2, '0')}`,
  },
})

const shelterIds: (string | null)[] = [null]
for (const name of ['Harbour', 'Hill']) {
  const made = await rig.application.shelters.register(context, {
    ...{ name, address: null, phone: null, email: null, hours: null, adoptionFeeRange: null },
  })
  if (made.kind === 'done') shelterIds.push(made.id)
}
for (const number of NUMBERS) {
  const made = await rig.application.pets.admit(context, petAt(number, shelterIds))
  if (made.kind !== 'done') throw new Error(made.kind)
  const cause = { kind: 'order', id: '0199f3a0-7c1e-7a01-8000-0000000000f1' } as const
  if (number % 11 === 3) {
    await rig.application.pets.reserve(context, made.id, { cause, reason: null })
  }
  if (number % 17 === 4) await rig.application.pets.remove(context, made.id, { reason: null })
}
await rig.settled()

/** What every pet is by the book, in the order of ids; hidden ones left out. */
const expected: readonly Pet[] = NUMBERS.flatMap((number) => {
  const { profile, status } = petAt(number, shelterIds)
  const isHidden = profile.species === 'RABBIT' || status === 'NOT_AVAILABLE' || number % 17 === 4
  const shelter = shelterIds.indexOf(profile.shelterId)
  if (isHidden) return []
  return [
    {
      name: profile.name,
      species: profile.species.toLowerCase(),
      breed: profile.breed,
      age_months: profile.ageMonths,
      gender: profile.gender === 'UNKNOWN' ? null : (profile.gender?.toLowerCase() ?? null),
      size: profile.size?.toLowerCase() ?? null,
      temperament: null,
      medical: { spayed_neutered: null, vaccinations: [] },
      description: null,
      shelter_id: shelter === 0 ? null : shelter,
      status: number % 11 === 3 ? 'pending' : 'available',
      intake_date: profile.intakeDate,
      id: number + 1,
    },
  ]
})

t.test('everything, in the order of ids, is what a list without parameters is', async (t) => {
  const answer = await client.get('/pets', headers)
  t.strictSame(answer.json(), expected)
  t.equal(answer.headers['x-total-count'], String(expected.length))
})

type Asked = Readonly<{
  species?: readonly string[]
  status?: readonly string[]
  breed?: string
  size?: readonly string[]
  gender?: readonly string[]
  shelter_id?: number
  _sort: readonly (readonly [field: string, isDescending: boolean])[]
  _start?: number
  _limit?: number
}>
const some = (...values: string[]) => fc.uniqueArray(fc.constantFrom(...values), { minLength: 1 })
const asked: fc.Arbitrary<Asked> = fc.record(
  {
    species: some('cat', 'dog'),
    status: some('available', 'pending', 'adopted'),
    breed: fc.constantFrom('Siamese', 'BEAGLE', 'Poodle'),
    size: some('small', 'medium', 'large'),
    gender: some('male', 'female'),
    shelter_id: fc.integer({ min: 1, max: 3 }),
    _sort: fc.uniqueArray(
      fc.tuple(
        fc.constantFrom(
          ...['id', 'name', 'species', 'breed', 'age_months', 'gender', 'size', 'status'],
          ...['shelter_id', 'intake_date'],
        ),
        fc.boolean(),
      ),
      { maxLength: 3, selector: ([field]) => field },
    ),
    _start: fc.integer({ min: 0, max: 40 }),
    _limit: fc.integer({ min: 0, max: 30 }),
  },
  { requiredKeys: ['_sort'] },
)

const lower = (value: unknown) => (typeof value === 'string' ? value.toLowerCase() : value)
/** Unknown is more than anything. */
const compare = (left: unknown, right: unknown): number => {
  const [a, b] = [lower(left), lower(right)]
  if (a === b) return 0
  if (a === null) return 1
  if (b === null) return -1
  return (a as string) < (b as string) ? -1 : 1
}

const naive = (question: Asked): readonly Pet[] => {
  const { _sort, _start: _from, _limit: _many, ...filter } = question
  const matches = expected.filter((pet) =>
    Object.entries(filter).every(([field, wanted]) =>
      Array.isArray(wanted) ? wanted.includes(pet[field]) : lower(pet[field]) === lower(wanted),
    ),
  )
  return matches.toSorted((left, right) => {
    for (const [field, isDescending] of [..._sort, ['id', false] as const]) {
      const order = compare(left[field], right[field])
      if (order !== 0) return isDescending ? -order : order
    }
    return 0
  })
}

/** In each of the spellings that clients have for the same. */
const spell = (question: Asked, style: number): string => {
  const { _sort, _start, _limit, ...filter } = question
  const query = new URLSearchParams()
  for (const [field, wanted] of Object.entries(filter)) {
    if (Array.isArray(wanted) && style % 2 === 0) {
      for (const value of wanted as string[]) query.append(field, value)
    } else query.set(field, String(wanted))
  }
  if (_sort.length > 0 && style % 3 === 0) {
    query.set('_sort', _sort.map(([field]) => field).join())
    query.set('_order', _sort.map(([, isDescending]) => (isDescending ? 'DESC' : 'asc')).join())
  } else if (_sort.length > 0) {
    query.set('_sort', _sort.map(([field, down]) => `${down ? '-' : ''}${field}`).join())
  }
  if (_start !== undefined) query.set(style % 2 === 0 ? '_start' : '_offset', String(_start))
  if (_limit !== undefined) query.set('_limit', String(_limit))
  return query.toString()
}

t.test('filters, orders and parts of a list are those of a naive filter (seed 11)', async (t) => {
  await fc.assert(
    fc.asyncProperty(asked, fc.nat(5), async (question, style) => {
      const all = naive(question)
      const { _start = 0, _limit = 1_000 } = question
      const answer = await client.get(`/pets?${spell(question, style)}`, headers)
      t.strictSame(answer.json(), all.slice(_start, _start + _limit), spell(question, style))
      t.equal(answer.headers['x-total-count'], String(all.length))
    }),
    { seed: 11, numRuns: 150 },
  )
})

t.test('the same question in other words is answered from the same place', async (t) => {
  const first = await client.get('/pets?species=cat,dog&_start=2', headers)
  const second = await client.get(
    '/classic/pets?_offset=2&species=dog&species=cat&_page=7',
    headers,
  )
  t.equal(second.headers.etag, first.headers.etag)
  t.equal(second.body, first.body)
})

t.test('a question that is not one is a bad request in the documented words', async (t) => {
  const long = 'x'.repeat(101)
  const questions: readonly (readonly [query: string, field: string])[] = [
    ['species=fish', 'species'],
    ['species=CAT', 'species'],
    ['species=', 'species'],
    ['species=cat,', 'species'],
    ['status=not_available', 'status'],
    ['size=huge', 'size'],
    ['gender=unknown', 'gender'],
    ['shelter_id=one', 'shelter_id'],
    ['shelter_id=0', 'shelter_id'],
    ['shelter_id=-1', 'shelter_id'],
    ['shelter_id=1.5', 'shelter_id'],
    ['shelter_id=1&shelter_id=2', 'shelter_id'],
    ['shelter_id=99999999999999999999', 'shelter_id'],
    ['breed=', 'breed'],
    [`breed=${long}`, 'breed'],
    ['breed=%00', 'breed'],
    ['breed=a&breed=b', 'breed'],
    ['breed[]=a', 'breed[]'],
    ['name=Luna', 'name'],
    ['tenant_id=shared', 'tenant_id'],
    ['_limit=-1', '_limit'],
    ['_limit=ten', '_limit'],
    ['_limit=1e3', '_limit'],
    ['_limit=', '_limit'],
    ['_start=x', '_start'],
    ['_start=1&_offset=2', '_offset'],
    ['_sort=price', '_sort'],
    ['_sort=tenant_id', '_sort'],
    ['_sort=p.serial;drop table read.pets_v1', '_sort'],
    ['_sort=constructor', '_sort'],
    ['_sort=--id', '_sort'],
    ['_sort=id,', '_sort'],
    ['_sort=id,name,size,status,species,breed', '_sort'],
    ['_order=sideways', '_order'],
    ['_order=asc;select', '_order'],
  ]
  for (const [query, field] of questions) {
    const answer = await client.get(`/pets?${query}`, headers)
    const message = 'Invalid query parameter format'
    t.strictSame(saysNo(answer), { code: 400, error: 'Bad Request', message, status: 400 }, query)
    const { errors } = answer.json<{ errors: { field: string }[] }>()
    t.strictSame(
      errors.map((error) => error.field),
      [field],
      query,
    )
  }
})

t.test('controls of other servers and nonsense that begins with _ are passed over', async (t) => {
  for (const query of [
    '_page=2&_per_page=3',
    '_embed=shelter',
    '__proto__=x',
    '__proto__[a]=x',
    '_',
  ]) {
    const answer = await client.get(`/pets?${query}`, headers)
    t.equal(answer.statusCode, 200, query)
    t.equal(answer.json<Pet[]>().length, expected.length)
  }
})

t.test('what looks like SQL is a breed like any other, and finds nothing', async (t) => {
  for (const breed of [
    "' or 1=1 --",
    '$1',
    '%',
    '_',
    '\\',
    '";',
    "x'); drop table read.pets_v1; --",
  ]) {
    const answer = await client.get(`/pets?breed=${encodeURIComponent(breed)}`, headers)
    t.equal(answer.statusCode, 200)
    t.strictSame(answer.json(), [])
  }
})

t.test('an order alone is one of ids; a part beyond the end is empty', async (t) => {
  const answer = await client.get('/pets?_order=desc&_limit=2', headers)
  t.strictSame(
    answer.json<Pet[]>().map(({ id }) => id),
    expected
      .map(({ id }) => id)
      .toReversed()
      .slice(0, 2),
  )
  const beyond = await client.get('/pets?_start=1000000000', headers)
  t.strictSame(beyond.json(), [])
  t.equal(beyond.headers['x-total-count'], String(expected.length))
})
