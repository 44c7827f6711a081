// Two promises about the SQL itself: every statement of a query names the tenant as its first condition,
// and the frequent shapes are answered from the index that was made for them.
import t from 'tap'
import type { TenantId } from '../../src/core/ids.ts'
import type { SqlDatabase, Statement } from '../../src/core/sql.ts'
import { encodeListCursor } from '../../src/projections/paging.ts'
import { createPetQueries } from '../../src/projections/pets/queries.ts'
import {
  PET_FACETS,
  PET_SORT_FIELDS,
  type PetFilter,
  type PetQuery,
} from '../../src/projections/pets/query-types.ts'
import { tenantTag } from '../../src/projections/pets/words.ts'
import { createShelterQueries } from '../../src/projections/shelters.ts'
import { testDatabase } from '../support/database.ts'
import { TENANTS } from './support.ts'

const [SHARED, TENANT_A] = TENANTS as readonly [TenantId, TenantId, TenantId]
type Sent = Readonly<{ text: string; values: readonly unknown[] }>

const FILTERS: readonly PetFilter[] = [
  {},
  { status: ['AVAILABLE'] },
  { status: ['AVAILABLE'], species: ['DOG', 'CAT'], size: ['SMALL'], goodWithKids: true },
  { ageMin: 1, ageMax: 9, gender: ['MALE'] },
  {
    shelterId: 's',
    breed: 'x',
    color: 'y',
    vaccinated: true,
    spayedNeutered: true,
    specialNeeds: false,
  },
  {
    intakeFrom: '2026-01-01',
    intakeTo: '2026-02-01',
    priceMin: '1',
    priceMax: '2',
    goodWithDogs: true,
    goodWithCats: false,
  },
  { q: 'luna' },
  { q: 'lunna belle', status: ['AVAILABLE'] },
]

const query = (parts: Partial<PetQuery>): PetQuery => ({
  filter: {},
  sort: { field: 'createdAt', order: 'DESC' },
  paging: { kind: 'page', page: 1, limit: 20 },
  facets: [],
  extras: false,
  ...parts,
})

const recording = (database: SqlDatabase): Readonly<{ database: SqlDatabase; sent: Sent[] }> => {
  const sent: Sent[] = []
  return {
    sent,
    database: {
      ...database,
      query: (statement: Statement | string, values: readonly unknown[] = []) => {
        sent.push({ text: typeof statement === 'string' ? statement : statement.text, values })
        return database.query(statement, values)
      },
    },
  }
}

// 20,000 pets of two tenants, made by the server itself: plans depend on numbers and not on what the rows say.
const fillByStatement = async (admin: SqlDatabase): Promise<void> => {
  await admin.query(
    `insert into read.pets_v2 (tenant_id, pet_id, version, serial, status, species, good_with_kids, in_care, age_months,
        price, created_at, intake_date, name_key, breed_key, shelter_id, updated_at, photos, body, extras, rest)
      select case when g % 2 = 0 then $1 else $2 end, 'p' || lpad(g::text, 8, '0'), 1, g,
        (array['AVAILABLE', 'PENDING', 'ADOPTED'])[1 + g % 3], (array['DOG', 'CAT', 'CAT', 'DOG', 'BIRD'])[1 + g % 5],
        g % 2 = 0, true, g % 180, g % 400, timestamptz '2026-01-01' + g * interval '1 minute',
        date '2026-01-01' + g % 300, 'name ' || g % 5000, 'breed ' || g % 90, 's' || g % 20,
        '2026-01-01T00:00:00.000Z', '[]', rpad('{"id":"x"', 600) || '}', '{"vaccinations":[]}', '{}'
      from generate_series(1, 20000) g`,
    [TENANT_A, SHARED],
  )
  for (const tenantId of [TENANT_A, SHARED]) {
    const tag = tenantTag(tenantId)
    await admin.query(
      `insert into read.pet_search_v2 select tenant_id, pet_id, status, species,
        ('''${tag}word' || serial % 1000 || ''':1A ''${tag}pet'':2B')::tsvector
        from read.pets_v2 where tenant_id = $1`,
      [tenantId],
    )
  }
  await admin.query(
    `insert into read.pet_words_v2 select distinct tenant_id, 'word' || serial % 1000 from read.pets_v2`,
  )
  await admin.query(`insert into read.pet_counts_v2 select tenant_id, status, 'true', species, '', '',
    good_with_kids::text, count(*) from read.pets_v2 group by 1, 2, 4, 7`)
  await admin.query(`insert into read.pet_age_counts_v2 select tenant_id, status, species, age_months,
    count(*) from read.pets_v2 group by 1, 2, 3, 4`)
  for (const table of ['pets', 'pet_search', 'pet_words', 'pet_counts', 'pet_age_counts']) {
    await admin.query(`vacuum (analyze) read.${table}_v2`)
  }
}

const { database: app, admin } = await testDatabase(t, { installed: true })
await fillByStatement(admin)
const { database, sent } = recording(app)
const queries = createPetQueries({
  ...{ database, scans: database },
  publicUrl: 'https://pets.example.org',
})
const shelters = createShelterQueries({ database })

t.test('every statement is bound to the tenant that was given, wherever it reads', async (t) => {
  for (const filter of FILTERS) {
    for (const field of PET_SORT_FIELDS) {
      for (const order of ['ASC', 'DESC'] as const) {
        const first = await queries.search(
          TENANT_A,
          query({
            filter,
            sort: { field, order },
            facets: PET_FACETS,
            paging: { kind: 'cursor', after: null, limit: 2 },
          }),
        )
        const after = first.kind === 'page' ? first.page.nextCursor : null
        await queries.search(
          TENANT_A,
          query({ filter, sort: { field, order }, paging: { kind: 'cursor', after, limit: 2 } }),
        )
        await queries.search(
          TENANT_A,
          query({ filter, sort: { field, order }, paging: { kind: 'page', page: 2, limit: 2 } }),
        )
      }
    }
  }
  await queries.get(TENANT_A, 'x', { extras: true })
  await queries.idOfSerial(TENANT_A, 1)
  await queries.inventory(TENANT_A)
  await queries.inCareAt(TENANT_A, 's3')
  await shelters.list(TENANT_A, { limit: 1, place: { page: 1 } })
  const after = encodeListCursor('shelters', 's3')
  t.equal(await shelters.list(TENANT_A, { limit: 1, place: { after } }), 'bad_cursor')
  await shelters.get(TENANT_A, 'x')
  const texts = new Set(sent.map(({ text }) => text))
  t.ok(texts.size > 60, 'many shapes were sent')
  for (const { text, values } of sent) if (values[0] !== TENANT_A) t.fail(text)
  for (const text of texts) {
    const sources = [...text.matchAll(/(?:from|join) read\.\w+(?: (\w+))?/g)]
    const walls = [...text.matchAll(/tenant_id = \$1\b/g)]
    t.ok(sources.length > 0 && walls.length >= sources.length, text)
  }
})

t.test('what looks at each match never uses the connections of what does not', async (t) => {
  const [quick, slow] = [recording(app), recording(app)]
  const lanes = createPetQueries({
    ...{ database: quick.database, scans: slow.database },
    publicUrl: 'https://pets.example.org',
  })
  const looksAtEach = /count\(\*\)|@@|pet_words/
  for (const filter of FILTERS) {
    for (const facets of [[], ['species', 'status'], ['breed'], PET_FACETS] as const) {
      await lanes.search(TENANT_A, query({ filter, facets }))
    }
  }
  t.same(
    quick.sent.filter(({ text }) => looksAtEach.test(text)),
    [],
  )
  t.ok(quick.sent.length >= 8, 'the documented filters, and facets that are in cubes')
  t.ok(slow.sent.some(({ text }) => looksAtEach.test(text)))
})

const plans = (parts: Partial<PetQuery>): Promise<readonly string[]> =>
  plansOf(() => queries.search(TENANT_A, query(parts)))

const plansOf = async (ask: () => Promise<unknown>): Promise<readonly string[]> => {
  sent.length = 0
  await ask()
  const explained: string[] = []
  for (const { text, values } of [...sent]) {
    const rows = await admin.query<{ 'QUERY PLAN': string }>(`explain ${text}`, values)
    explained.push(rows.map((row) => row['QUERY PLAN']).join('\n'))
  }
  return explained
}

/** The lines of a plan that count: those of its first aggregate and below it. */
const totalIn = (plan: string): string => {
  const [first = '', ...rest] = plan.slice(plan.indexOf('->  Aggregate')).split('\n')
  const depth =
    plan
      .split('\n')
      .find((line) => line.includes('->  Aggregate'))
      ?.indexOf('->') ?? 0
  const end = rest.findIndex((line) => line.search(/\S/) <= depth)
  return [first, ...(end === -1 ? rest : rest.slice(0, end))].join('\n')
}

const SHAPES: readonly (readonly [string, Partial<PetQuery>, string])[] = [
  ['the default list', { filter: { status: ['AVAILABLE'] } }, 'status_newest'],
  ['one species', { filter: { status: ['AVAILABLE'], species: ['BIRD'] } }, 'species_newest'],
  [
    'by age',
    { filter: { status: ['AVAILABLE'] }, sort: { field: 'ageMonths', order: 'ASC' } },
    'age',
  ],
  [
    'by price',
    { filter: { status: ['AVAILABLE'] }, sort: { field: 'price', order: 'DESC' } },
    'price',
  ],
  ['by name', { filter: { status: ['AVAILABLE'] }, sort: { field: 'name', order: 'ASC' } }, 'name'],
  [
    'by intake',
    { filter: { status: ['AVAILABLE'] }, sort: { field: 'intakeDate', order: 'DESC' } },
    'intake',
  ],
  ['every status', { filter: {} }, 'status_newest'],
  ['one shelter', { filter: { status: ['AVAILABLE'], shelterId: 's3' } }, 'shelter'],
]
for (const [title, parts, index] of SHAPES) {
  t.test(`${title} walks its index and sorts no more than a few pages`, async (t) => {
    const page = (await plans(parts)).find((plan) => plan.includes('Limit')) ?? ''
    t.match(page, new RegExp(`Index (Only )?Scan (Backward )?using pets_v2_${index} `), page)
    t.notMatch(page.replace(totalIn(page), ''), /Seq Scan/, page)
    t.notMatch(page.slice(page.lastIndexOf('Limit')), /Sort/, page)
  })
}

t.test(
  'a later page is walked from its first row on, and what comes before is not read',
  async (t) => {
    const parts = {
      filter: { status: ['AVAILABLE'], species: ['CAT'], ageMin: 5 },
      sort: { field: 'ageMonths', order: 'ASC' },
      paging: { kind: 'page', page: 3, limit: 20 },
    } as const
    const page = (await plans(parts)).join('\n')
    t.match(page, /InitPlan[^]*Limit[^]*Index Only Scan using pets_v2_age/, page)
    t.match(
      page,
      /Index Scan using pets_v2_age [^]*Index Cond: .*ROW\(age_months, pet_id\) >= ROW/,
      page,
    )
    t.notMatch(page, /pets_v2_pkey/, page)
  },
)

t.test('where an index only knows what is asked for, ids come first and rows by key', async (t) => {
  for (const filter of [
    { status: ['AVAILABLE'], species: ['CAT'], goodWithKids: true },
    { status: ['AVAILABLE'], species: ['CAT', 'BIRD'] },
  ] as const) {
    const page = (await plans({ filter, paging: { kind: 'page', page: 2, limit: 5 } })).join('\n')
    t.match(page, /Index Only Scan Backward using pets_v2_(species|status)_newest/, page)
    t.match(page, /Index Scan using pets_v2_pkey/, page)
  }
})

t.test('totals of the documented filters come from the cubes and look at no pet', async (t) => {
  for (const filter of FILTERS.slice(0, 3).concat({
    status: ['AVAILABLE'],
    ageMin: 3,
    ageMax: 12,
  })) {
    const total = totalIn((await plans({ filter })).join('\n'))
    t.match(total, /pet_(age_)?counts_v2/)
    t.notMatch(total, /pets_v2/)
  }
})

t.test('how many pets a shelter has in care is counted over its own', async (t) => {
  const plan = (await plansOf(() => queries.inCareAt(TENANT_A, 's3'))).join('\n')
  t.match(plan, /Index (Only )?Scan (using|on) pets_v2_shelter/, plan)
  t.notMatch(plan, /Seq Scan/, plan)
})

t.test(
  'words are looked up in the text index, where each tenant has lists of its own',
  async (t) => {
    const found =
      (await plans({ filter: { q: 'word77' } })).find((plan) => plan.includes('document')) ?? ''
    t.match(found, /pet_search_v2_document/, found)
  },
)
