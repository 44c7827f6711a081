// The pets projection on real PostgreSQL: however a history is cut into pages, the rows are the same.
import fc from 'fast-check'
import t from 'tap'
import { petsProjection } from '../../../src/projections/pets/fold.ts'
import { createPetQueries } from '../../../src/projections/pets/queries.ts'
import { installProjections } from '../../../src/projections/install.ts'
import { projections } from '../../../src/projections/registry.ts'
import { liveTarget } from '../../../src/projections/projection.ts'
import type { SqlDatabase } from '../../../src/core/sql.ts'
import type { StoredEvent } from '../../../src/core/event.ts'
import { SHARED_TENANT, type TenantId } from '../../../src/core/ids.ts'
import {
  admission,
  append,
  contents,
  emptyTables,
  historyArbitrary,
  memoryLog,
  petId,
  TENANTS,
} from '../support.ts'
import { testDatabase } from '../../support/database.ts'

const SEED = 20260822
const live = liveTarget(petsProjection)
const publicUrl = 'https://pets.example.org'

const apply = (database: SqlDatabase, events: readonly StoredEvent[]): Promise<void> =>
  database.transaction((tx) => petsProjection.apply(tx, live, events))

const { database, admin } = await testDatabase(t)
await installProjections(admin, projections)
await installProjections(admin, projections)

const CUBE_FIELDS = [
  ['pet_counts', ['status', 'in_care', 'species', 'size', 'gender', 'good_with_kids']],
  ['pet_shelter_counts', ['shelter_id', 'status', 'species']],
  [
    'pet_medical_counts',
    [
      'status',
      'vaccinated',
      'spayed_neutered',
      'special_needs',
      'species',
      'size',
      'good_with_kids',
    ],
  ],
  ['pet_age_counts', ['status', 'species', 'age_months']],
  ['pet_age_size_counts', ['status', 'species', 'age_months', 'size', 'good_with_kids']],
] as const

const places = (count: number): string =>
  Array.from({ length: count }, (_, index) => index + 1).join(', ')

/** What a cube holds, cells that came to zero left out. */
const cellsOf = (cube: string, fields: readonly string[]) =>
  admin.query(
    `select tenant_id, ${fields.join(', ')}, count from read.${cube}_v2 where count <> 0
      order by ${places(fields.length + 1)}`,
  )

/** The same, counted over the pets; an unknown value is an empty text in a cube. */
const countedOver = (fields: readonly string[]) => {
  const keys = fields.map((field) =>
    field === 'age_months' ? field : `coalesce(${field}::text, '') collate "C" as ${field}`,
  )
  return admin.query(
    `select tenant_id, ${keys.join(', ')}, count(*)::int as count from read.pets_v2
      where removed_at is null group by ${places(fields.length + 1)}
      order by ${places(fields.length + 1)}`,
  )
}

t.test('replay equals incremental, twice equals once, and both equal the model', async (t) => {
  const queries = createPetQueries({ database, scans: database, publicUrl })
  const histories = historyArbitrary({ pets: 9, minSteps: 5, maxSteps: 60 })
  const sizes = fc.array(fc.integer({ min: 1, max: 15 }), { minLength: 1 })
  await fc.assert(
    fc.asyncProperty(histories, sizes, async ({ events, lives }, pageSizes) => {
      await emptyTables(admin, petsProjection, live)
      for (let start = 0, page = 0; start < events.length; page += 1) {
        const end = start + (pageSizes[page % pageSizes.length] ?? 1)
        await apply(database, events.slice(start, end))
        start = end
      }
      const incremental = await contents(admin, petsProjection, live)
      await apply(database, events)
      const twice = await contents(admin, petsProjection, live)
      await emptyTables(admin, petsProjection, live)
      if (events.length > 0) await apply(database, events)
      const replayed = await contents(admin, petsProjection, live)
      t.strictSame(twice, incremental)
      t.strictSame(replayed, incremental)
      for (const { tenantId, petId, state, version } of lives) {
        const shape = { extras: false }
        const record = await queries.get(tenantId, petId, shape)
        if (state.kind !== 'present') t.equal(record, undefined, 'a removed pet is not found')
        else {
          t.equal(record?.json, queries.render(tenantId, petId, { state, ...shape }))
          t.equal(record?.version, version)
          t.equal(record?.updatedAt, state.updatedAt)
        }
        for (const other of TENANTS) {
          if (other !== tenantId) t.equal(await queries.get(other, petId, shape), undefined)
        }
      }
    }),
    { seed: SEED, numRuns: 40 },
  )
})

t.test(
  'every cube equals a count over the rows, and serials are dense in the order of admission',
  async (t) => {
    await fc.assert(
      fc.asyncProperty(
        historyArbitrary({ pets: 12, minSteps: 20, maxSteps: 90 }),
        async ({ events }) => {
          await emptyTables(admin, petsProjection, live)
          for (let start = 0; start < events.length; start += 7) {
            await apply(database, events.slice(start, start + 7))
          }
          for (const [cube, fields] of CUBE_FIELDS) {
            t.strictSame(await cellsOf(cube, fields), await countedOver(fields))
          }
          for (const tenantId of TENANTS) {
            const rows = await admin.query<{ pet_id: string }>(
              'select pet_id from read.pets_v2 where tenant_id = $1 order by serial',
              [tenantId],
            )
            const admitted = events.filter(
              (event) => event.type === 'pet.admitted' && event.tenantId === tenantId,
            )
            t.strictSame(
              rows.map((row) => row.pet_id),
              admitted.map((event) => event.streamId),
            )
          }
        },
      ),
      { seed: SEED, numRuns: 25 },
    )
  },
)

const words = async (tenantId: string): Promise<readonly string[]> => {
  const rows = await admin.query<{ word: string }>(
    'select word from read.pet_words_v2 where tenant_id = $1 order by word',
    [tenantId],
  )
  return rows.map(({ word }) => word)
}

let pets = 0
const named = async (tenantId: TenantId, name: string): Promise<readonly StoredEvent[]> => {
  const store = memoryLog()
  const blank = { breed: null, color: null, temperament: null, description: null }
  await append(store, { tenantId, category: 'pet', id: petId((pets += 1)) }, [
    admission({ ...blank, name }),
  ])
  return (await store.readAll({ after: 0, limit: 10 })).events
}

t.test(
  'a word that only a transaction which was rolled back had stored is stored again',
  async (t) => {
    await emptyTables(admin, petsProjection, live)
    await apply(database, await named(SHARED_TENANT, 'Luna'))
    const events = await named(SHARED_TENANT, 'Milo')
    await t.rejects(
      database.transaction(async (tx) => {
        await petsProjection.apply(tx, live, events)
        throw new Error('rolled back')
      }),
      { message: 'rolled back' },
    )
    t.strictSame(await words(SHARED_TENANT), ['luna'])
    await apply(database, events)
    t.strictSame(await words(SHARED_TENANT), ['luna', 'milo'])
  },
)

t.test(
  'a word is stored although this process once stored it in tables that are gone',
  async (t) => {
    await emptyTables(admin, petsProjection, live)
    await apply(database, await named(SHARED_TENANT, 'Luna'))
    // As after a rebuild, or as another process left it: a row of the tenant that somebody else has written.
    await emptyTables(admin, petsProjection, live)
    await admin.query('insert into read.pet_tenants_v2 (tenant_id, last) values ($1, 7)', [
      SHARED_TENANT,
    ])
    await apply(database, await named(SHARED_TENANT, 'Luna'))
    t.strictSame(await words(SHARED_TENANT), ['luna'])
  },
)

t.test('a part of a page that is taken back takes its words back', async (t) => {
  await emptyTables(admin, petsProjection, live)
  const [kept, lost] = [await named(SHARED_TENANT, 'Rex'), await named(SHARED_TENANT, 'Zoe')]
  await database.transaction(async (tx) => {
    await petsProjection.apply(tx, live, kept)
    await tx.query('savepoint part')
    await petsProjection.apply(tx, live, lost)
    await tx.query('rollback to savepoint part')
  })
  t.strictSame(await words(SHARED_TENANT), ['rex'])
  await apply(database, lost)
  t.strictSame(await words(SHARED_TENANT), ['rex', 'zoe'])
})
