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
import { contents, emptyTables, historyArbitrary, TENANTS } from '../support.ts'
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
    `select tenant_id, ${fields.join(', ')}, count from read.${cube}_v1 where count <> 0
      order by ${places(fields.length + 1)}`,
  )

/** The same, counted over the pets; an unknown value is an empty text in a cube. */
const countedOver = (fields: readonly string[]) => {
  const keys = fields.map((field) =>
    field === 'age_months' ? field : `coalesce(${field}::text, '') collate "C" as ${field}`,
  )
  return admin.query(
    `select tenant_id, ${keys.join(', ')}, count(*)::int as count from read.pets_v1
      where removed_at is null group by ${places(fields.length + 1)}
      order by ${places(fields.length + 1)}`,
  )
}

t.test('replay equals incremental, twice equals once, and both equal the model', async (t) => {
  const queries = createPetQueries({ database, publicUrl })
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
    { seed: SEED, numRuns: 15 },
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
              'select pet_id from read.pets_v1 where tenant_id = $1 order by serial',
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
      { seed: SEED, numRuns: 8 },
    )
  },
)
