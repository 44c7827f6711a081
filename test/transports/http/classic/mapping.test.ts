// What is written is what is read, by either profile: the mapping between the two shapes loses nothing.
import fc from 'fast-check'
import t from 'tap'
import { classicPetSchema } from '../../../../src/transports/http/classic/pets/view.ts'
import { classicApp } from './classic-app.ts'

t.setTimeout(120_000)

const rig = await classicApp(t)
const client = rig.clientOf(rig.as('staff'))

const text = (maxLength: number) =>
  fc
    .string({ unit: 'binary', minLength: 1, maxLength })
    .map((value) => value.replaceAll('\0', 'x').trim())
    .filter((value) => value !== '' && !/[\ud800-\udfff]/u.test(value))
const known = (maxLength: number) => fc.option(text(maxLength), { nil: null })
const anyPet = fc.record({
  name: text(20),
  species: fc.constantFrom('cat', 'dog'),
  breed: known(40),
  age_months: fc.integer({ min: 0, max: 2_400 }),
  gender: fc.constantFrom('male', 'female', null),
  size: fc.constantFrom('small', 'medium', 'large', null),
  temperament: known(40),
  medical: fc.record(
    {
      spayed_neutered: fc.constantFrom(true, false, null),
      vaccinations: fc.array(text(20), { maxLength: 3 }),
    },
    { noNullPrototype: true },
  ),
  description: known(60),
  shelter_id: fc.constantFrom(1, null),
  status: fc.constant('available'),
  intake_date: fc.constantFrom('2025-09-01', '0001-01-01', '2024-02-29'),
})

t.test('a pet is read as it was written, after POST, PUT and PATCH alike (seed 6)', async (t) => {
  const here = await rig.inNewTenant('as-written')
  await here.shelter()
  const { id } = await here.admit()
  await fc.assert(
    fc.asyncProperty(anyPet, anyPet, anyPet, async (first, second, third) => {
      const made = await here.admit(first)
      t.strictSame(made, { ...first, id: made.id })
      const put = await here.send('PUT', `/pets/${id}`, { payload: second })
      t.strictSame(put.json(), { ...second, id })
      const read = await here.get(`/pets/${id}`)
      t.equal(read.body, put.body, 'the same bytes')
      t.equal(read.headers.etag, put.headers.etag)
      const again = await here.send('PUT', `/pets/${id}`, { payload: read.json<object>() })
      t.equal(again.headers.etag, put.headers.etag, 'written back, it records nothing')
      const { name, medical } = third
      const patched = await here.send('PATCH', `/pets/${id}`, { payload: { name, medical } })
      t.strictSame(patched.json(), { ...second, name, medical, id })
      classicPetSchema.parse(patched.json())
    }),
    { seed: 6, numRuns: 12 },
  )
})

const modernPet = fc.record(
  {
    breed: text(20),
    size: fc.constantFrom('SMALL', 'MEDIUM', 'LARGE'),
    gender: fc.constantFrom('MALE', 'FEMALE', 'UNKNOWN'),
    color: text(10),
    goodWithKids: fc.boolean(),
    description: text(20),
    temperament: text(20),
    vaccinations: fc.array(text(10), { maxLength: 2 }),
    microchipId: fc.constant('985112004567890'),
    medicalInfo: fc.record(
      {
        spayedNeutered: fc.boolean(),
        vaccinated: fc.boolean(),
        specialNeeds: fc.boolean(),
        healthNotes: text(10),
      },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: [] },
)

t.test(
  'a pet of /v1, read and written back by the classic profile, loses nothing (seed 7)',
  async (t) => {
    await fc.assert(
      fc.asyncProperty(modernPet, async (changes) => {
        const { url } = await rig.admit(changes)
        const before = (await rig.get(`${url}?include=shelter`)).json<Record<string, unknown>>()
        const seen = await client.get(`/pets/${String(before['serial'])}`)
        t.equal(seen.statusCode, 200)
        classicPetSchema.parse(seen.json())
        const back = await client.send('PUT', `/pets/${String(before['serial'])}`, {
          payload: seen.json<object>(),
        })
        t.equal(back.body, seen.body)
        const after = (await rig.get(`${url}?include=shelter`)).json<Record<string, unknown>>()
        const { vaccinations } = changes
        // Against something is vaccinated: the one thing that the shape says by its list.
        const medical =
          vaccinations === undefined || vaccinations.length === 0
            ? before['medicalInfo']
            : { ...(before['medicalInfo'] as object | undefined), vaccinated: true }
        t.strictSame(
          { ...after, updatedAt: '' },
          { ...before, ...(medical === undefined ? {} : { medicalInfo: medical }), updatedAt: '' },
        )
      }),
      { seed: 7, numRuns: 12 },
    )
  },
)

t.test('what the two profiles say of vaccinations agrees', async (t) => {
  const here = await rig.inNewTenant('vaccinations')
  const { id } = await here.admit({ medical: { spayed_neutered: null, vaccinations: [] } })
  const modern = async () => {
    const { data } = (await here.get('/v1/pets?include=shelter')).json<{
      data: { id: string; vaccinations: string[]; medicalInfo: { vaccinated: boolean } }[]
    }>()
    return data[0]
  }
  const classic = async (vaccinations: string[]) =>
    here.send('PATCH', `/pets/${id}`, { payload: { medical: { vaccinations } } })
  t.match(await modern(), { medicalInfo: { vaccinated: false }, vaccinations: [] })
  await classic(['rabies'])
  t.match(await modern(), { medicalInfo: { vaccinated: true }, vaccinations: ['rabies'] })
  const url = `/v1/pets/${(await modern())?.id ?? ''}`
  const bare = { name: 'Luna', species: 'CAT', ageMonths: 18, price: '10.00' }
  const put = (medicalInfo: object) => here.send('PUT', url, { payload: { ...bare, medicalInfo } })
  await put({ vaccinated: true })
  await rig.settled()
  t.strictSame(
    (await modern())?.vaccinations,
    ['rabies'],
    'vaccinated is no news: the list is kept',
  )
  await here.send('PATCH', url, { payload: { medicalInfo: { vaccinated: false } } })
  await rig.settled()
  t.strictSame((await modern())?.vaccinations, [], 'not vaccinated: against nothing')
  await classic(['felv'])
  await classic([])
  t.match(await modern(), { medicalInfo: { vaccinated: false }, vaccinations: [] })
})
