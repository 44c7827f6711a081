// The statements of the classic profile: each bound to its tenant wherever it reads, and the frequent ones
// answered from the index that was made for them.
import t from 'tap'
import type { TenantId } from '../../src/core/ids.ts'
import type { SqlDatabase, Statement } from '../../src/core/sql.ts'
import {
  type ClassicPetField,
  type ClassicPetFilter,
  type ClassicPetQuery,
  createClassicPetQueries,
} from '../../src/projections/pets/classic.ts'
import { petsProjection } from '../../src/projections/pets/fold.ts'
import { liveTarget, tableName } from '../../src/projections/projection.ts'
import { createClassicShelterQueries } from '../../src/projections/shelters-classic.ts'
import { sheltersProjection } from '../../src/projections/shelters.ts'
import { testDatabase } from '../support/database.ts'
import { TENANTS } from './support.ts'

const [, TENANT] = TENANTS as readonly [TenantId, TenantId]
const { database: app, admin } = await testDatabase(t, { installed: true })
const PETS = tableName('pets', liveTarget(petsProjection))
const SHELTERS = tableName('shelters', liveTarget(sheltersProjection))

// 20,000 pets of one tenant at twenty shelters, made by the server itself: plans depend on numbers alone.
await admin.query(
  `insert into ${PETS} (tenant_id, pet_id, version, serial, status, species, good_with_kids, in_care, age_months,
      price, created_at, intake_date, name_key, breed_key, shelter_id, updated_at, photos, body, extras, rest)
    select $1, 'p' || g, 1, g, (array['AVAILABLE', 'PENDING', 'ADOPTED', 'NOT_AVAILABLE'])[1 + g % 4],
      (array['DOG', 'CAT', 'CAT', 'DOG', 'BIRD'])[1 + g % 5], true, true, g % 180, g % 400,
      timestamptz '2026-01-01' + g * interval '1 minute', date '2026-01-01' + g % 300, 'name ' || g % 5000,
      'breed ' || g % 90, 's' || g % 20, '2026-01-01T00:00:00.000Z', '[]', '{"id":"x"}', '{"vaccinations":[]}', '{}'
    from generate_series(1, 20000) g`,
  [TENANT],
)
await admin.query(
  `insert into ${SHELTERS} (tenant_id, shelter_id, version, serial, profile, created_at, updated_at)
    select $1, 's' || g - 1, 1, g, '{"name":"x"}', '', '' from generate_series(1, 20) g`,
  [TENANT],
)
await admin.query(`vacuum (analyze) ${PETS}`)
await admin.query(`vacuum (analyze) ${SHELTERS}`)

const sent: { text: string; values: readonly unknown[] }[] = []
const database: SqlDatabase = {
  ...app,
  query: (statement: Statement | string, values: readonly unknown[] = []) => {
    sent.push({ text: typeof statement === 'string' ? statement : statement.text, values })
    return app.query(statement, values)
  },
}
const pets = createClassicPetQueries({ database, scans: database })
const shelters = createClassicShelterQueries({ database })

const FIELDS: readonly ClassicPetField[] = [
  ...(['serial', 'name', 'species', 'breed', 'ageMonths', 'gender', 'size'] as const),
  ...(['status', 'shelterSerial', 'intakeDate'] as const),
]
const FILTERS: readonly ClassicPetFilter[] = [
  {},
  { species: ['CAT'], status: ['AVAILABLE'] },
  { breed: 'breed 7', size: ['SMALL', 'LARGE'], gender: ['MALE'] },
  { shelterSerial: 3, species: ['DOG'] },
  { shelterSerial: 999 },
]
const asked = (parts: Partial<ClassicPetQuery>): ClassicPetQuery => ({
  filter: {},
  sort: [],
  offset: 0,
  limit: 1_000,
  ...parts,
})

t.test('every statement is bound to the tenant that was given, wherever it reads', async (t) => {
  for (const filter of FILTERS) {
    await pets.list(TENANT, asked({ filter }))
    for (const field of FIELDS) {
      await pets.list(TENANT, asked({ filter, sort: [{ field, order: 'DESC' }], limit: 5 }))
    }
  }
  await pets.get(TENANT, 7)
  await pets.serialOf(TENANT, 'p7')
  await shelters.list(TENANT, { sort: [{ field: 'name', order: 'ASC' }], offset: 1, limit: 2 })
  await shelters.get(TENANT, 3)
  for (const { text, values } of sent) {
    if (values[0] !== TENANT) t.fail(text)
    const sources = [...text.matchAll(/(?:from|join) read\.\w+/g)]
    const walls = [...text.matchAll(/tenant_id = \$1\b/g)]
    t.ok(sources.length > 0 && walls.length >= sources.length, text)
  }
})

const planOf = async (run: () => Promise<unknown>, isMeant: RegExp): Promise<string> => {
  sent.length = 0
  await run()
  const statement = sent.find(({ text }) => isMeant.test(text))
  const { text, values } = statement ?? { text: 'select', values: [] }
  const rows = await admin.query<{ 'QUERY PLAN': string }>(`explain ${text}`, values)
  return rows.map((row) => row['QUERY PLAN']).join('\n')
}

t.test('a pet and a shelter are found by their number in its unique index', async (t) => {
  const pet = await planOf(() => pets.get(TENANT, 7), /body/)
  t.match(pet, /Index Scan using pets_v\d+_serial /, pet)
  t.notMatch(pet, /Seq Scan on pets/, pet)
  const shelter = await planOf(() => shelters.get(TENANT, 7), /serial = /)
  t.notMatch(shelter, /Seq Scan on pet/, shelter)
})

t.test('a list in the order of ids walks their index and sorts nothing', async (t) => {
  for (const [filter, offset] of [
    [{}, 0],
    [{}, 3_000],
    [{ species: ['CAT'], status: ['AVAILABLE'] }, 0],
  ] as const) {
    const plan = await planOf(() => pets.list(TENANT, asked({ filter, offset, limit: 20 })), /body/)
    t.match(plan, /Index Scan using pets_v\d+_serial /, plan)
    t.notMatch(plan, /Sort/, plan)
  }
})

t.test("a breed's or a shelter's pets are found in their index", async (t) => {
  for (const [filter, index] of [
    [{ breed: 'breed 7' }, 'breed'],
    [{ shelterSerial: 3 }, 'shelter'],
  ] as const) {
    const plan = await planOf(() => pets.list(TENANT, asked({ filter })), /body/)
    t.match(plan, new RegExp(`pets_v\\d+_${index}`), plan)
    t.notMatch(plan, /Seq Scan on pets/, plan)
  }
})

t.test('no list is longer than it was asked to be, and the total is exact', async (t) => {
  const page = await pets.list(TENANT, asked({ filter: { breed: 'breed 7' }, limit: 10 }))
  const all = await pets.list(TENANT, asked({ filter: { breed: 'breed 7' } }))
  t.equal(page.items.length, 10)
  t.equal(page.totalItems, all.items.length)
})
