// Two promises about the SQL of orders and applications: every statement names the tenant as its first condition, and
// each frequent list is walked in the index that was made for it.
import t from 'tap'
import type { TenantId } from '../../src/core/ids.ts'
import { createAdoptionQueries } from '../../src/projections/adoptions.ts'
import type { CaseQuery } from '../../src/projections/cases/query-types.ts'
import { createOrderQueries } from '../../src/projections/orders.ts'
import { testDatabase } from '../support/database.ts'
import { recordingDatabase } from './cases-support.ts'
import { TENANTS } from './support.ts'

const [SHARED, TENANT_A] = TENANTS as readonly [TenantId, TenantId, TenantId]
const { database: app, admin } = await testDatabase(t, { installed: true })

// 20,000 orders of two tenants, made by the server itself: plans depend on numbers and not on what the rows say.
await admin.query(
  `insert into read.orders_v1 (tenant_id, case_id, version, position, person_id, pet_id, status, state)
    select case when g % 2 = 0 then $1 else $2 end, 'o' || g, 1, g, 'u' || g % 900, 'p' || g % 5000,
      case when g % 400 < 2 then 'PLACED' else 'DELIVERED' end, rpad('{"kind":"present"', 400) || '}'
    from generate_series(1, 20000) g`,
  [TENANT_A, SHARED],
)
await admin.query(`insert into read.order_counts_v1
  select tenant_id, status, count(*) from read.orders_v1 group by 1, 2`)
for (const table of ['orders', 'order_counts', 'order_receipts']) {
  await admin.query(`vacuum (analyze) read.${table}_v1`)
}

const { database, sent } = recordingDatabase(app)
const orders = createOrderQueries({ database })
const adoptions = createAdoptionQueries({ database })

const PLACES: readonly CaseQuery['place'][] = [{ page: 1 }, { page: 3 }, { after: null }]
type OrderFilter = Readonly<{ userId?: string; petId?: string; statuses?: readonly string[] }>
const FILTERS: readonly OrderFilter[] = [
  {},
  { statuses: ['PLACED'] },
  { statuses: ['DELIVERED', 'PLACED'] },
  { userId: 'u2' },
  { userId: 'u2', petId: 'p2' },
  { petId: 'p2', statuses: ['PLACED'] },
]

t.test('every statement is bound to the tenant that was given, wherever it reads', async (t) => {
  for (const filter of FILTERS) {
    for (const place of PLACES) {
      const page = await orders.list(TENANT_A, { ...filter, limit: 2, place })
      if (page === 'bad_cursor') throw new Error('no cursor was given')
      const after = page.nextCursor
      if (after !== null) await orders.list(TENANT_A, { ...filter, limit: 2, place: { after } })
      await adoptions.list(TENANT_A, { ...filter, limit: 2, place })
    }
  }
  await orders.orderOfReceipt(TENANT_A, 'rcp_1')
  await adoptions.openFor(TENANT_A, 'p2')
  const texts = new Set(sent.map(({ text }) => text))
  t.ok(texts.size > 30, 'many shapes were sent')
  for (const { text, values } of sent) if (values[0] !== TENANT_A) t.fail(text)
  for (const text of texts) {
    const sources = [...text.matchAll(/(?:from|join) read\.\w+(?: (\w+))?/g)]
    const walls = [...text.matchAll(/tenant_id = \$1\b/g)]
    t.ok(sources.length > 0 && walls.length >= sources.length, text)
  }
})

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

const SHAPES: readonly (readonly [title: string, filter: OrderFilter, index: string])[] = [
  ['the newest', {}, 'newest'],
  ['those of a rare status', { statuses: ['PLACED'] }, 'status'],
  ['those of several statuses', { statuses: ['PLACED', 'DELIVERED'] }, 'status'],
  ["a buyer's", { userId: 'u2' }, 'person'],
  ["a pet's", { petId: 'p2' }, 'pet'],
]
for (const [title, filter, index] of SHAPES) {
  t.test(`${title} are walked in the index for them`, async (t) => {
    const first = await orders.list(TENANT_A, { ...filter, limit: 1, place: { after: null } })
    const after = first === 'bad_cursor' ? null : first.nextCursor
    for (const place of [{ page: 1 }, { page: 4 }, { after }]) {
      const plans = await plansOf(() => orders.list(TENANT_A, { ...filter, limit: 2, place }))
      const page = plans.find((plan) => plan.includes('Limit')) ?? ''
      t.match(page, new RegExp(`Index Scan (Backward )?using orders_v1_${index} `), page)
      t.notMatch(page, /Seq Scan on orders/)
      t.notMatch(page.slice(page.lastIndexOf('Limit')), /Sort|Filter/, page)
    }
  })
}

t.test(
  'totals of all and of a status look at no order; those of a buyer at an index',
  async (t) => {
    for (const filter of FILTERS.slice(0, 3)) {
      const total = (
        await plansOf(() => orders.list(TENANT_A, { ...filter, limit: 2, place: { page: 1 } }))
      ).find((plan) => plan.includes('Aggregate'))
      t.match(total, /order_counts_v1/)
      t.notMatch(total, /orders_v1/)
    }
    const total = (
      await plansOf(() => orders.list(TENANT_A, { userId: 'u2', limit: 2, place: { page: 1 } }))
    ).find((plan) => plan.includes('Aggregate'))
    t.match(total, /using orders_v1_person/)
  },
)
