// How many pets a shelter has in care, on real PostgreSQL, against a count over the states themselves.
import fc from 'fast-check'
import t from 'tap'
import { petsProjection } from '../../../src/projections/pets/fold.ts'
import { createPetQueries } from '../../../src/projections/pets/queries.ts'
import { liveTarget } from '../../../src/projections/projection.ts'
import { testDatabase } from '../../support/database.ts'
import { emptyTables, historyArbitrary, type Life, TENANTS } from '../support.ts'

const SEED = 20260822
const live = liveTarget(petsProjection)

const { database, admin } = await testDatabase(t, { installed: true })
const queries = createPetQueries({
  database,
  scans: database,
  publicUrl: 'https://pets.example.org',
})

const shelterOf = ({ state }: Life): string | null =>
  state.kind === 'present' ? state.profile.shelterId : null
const isInCare = ({ state }: Life): boolean => state.kind === 'present' && state.inCare

t.test('the pets that a shelter has in care are those, and no others', async (t) => {
  let most = 0
  let left = 0
  const property = fc.asyncProperty(
    historyArbitrary({ pets: 12, minSteps: 30, maxSteps: 80 }),
    async ({ events, lives }) => {
      await emptyTables(admin, petsProjection, live)
      await database.transaction((tx) => petsProjection.apply(tx, live, events))
      for (const shelterId of new Set(lives.map(shelterOf))) {
        if (shelterId === null) continue
        for (const tenantId of TENANTS) {
          const all = lives.filter(
            (life) => life.tenantId === tenantId && shelterOf(life) === shelterId,
          )
          const expected = all.filter(isInCare).length
          if ((await queries.inCareAt(tenantId, shelterId)) !== expected) return false
          most = Math.max(most, expected)
          left = Math.max(left, all.length - expected)
        }
      }
      return true
    },
  )
  await fc.assert(property, { seed: SEED, numRuns: 25 })
  t.ok(most > 1 && left > 0, `up to ${most} in care, and ${left} that had left it`)
})
