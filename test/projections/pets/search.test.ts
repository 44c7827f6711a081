// Search on real PostgreSQL against a filter in memory: every filter, every order, both kinds of paging.
import fc from 'fast-check'
import t from 'tap'
import { petsProjection } from '../../../src/projections/pets/fold.ts'
import { createPetQueries, type PetQueries } from '../../../src/projections/pets/queries.ts'
import {
  PET_FACETS,
  PET_SORT_FIELDS,
  type PetFilter,
  type PetPage,
  type PetQuery,
  type PetSort,
} from '../../../src/projections/pets/query-types.ts'
import { liveTarget } from '../../../src/projections/projection.ts'
import type { TenantId } from '../../../src/core/ids.ts'
import type { SqlDatabase } from '../../../src/core/sql.ts'
import { testDatabase } from '../../support/database.ts'
import {
  admission,
  append,
  emptyTables,
  type History,
  historyArbitrary,
  memoryLog,
  petId,
  TENANTS,
} from '../support.ts'
import { naiveFacet, naiveSearch } from './naive-search.ts'

const SEED = 7
const live = liveTarget(petsProjection)
const [SHARED, TENANT_A] = TENANTS as readonly [TenantId, TenantId, TenantId]
const NEWEST: PetSort = { field: 'createdAt', order: 'DESC' }

const query = (parts: Partial<PetQuery> = {}): PetQuery => ({
  filter: {},
  sort: NEWEST,
  paging: { kind: 'page', page: 1, limit: 100 },
  facets: [],
  extras: false,
  ...parts,
})

const pageOf = async (
  queries: PetQueries,
  tenantId: TenantId,
  asked: Partial<PetQuery>,
): Promise<PetPage> => {
  const result = await queries.search(tenantId, query(asked))
  if (result.kind !== 'page') throw new Error(result.kind)
  return result.page
}

const idsOf = (page: PetPage): readonly string[] =>
  page.items.map((item) => (JSON.parse(item) as { id: string }).id)

/** All pages, one after the other, by cursor or by number. */
const walk = async (
  queries: PetQueries,
  tenantId: TenantId,
  asked: Pick<PetQuery, 'filter' | 'sort'> & Readonly<{ limit: number; kind: 'page' | 'cursor' }>,
): Promise<readonly string[]> => {
  const { limit, kind, ...rest } = asked
  const ids: string[] = []
  let after: string | null = null
  for (let page = 1; page <= 100; page += 1) {
    const paging = kind === 'page' ? { kind, page, limit } : { kind, after, limit }
    const answer: PetPage = await pageOf(queries, tenantId, { ...rest, paging })
    ids.push(...idsOf(answer))
    after = answer.nextCursor
    if (after === null) return ids
  }
  throw new Error('the walk does not end')
}

const some = <T>(values: readonly T[]): fc.Arbitrary<readonly T[]> =>
  fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 3 })

const filterArbitrary: fc.Arbitrary<PetFilter> = fc.record(
  {
    species: some(['DOG', 'CAT', 'RABBIT', 'BIRD', 'REPTILE', 'OTHER']),
    status: some(['AVAILABLE', 'PENDING', 'ADOPTED', 'NOT_AVAILABLE']),
    size: some(['SMALL', 'MEDIUM', 'LARGE']),
    gender: some(['MALE', 'FEMALE', 'UNKNOWN']),
    breed: fc.constantFrom('LABRADOR retriever', 'Beagle', 'none such'),
    color: fc.constantFrom('BLACK', 'tabby'),
    ageMin: fc.integer({ min: 0, max: 9 }),
    ageMax: fc.integer({ min: 0, max: 9 }),
    goodWithKids: fc.boolean(),
    goodWithDogs: fc.boolean(),
    goodWithCats: fc.boolean(),
    vaccinated: fc.boolean(),
    spayedNeutered: fc.boolean(),
    specialNeeds: fc.boolean(),
    shelterId: fc.constantFrom('0199f3a0-7c1e-7a01-8000-0000000000a1', 'none'),
    intakeFrom: fc.constantFrom('2026-01-01', '2026-02-03'),
    intakeTo: fc.constantFrom('2026-02-03', '2026-03-05'),
    priceMin: fc.constantFrom('0', '9.5', '75.00'),
    priceMax: fc.constantFrom('9.50', '100'),
    q: fc.constantFrom('luna', 'LAB', 'emile', 'sunny windows', 'a', 'children plays', '!?'),
  },
  { requiredKeys: [] },
)

// Few fields at a time: with all of them nothing would ever match.
const anyFilter = filterArbitrary.chain((filter) =>
  fc
    .subarray(Object.keys(filter) as (keyof PetFilter)[], { maxLength: 2 })
    .map((keys) => Object.fromEntries(keys.map((key) => [key, filter[key]])) as PetFilter),
)

/** What people ask most, and what the indexes begin with: one status, perhaps one species, a range. */
const plainFilter: fc.Arbitrary<PetFilter> = fc
  .tuple(
    fc.constantFrom(...(['species', 'breed', 'shelterId', undefined] as const)),
    filterArbitrary,
    fc.constantFrom(...(['age', 'price', 'intake', undefined] as const)),
  )
  .map(([field, filter, range]) => {
    const { ageMin = 1, ageMax = 8, priceMin = '0', intakeTo = '2026-02-03' } = filter
    return {
      status: filter.status?.slice(0, 1) ?? ['AVAILABLE'],
      ...(field === 'species' ? { species: filter.species?.slice(0, 1) ?? ['DOG'] } : {}),
      ...(field === 'breed' ? { breed: filter.breed ?? 'Beagle' } : {}),
      ...(field === 'shelterId' && filter.shelterId !== undefined
        ? { shelterId: filter.shelterId }
        : {}),
      ...(range === 'age' ? { ageMin: Math.min(ageMin, ageMax), ageMax } : {}),
      ...(range === 'price' ? { priceMin } : {}),
      ...(range === 'intake' ? { intakeTo } : {}),
    }
  })

const queryArbitrary = fc.record({
  filter: fc.oneof(anyFilter, plainFilter),
  sort: fc.record({
    field: fc.constantFrom(...PET_SORT_FIELDS),
    order: fc.constantFrom('ASC' as const, 'DESC' as const),
  }),
  limit: fc.integer({ min: 1, max: 7 }),
  kind: fc.constantFrom('page' as const, 'cursor' as const),
  extras: fc.boolean(),
  tenantId: fc.constantFrom(...TENANTS),
})

const fill = async (
  databases: Readonly<{ database: SqlDatabase; admin: SqlDatabase }>,
  { events }: History,
): Promise<void> => {
  await emptyTables(databases.admin, petsProjection, live)
  if (events.length === 0) return
  await databases.database.transaction((tx) => petsProjection.apply(tx, live, events))
}

const databases = await testDatabase(t, { installed: true })
const { database, admin } = databases
const queries = createPetQueries({
  database,
  scans: database,
  publicUrl: 'https://pets.example.org',
})

t.test(
  'every query finds what a filter in memory finds, and a walk meets each pet once',
  { timeout: 60_000 },
  async (t) => {
    const histories = historyArbitrary({ pets: 40, minSteps: 60, maxSteps: 160 })
    await fc.assert(
      fc.asyncProperty(
        histories,
        fc.array(queryArbitrary, { minLength: 25, maxLength: 25 }),
        async (history, asked) => {
          await fill(databases, history)
          for (const { tenantId, extras, ...rest } of asked) {
            const expected = naiveSearch(history.lives, tenantId, rest)
            const met = await walk(queries, tenantId, rest)
            const inOrder = rest.sort.field === 'relevance' && rest.filter.q !== undefined
            t.strictSame(inOrder ? met.toSorted() : met, inOrder ? expected.toSorted() : expected)
            const page = await pageOf(queries, tenantId, { ...rest, extras, facets: PET_FACETS })
            t.equal(page.totalItems, expected.length, 'the total is exact')
            const [first = '{}'] = page.items
            const { id } = JSON.parse(first) as { id?: string }
            const alone = id === undefined ? undefined : await queries.get(tenantId, id, { extras })
            t.equal(alone?.json ?? '{}', first, 'the same bytes as of one pet')
            for (const facet of PET_FACETS) {
              t.strictSame(
                Object.entries(page.facets?.[facet] ?? {}).toSorted(),
                Object.entries(naiveFacet(history.lives, tenantId, { ...rest, facet })).toSorted(),
                `facet ${facet}`,
              )
            }
          }
        },
      ),
      { seed: SEED, numRuns: 12 },
    )
  },
)

t.test('small typing errors are forgiven, whole nonsense is not', async (t) => {
  await emptyTables(admin, petsProjection, live)
  const store = memoryLog()
  const add = (number: number, profile: Parameters<typeof admission>[0]): Promise<number> =>
    append(store, { tenantId: TENANT_A, category: 'pet', id: petId(number) }, [admission(profile)])
  await add(1, { name: 'Luna', breed: 'Labrador Retriever', description: null })
  await add(2, { name: 'Milo', breed: 'Beagle', description: 'Friend of a labrador' })
  await add(3, { name: 'Zoë', breed: 'Chihuahua', description: null })
  const { events } = await store.readAll({ after: 0, limit: 10 })
  await database.transaction((tx) => petsProjection.apply(tx, live, events))
  const sort = { field: 'relevance', order: 'DESC' } as const
  const found = async (q: string): Promise<readonly string[]> =>
    idsOf(await pageOf(queries, TENANT_A, { filter: { q }, sort }))
  t.strictSame(
    await found('labrador'),
    [petId(1), petId(2)],
    'a breed weighs more than a description',
  )
  t.strictSame(await found('labradro'), [petId(1), petId(2)], 'two letters swapped')
  t.strictSame(await found('labrdor retreiver'), [petId(1)], 'a letter missing, two swapped')
  t.strictSame(await found('chiuahua'), [petId(3)], 'a letter missing')
  t.strictSame(await found('lnua'), [petId(1)], 'a short word with two letters swapped')
  t.strictSame(await found('zoe'), [petId(3)], 'without its accent')
  t.strictSame(await found('beag'), [petId(2)], 'the beginning of a word')
  t.strictSame(await found('qwertyuiop'), [])
  t.strictSame(await found("luna' | 'milo"), [], 'operators are no words')
  t.strictSame(idsOf(await pageOf(queries, SHARED, { filter: { q: 'labrador' }, sort })), [])
})

t.test('a cursor that was tampered with, or is of another sort, is bad_cursor', async (t) => {
  const cursorOf = (parts: unknown): string =>
    Buffer.from(JSON.stringify(parts)).toString('base64url')
  const filter = { q: 'labrador' }
  const answer = async (after: string, sort: PetSort = NEWEST): Promise<string> =>
    (
      await queries.search(
        TENANT_A,
        query({ filter, sort, paging: { kind: 'cursor', after, limit: 1 } }),
      )
    ).kind
  for (const field of PET_SORT_FIELDS) {
    const sort = { field, order: 'ASC' } as const
    const paging = { kind: 'cursor', after: null, limit: 1 } as const
    const { nextCursor } = await pageOf(queries, TENANT_A, { filter, sort, paging })
    const good = nextCursor ?? ''
    t.equal(await answer(good, sort), 'page')
    t.equal(await answer(good, { field, order: 'DESC' }), 'bad_cursor', `${field} in another order`)
    t.equal(await answer(good.slice(0, -3), sort), 'bad_cursor', 'cut off')
    for (const value of [7, null, 'x\0', "'; drop table read.pets_v2; --", '9'.repeat(30), '']) {
      if (field === 'name' && typeof value === 'string' && !value.includes('\0')) continue
      t.equal(await answer(cursorOf([field, 'ASC', value, petId(1)]), sort), 'bad_cursor')
    }
  }
  t.equal(
    await answer(cursorOf(['createdAt', 'DESC', '2026-02-30T00:00:00.000Z', 'x'])),
    'bad_cursor',
  )
  t.equal(await answer('%%%'), 'bad_cursor')
  t.equal(await answer('x'.repeat(10_000)), 'bad_cursor')
  await fc.assert(
    fc.asyncProperty(fc.string({ maxLength: 200 }), async (text) => {
      t.equal(await answer(Buffer.from(text).toString('base64url')), 'bad_cursor')
    }),
    { seed: SEED, numRuns: 100 },
  )
})

t.test(
  'the inventory counts pets in care and adopted ones, and nothing that left otherwise',
  async (t) => {
    await fc.assert(
      fc.asyncProperty(
        historyArbitrary({ pets: 15, minSteps: 30, maxSteps: 90 }),
        async (history) => {
          await fill(databases, history)
          for (const tenantId of TENANTS) {
            const counted = history.lives.flatMap(({ state, ...life }) =>
              life.tenantId === tenantId &&
              state.kind === 'present' &&
              (state.inCare || state.status === 'ADOPTED')
                ? [state]
                : [],
            )
            const inventory = await queries.inventory(tenantId)
            t.equal(inventory.total, counted.length)
            for (const [status, total] of Object.entries(inventory.byStatus)) {
              t.equal(total, counted.filter((pet) => pet.status === status).length)
            }
            for (const [species, total] of Object.entries(inventory.bySpecies)) {
              t.equal(total, counted.filter((pet) => pet.profile.species === species).length)
            }
          }
        },
      ),
      { seed: SEED, numRuns: 10 },
    )
  },
)
