// The orders read model on real PostgreSQL, against a fold that knows no tables.
import fc from 'fast-check'
import t from 'tap'
import type { TenantId } from '../../src/core/ids.ts'
import { orderStatusSchema } from '../../src/events/order.ts'
import type { OrderState } from '../../src/events/order-state.ts'
import {
  createOrderQueries,
  type OrderQueries,
  ordersProjection,
} from '../../src/projections/orders.ts'
import { liveTarget } from '../../src/projections/projection.ts'
import { testDatabase } from '../support/database.ts'
import {
  applyInPages,
  type CaseHistory,
  orderHistories,
  PEOPLE,
  PETS,
  presentIn,
} from './cases-support.ts'
import { contents, emptyTables, TENANTS } from './support.ts'

const SEED = 20_260_822
const live = liveTarget(ordersProjection)
const { database, admin } = await testDatabase(t, { installed: true })
const queries = createOrderQueries({ database })
const pageSizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 })

type Query = Parameters<OrderQueries['list']>[1]

const filters = fc.record(
  {
    userId: fc.constantFrom(...PEOPLE),
    petId: fc.constantFrom(...PETS),
    statuses: fc.uniqueArray(fc.constantFrom(...orderStatusSchema.options), { minLength: 1 }),
  },
  { requiredKeys: [] },
)

const expected = (
  history: CaseHistory<OrderState>,
  tenantId: TenantId,
  { userId, petId, statuses }: Partial<Query>,
) =>
  presentIn(history, tenantId)
    .filter(({ state }) => userId === undefined || state.userId === userId)
    .filter(({ state }) => petId === undefined || state.petId === petId)
    .filter(({ state }) => statuses === undefined || statuses.includes(state.status))
    .map(({ state, id, version }) => ({ ...state, id, version }))

const listed = async (tenantId: TenantId, query: Query) => {
  const page = await queries.list(tenantId, query)
  if (page === 'bad_cursor') throw new Error('the cursor was refused')
  return page
}

const byCursor = async (tenantId: TenantId, filter: Partial<Query>, limit: number) => {
  const items: unknown[] = []
  let after: string | null = null
  do {
    const page = await listed(tenantId, { ...filter, limit, place: { after } })
    items.push(...page.items)
    after = page.nextCursor
  } while (after !== null)
  return items
}

t.test(
  'a replay in pages of any size gives what one event at a time gives, and twice is once',
  async (t) => {
    await fc.assert(
      fc.asyncProperty(orderHistories, pageSizes, async ({ events }, sizes) => {
        await emptyTables(admin, ordersProjection, live)
        await applyInPages(database, ordersProjection, { events, sizes: [1] })
        const single = await contents(admin, ordersProjection, live)
        await applyInPages(database, ordersProjection, { events, sizes })
        t.strictSame(await contents(admin, ordersProjection, live), single, 'twice is once')
        await emptyTables(admin, ordersProjection, live)
        await applyInPages(database, ordersProjection, { events, sizes })
        t.strictSame(await contents(admin, ordersProjection, live), single)
      }),
      { seed: SEED, numRuns: 8 },
    )
  },
)

t.test(
  'lists are those of the plain fold: every filter, every page, every cursor, exact totals',
  async (t) => {
    await fc.assert(
      fc.asyncProperty(
        orderHistories,
        pageSizes,
        fc.array(filters, { minLength: 3, maxLength: 3 }),
        fc.integer({ min: 1, max: 4 }),
        async (history, sizes, asked, limit) => {
          await emptyTables(admin, ordersProjection, live)
          await applyInPages(database, ordersProjection, { events: history.events, sizes })
          for (const tenantId of TENANTS) {
            for (const filter of [{}, ...asked]) {
              const all = expected(history, tenantId, filter)
              for (const page of [1, 2]) {
                const found = await listed(tenantId, { ...filter, limit, place: { page } })
                t.strictSame(found.items, all.slice((page - 1) * limit, page * limit))
                t.equal(found.totalItems, all.length)
              }
              t.strictSame(await byCursor(tenantId, filter, limit), all)
            }
          }
        },
      ),
      { seed: SEED, numRuns: 8 },
    )
  },
)

t.test('a receipt leads to its order, in its own tenant and nowhere else', async (t) => {
  let receipts = 0
  await fc.assert(
    fc.asyncProperty(orderHistories, pageSizes, async (history, sizes) => {
      await emptyTables(admin, ordersProjection, live)
      await applyInPages(database, ordersProjection, { events: history.events, sizes })
      for (const owner of TENANTS) {
        for (const { id, state } of presentIn(history, owner)) {
          for (const { receiptId } of state.payments) {
            if (receiptId === null) continue
            receipts += 1
            for (const tenantId of TENANTS) {
              const found = await queries.orderOfReceipt(tenantId, receiptId)
              t.equal(found, tenantId === owner ? id : undefined)
            }
          }
        }
      }
    }),
    { seed: SEED, numRuns: 6 },
  )
  t.ok(receipts > 10, 'there were receipts')
})

t.test('a cursor that is none of this list, or of another tenant, is refused', async (t) => {
  const [first, second] = TENANTS as readonly [TenantId, TenantId, TenantId]
  await emptyTables(admin, ordersProjection, live)
  const history = fc
    .sample(orderHistories, { seed: SEED, numRuns: 40 })
    .find((candidate) => presentIn(candidate, first).length > 2)
  if (history === undefined) throw new Error('no history with enough orders')
  await applyInPages(database, ordersProjection, { events: history.events, sizes: [10] })
  const { nextCursor } = await listed(first, { limit: 1, place: { after: null } })
  const own = String(nextCursor)
  const made = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const refused = [
    '',
    '!',
    'x'.repeat(600),
    made(['adoptions', 'case-0']),
    made(['orders', 'none']),
  ]
  for (const after of [...refused, made(['orders', 1]), made({}), made(['orders', 'a\0b'])]) {
    t.equal(await queries.list(first, { limit: 1, place: { after } }), 'bad_cursor', after)
  }
  t.equal(await queries.list(second, { limit: 1, place: { after: own } }), 'bad_cursor')
  t.not(await queries.list(first, { limit: 1, place: { after: own } }), 'bad_cursor')
})
