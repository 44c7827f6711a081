// The orders read model: lists of a tenant's orders with their payments, and the way from a receipt to its order.
import type { Version } from '../core/event.ts'
import type { TenantId } from '../core/ids.ts'
import type { SqlDatabase, SqlExecutor, Statement } from '../core/sql.ts'
import type { OrderEvent } from '../events/order.ts'
import { evolveOrder, noOrder, type OrderState, type PresentOrder } from '../events/order-state.ts'
import { type CaseKind, type ChangedCase, foldCases } from './cases/fold.ts'
import { type CaseRow, listCases } from './cases/list.ts'
import type { CaseQuery } from './cases/query-types.ts'
import { caseTables } from './cases/tables.ts'
import type { ListResult } from './paging.ts'
import { liveTarget, type Projection, tableName, type Target } from './projection.ts'
import { statementFor } from './statements.ts'

export type OrderRecord = PresentOrder & Readonly<{ id: string; version: Version }>

export type OrderQueries = Readonly<{
  list(
    tenantId: TenantId,
    query: Omit<CaseQuery, 'personId'> & Readonly<{ userId?: string }>,
  ): Promise<ListResult<OrderRecord>>
  orderOfReceipt(tenantId: TenantId, receiptId: string): Promise<string | undefined>
}>

const tables = { cases: 'orders', counts: 'order_counts' }
const RECEIPTS = 'order_receipts'

const orders: CaseKind<OrderState> = {
  tables,
  initial: noOrder,
  // The codec has checked type and data; this is where the wide type becomes the union.
  evolve: (state, event) => evolveOrder(state, event as unknown as OrderEvent),
  shownOf: (state) =>
    state.kind === 'present'
      ? { personId: state.userId, petId: state.petId, status: state.status }
      : undefined,
}

export const ordersProjection: Projection = {
  name: 'orders',
  version: 1,
  categories: ['order'],
  tables: [
    ...caseTables(tables),
    {
      name: RECEIPTS,
      columns: `
        tenant_id text collate "C" not null,
        receipt_id text collate "C" not null,
        order_id text collate "C" not null`,
      primaryKey: ['tenant_id', 'receipt_id'],
      fillfactor: 100,
      indexes: [],
    },
  ],
  apply: async (tx, target, events) => {
    const changed = await foldCases(orders, { tx, target }, events)
    await writeReceipts(tx, target, changed)
  },
}

const receiptsOf = (state: OrderState): readonly string[] =>
  state.kind === 'present'
    ? state.payments.flatMap(({ receiptId }) => (receiptId === null ? [] : [receiptId]))
    : []

const writeReceipts = async (
  tx: SqlExecutor,
  target: Target,
  changed: readonly ChangedCase<OrderState>[],
): Promise<void> => {
  const issued = changed.flatMap(({ tenantId, caseId, before, state }) => {
    const known = receiptsOf(before)
    const fresh = receiptsOf(state).filter((receiptId) => !known.includes(receiptId))
    return fresh.map((receiptId) => ({ tenantId, caseId, receiptId }))
  })
  if (issued.length === 0) return
  await tx.query(insertReceipts(target), [
    issued.map(({ tenantId }) => tenantId),
    issued.map(({ receiptId }) => receiptId),
    issued.map(({ caseId }) => caseId),
  ])
}

// One statement for all receipts of the page; a receipt is for one payment and never changes.
const insertReceipts = (target: Target): Statement | string =>
  statementFor(`insert into ${tableName(RECEIPTS, target)} (tenant_id, receipt_id, order_id)
    select * from unnest($1::text[], $2::text[], $3::text[]) on conflict do nothing`)

export const createOrderQueries = ({
  database,
}: Readonly<{ database: SqlDatabase }>): OrderQueries => {
  const reading = { database, projection: ordersProjection, tables }
  return {
    list: async (tenantId, { userId, ...query }) => {
      const personId = userId === undefined ? {} : { personId: userId }
      const page = await listCases(reading, tenantId, { ...query, ...personId })
      return page === 'bad_cursor' ? page : { ...page, items: page.items.map(toRecord) }
    },
    orderOfReceipt: async (tenantId, receiptId) => {
      // By primary key.
      const rows = await database.query<{ order_id: string }>(
        statementFor(`select order_id from ${tableName(RECEIPTS, liveTarget(ordersProjection))}
          where tenant_id = $1 and receipt_id = $2`),
        [tenantId, receiptId],
      )
      return rows[0]?.order_id
    },
  }
}

const toRecord = ({ case_id: id, version, state }: CaseRow): OrderRecord => ({
  ...(JSON.parse(state) as PresentOrder),
  id,
  version,
})
