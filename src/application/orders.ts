// The orders' commands and queries: how an order is placed and paid is told in files of their own.
import type { Application, OrderResult } from '../application.ts'
import type { CommandHandler } from '../commands/handle.ts'
import type { Clock } from '../core/clock.ts'
import type { EventStore } from '../core/event-store.ts'
import type { IdGenerator, TenantId } from '../core/ids.ts'
import { type Logger, silentLogger } from '../core/logger.ts'
import type { PaymentProvider } from '../core/payments.ts'
import { createOrderPayments, PROVIDER_DEADLINE_MS } from './order-payments.ts'
import { createPlaceOrder } from './place-order.ts'
import { onlyPresent } from './present.ts'
import { createRunOrder, readOrder, type RunOrder } from './run-order.ts'

type Orders = Application['orders']

export type OrdersOptions = Readonly<{
  handler: CommandHandler
  eventStore: EventStore
  pets: Pick<Application['pets'], 'reserve' | 'release'>
  payments: PaymentProvider
  orderQueries: Readonly<{
    list: Orders['list']
    orderOfReceipt(tenantId: TenantId, receiptId: string): Promise<string | undefined>
  }>
  clock: Clock
  ids: IdGenerator
  logger?: Logger
  providerDeadlineMs?: number
}>

export const createOrders = (options: OrdersOptions): Orders => {
  const { eventStore, orderQueries } = options
  const run = createRunOrder(options)
  const change = async (...order: Parameters<RunOrder>): Promise<OrderResult> =>
    onlyPresent(await run(...order))
  const get: Orders['get'] = async (tenantId, orderId) => {
    const order = await readOrder(eventStore, tenantId, orderId)
    return order && { ...order.state, id: orderId, version: order.version }
  }
  return {
    place: createPlaceOrder({ ...options, run }),
    approve: (context, id, input) => change(context, id, { type: 'approve', ...input }),
    ship: (context, id, { reason }) => change(context, id, { type: 'ship', reason }),
    deliver: (context, id, { reason }) => change(context, id, { type: 'deliver', reason }),
    cancel: (context, id, { reason }) => change(context, id, { type: 'cancel', reason }),
    ...createOrderPayments({
      logger: silentLogger,
      providerDeadlineMs: PROVIDER_DEADLINE_MS,
      ...options,
      run,
    }),
    abandon: (context, id, input) => run(context, id, { type: 'abandon', ...input }),
    get,
    list: orderQueries.list,
    receipt: async (tenantId, receiptId) => {
      const orderId = await orderQueries.orderOfReceipt(tenantId, receiptId)
      const order = orderId === undefined ? undefined : await get(tenantId, orderId)
      const payment = order?.payments.find((each) => each.receiptId === receiptId)
      return order && payment && { receiptId, paymentId: payment.id, order }
    },
  }
}
