// Paying: what was submitted is in the log before the provider is asked, and what the provider said
// is recorded afterwards. An answer that does not come leaves the payment PROCESSING; a policy asks
// again later. Numbers go to the provider and nowhere else: whatever it throws is not looked at,
// because it may quote them.
import type { Application, PaymentResult } from '../application.ts'
import { paymentOf } from '../commands/order-payments.ts'
import { orderDecider } from '../commands/order.ts'
import { REJECTIONS } from '../commands/rejections.ts'
import { shownSource, withoutNumber } from '../commands/shown-source.ts'
import { type Clock, toTimestamp } from '../core/clock.ts'
import type { CommandContext } from '../core/command.ts'
import type { EventStore } from '../core/event-store.ts'
import { Fault } from '../core/fault.ts'
import type { IdGenerator } from '../core/ids.ts'
import type { Logger } from '../core/logger.ts'
import type { Charge, ChargeOutcome, PaymentProvider, PaymentSource } from '../core/payments.ts'
import { onlyPresent } from './present.ts'
import { type OrderDone, readOrder, type RunOrder } from './run-order.ts'

export const PROVIDER_DEADLINE_MS = 10_000

type Options = Readonly<{
  run: RunOrder
  eventStore: EventStore
  payments: PaymentProvider
  clock: Clock
  ids: IdGenerator
  logger: Logger
  providerDeadlineMs: number
}>

type OrderPayments = Pick<Application['orders'], 'pay' | 'settlePayment' | 'refundPayment'>

export const createOrderPayments = (options: Options): OrderPayments => ({
  pay: async (context, orderId, { amount, currency, source }) => {
    const paymentId = options.ids()
    const submitted = onlyPresent(
      await options.run(context, orderId, {
        type: 'submit_payment',
        paymentId,
        amount,
        currency,
        source: shownSource(source),
      }),
    )
    if (submitted.kind !== 'done') return submitted
    if (submitted.replayed) return firstPayment(options, context, submitted)
    const settled = await chargeFor(options, consequence(context), { submitted, paymentId, source })
    return { ...settled, paymentId }
  },
  settlePayment: async (context, orderId, paymentId) => {
    const order = await readOrder(options.eventStore, context.tenantId, orderId)
    if (order === undefined) return { kind: 'not_found' }
    const payment = paymentOf(order.state, paymentId)
    if (payment === undefined) return paymentNotFound
    if (payment.status !== 'PROCESSING') return order
    const found =
      (await ask(options, () => options.payments.find(context.tenantId, paymentId))) ??
      (await ask(options, () => options.payments.close(context.tenantId, paymentId)))
    const outcome = found ?? notReceived
    if (outcome.kind === 'processing') return order
    return onlyPresent(
      await options.run(context, orderId, { type: 'settle_payment', paymentId, outcome }),
    )
  },
  refundPayment: async (context, orderId, paymentId) => {
    const order = await readOrder(options.eventStore, context.tenantId, orderId)
    if (order === undefined) return { kind: 'not_found' }
    const command = { type: 'refund_payment', paymentId, reason: REFUND_REASON } as const
    // Money is given back only where that may be recorded.
    const occurredAt = toTimestamp(options.clock())
    const decision = orderDecider.decide({ ...command, occurredAt }, order.state)
    if (decision.kind === 'rejected') return decision
    if (decision.events.length === 0) return order
    await ask(options, () => options.payments.refund(context.tenantId, paymentId))
    return onlyPresent(await options.run(context, orderId, command))
  },
})

const paymentNotFound = {
  kind: 'rejected',
  rejection: { code: 'payment_not_found', detail: REJECTIONS.payment_not_found },
} as const
const REFUND_REASON = 'the order was cancelled'
const notReceived: ChargeOutcome = {
  kind: 'failed',
  code: 'not_received',
  message: 'The payment provider never received the payment.',
}

type Submitted = Readonly<{ submitted: OrderDone; paymentId: string; source: PaymentSource }>

/** The order after the provider's answer; as it was submitted when there is none, or none to record. */
const chargeFor = async (
  options: Options,
  context: CommandContext,
  { submitted, paymentId, source }: Submitted,
): Promise<OrderDone> => {
  const { id: orderId, state } = submitted
  const about = { tenantId: context.tenantId, orderId, paymentId }
  const { totalAmount: amount, currency } = state
  const charge = { tenantId: context.tenantId, paymentId, amount, currency, source }
  const outcome = await tryCharge(options, charge, about)
  if (outcome === undefined || outcome.kind === 'processing') return submitted
  const settled = onlyPresent(
    await options.run(context, orderId, { type: 'settle_payment', paymentId, outcome }),
  )
  if (settled.kind !== 'done') {
    options.logger.warn({ ...about, result: settled.kind }, 'a payment is to be settled later')
    return submitted
  }
  const isTooLate =
    outcome.kind === 'succeeded' && paymentOf(settled.state, paymentId)?.status === 'FAILED'
  if (isTooLate) {
    // It was given up in the meantime, as never received: nobody is to pay for it.
    options.logger.warn(about, 'a payment that had been given up went through and is given back')
    await ask(options, () => options.payments.refund(context.tenantId, paymentId))
  }
  return settled
}

/** Undefined: nobody knows what became of it. */
const tryCharge = async (
  options: Options,
  charge: Charge,
  about: Readonly<Record<string, string>>,
): Promise<ChargeOutcome | undefined> => {
  try {
    const outcome = await ask(options, () => options.payments.charge(charge))
    return outcome.kind === 'failed' ? withoutNumbers(outcome, charge.source) : outcome
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    options.logger.warn({ ...about, reason: error.message }, 'the outcome of a payment is unknown')
    return undefined
  }
}

const withoutNumbers = (
  { code, message }: Extract<ChargeOutcome, Readonly<{ kind: 'failed' }>>,
  source: PaymentSource,
): ChargeOutcome => {
  const number = source.object === 'card' ? source.number : source.accountNumber
  return {
    kind: 'failed',
    code: withoutNumber(code, number),
    message: withoutNumber(message, number),
  }
}

/** A key is good for one payment: the one that was submitted under it first, as it is by now. */
const firstPayment = async (
  { eventStore }: Options,
  { tenantId }: CommandContext,
  { id, state }: OrderDone,
): Promise<PaymentResult> => {
  const paymentId = state.payments.at(-1)?.id // the order is as the first one's append left it
  const order = await readOrder(eventStore, tenantId, id)
  if (paymentId === undefined || order === undefined) return { kind: 'key_reused' }
  return { ...order, replayed: true, paymentId }
}

/** The key and the version that was seen belong to the payment that was submitted. */
const consequence = ({
  idempotency: _key,
  expectedVersion: _version,
  ...context
}: CommandContext): CommandContext => context

/** What the provider answers, within the deadline. Throws a fault without any words of the provider's. */
const ask = async <T>(
  { payments, providerDeadlineMs }: Options,
  question: () => Promise<T>,
): Promise<T> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(unavailable(payments, 'did not answer in time')),
      providerDeadlineMs,
    )
  })
  const answer = (async () => question())().catch(() => {
    throw unavailable(payments, 'failed')
  })
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}

const unavailable = ({ name }: PaymentProvider, what: string): Fault =>
  new Fault('payment_provider_unavailable', `the payment provider ${name} ${what}`)
