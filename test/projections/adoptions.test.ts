// The adoptions read model on real PostgreSQL, against a fold that knows no tables.
import fc from 'fast-check'
import t from 'tap'
import type { TenantId } from '../../src/core/ids.ts'
import { type AdoptionState, isEnded } from '../../src/events/adoption-state.ts'
import { adoptionStatusSchema } from '../../src/events/adoption.ts'
import {
  type AdoptionQueries,
  adoptionsProjection,
  createAdoptionQueries,
} from '../../src/projections/adoptions.ts'
import { liveTarget } from '../../src/projections/projection.ts'
import { testDatabase } from '../support/database.ts'
import {
  adoptionHistories,
  applyInPages,
  type CaseHistory,
  PEOPLE,
  PETS,
  presentIn,
} from './cases-support.ts'
import { contents, emptyTables, TENANTS } from './support.ts'

const SEED = 20_260_823
const live = liveTarget(adoptionsProjection)
const { database, admin } = await testDatabase(t, { installed: true })
const queries = createAdoptionQueries({ database })
const pageSizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 })

type Query = Parameters<AdoptionQueries['list']>[1]

const filters = fc.record(
  {
    applicantId: fc.constantFrom(...PEOPLE),
    petId: fc.constantFrom(...PETS),
    statuses: fc.uniqueArray(fc.constantFrom(...adoptionStatusSchema.options), { minLength: 1 }),
  },
  { requiredKeys: [] },
)

const expected = (
  history: CaseHistory<AdoptionState>,
  tenantId: TenantId,
  { applicantId, petId, statuses }: Partial<Query>,
) =>
  presentIn(history, tenantId)
    .filter(({ state }) => applicantId === undefined || state.applicantId === applicantId)
    .filter(({ state }) => petId === undefined || state.petId === petId)
    .filter(({ state }) => statuses === undefined || statuses.includes(state.status))
    .map(({ state, id, version }) => ({ ...state, id, version }))

const listed = async (tenantId: TenantId, query: Query) => {
  const page = await queries.list(tenantId, query)
  if (page === 'bad_cursor') throw new Error('the cursor was refused')
  return page
}

t.test(
  'a replay in pages of any size gives what one event at a time gives, and twice is once',
  async (t) => {
    await fc.assert(
      fc.asyncProperty(adoptionHistories, pageSizes, async ({ events }, sizes) => {
        await emptyTables(admin, adoptionsProjection, live)
        await applyInPages(database, adoptionsProjection, { events, sizes: [1] })
        const single = await contents(admin, adoptionsProjection, live)
        await applyInPages(database, adoptionsProjection, { events, sizes })
        t.strictSame(await contents(admin, adoptionsProjection, live), single, 'twice is once')
        await emptyTables(admin, adoptionsProjection, live)
        await applyInPages(database, adoptionsProjection, { events, sizes })
        t.strictSame(await contents(admin, adoptionsProjection, live), single)
      }),
      { seed: SEED, numRuns: 8 },
    )
  },
)

t.test('lists are those of the plain fold: every filter, every page, exact totals', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      adoptionHistories,
      pageSizes,
      fc.array(filters, { minLength: 3, maxLength: 3 }),
      fc.integer({ min: 1, max: 4 }),
      async (history, sizes, asked, limit) => {
        await emptyTables(admin, adoptionsProjection, live)
        await applyInPages(database, adoptionsProjection, { events: history.events, sizes })
        for (const tenantId of TENANTS) {
          for (const filter of [{}, ...asked]) {
            const all = expected(history, tenantId, filter)
            const first = await listed(tenantId, { ...filter, limit, place: { after: null } })
            t.strictSame(first.items, all.slice(0, limit))
            t.equal(first.totalItems, all.length)
            t.equal(first.nextCursor !== null, all.length > limit)
            const second = await listed(tenantId, { ...filter, limit, place: { page: 2 } })
            t.strictSame(second.items, all.slice(limit, 2 * limit))
            if (first.nextCursor === null) continue
            const place = { after: first.nextCursor }
            t.strictSame((await listed(tenantId, { ...filter, limit, place })).items, second.items)
          }
        }
      },
    ),
    { seed: SEED, numRuns: 8 },
  )
})

t.test(
  'who is in line for a pet: those that have not ended, in the order of the log',
  async (t) => {
    let longest = 0
    await fc.assert(
      fc.asyncProperty(adoptionHistories, pageSizes, async (history, sizes) => {
        await emptyTables(admin, adoptionsProjection, live)
        await applyInPages(database, adoptionsProjection, { events: history.events, sizes })
        for (const tenantId of TENANTS) {
          for (const petId of PETS) {
            const line = [...presentIn(history, tenantId)]
              .reverse()
              .filter(({ state }) => state.petId === petId && !isEnded(state))
              .map(({ id, state }) => ({ adoptionId: id, applicantId: state.applicantId }))
            t.strictSame(await queries.openFor(tenantId, petId), line)
            longest = Math.max(longest, line.length)
          }
        }
      }),
      { seed: SEED, numRuns: 12 },
    )
    t.ok(longest > 1, 'somebody stood behind somebody')
  },
)
