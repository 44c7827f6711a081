// What policies do about payments: approve what is paid, settle what hangs, give back what is not due.
import t from 'tap'
import type { PaymentProvider } from '../../src/core/payments.ts'
import { ANSWER_LOST, BY_HAND, policyRig, STAFF, SUCCEEDS_LATER } from './rig.ts'

t.test(
  'a payment that succeeds approves its order, as the consequence of that event',
  async (t) => {
    const rig = policyRig()
    const orderId = await rig.place(await rig.admit())
    await rig.pay(orderId)
    t.match(await rig.run('approve-paid-orders'), { kind: 'done' })
    t.equal((await rig.order(orderId))?.status, 'APPROVED')
    const paid = await rig.newest('payment.succeeded')
    const approved = await rig.newest('order.status_changed')
    t.match(approved?.data, { cause: { kind: 'payment', id: paid?.data['paymentId'] } })
    t.strictSame(approved?.metadata, {
      actor: { kind: 'system', id: 'policy:approve-paid-orders' },
      correlationId: paid?.metadata.correlationId,
      causationId: paid?.eventId,
    })
  },
)

t.test('an order that has gone on, or was cancelled, is left as it is', async (t) => {
  for (const end of ['ship', 'cancel'] as const) {
    const rig = policyRig()
    const orderId = await rig.place(await rig.admit())
    await rig.pay(orderId)
    if (end === 'ship') await rig.run('approve-paid-orders')
    await rig.orders[end](STAFF, orderId, BY_HAND)
    const head = await rig.eventStore.head()
    t.match(await rig.run('approve-paid-orders'), { kind: 'done' })
    t.equal(await rig.eventStore.head(), head)
  }
})

t.test('a payment whose answer was lost is settled', async (t) => {
  const rig = policyRig()
  const orderId = await rig.place(await rig.admit())
  await rig.pay(orderId, ANSWER_LOST)
  t.match((await rig.order(orderId))?.payments, [{ status: 'PROCESSING' }])
  t.match(await rig.run('settle-payments'), { kind: 'done' })
  t.match((await rig.order(orderId))?.payments, [{ status: 'SUCCEEDED' }])
  await rig.settle()
  t.equal((await rig.order(orderId))?.status, 'APPROVED')
})

t.test('a payment that the provider is still at is set aside and asked for later', async (t) => {
  const rig = policyRig()
  const orderId = await rig.place(await rig.admit())
  await rig.pay(orderId, SUCCEEDS_LATER)
  t.match(await rig.run('settle-payments'), { kind: 'later' })
  rig.clock.advance(3_600_000)
  t.match(await rig.run('settle-payments'), { kind: 'done' })
  t.match((await rig.order(orderId))?.payments, [{ status: 'SUCCEEDED' }])
})

t.test('a provider that cannot be asked is a fault, and the runner tries again', async (t) => {
  const provider = (sandbox: PaymentProvider): PaymentProvider => ({
    ...sandbox,
    find: () => Promise.reject(new Error('down')),
  })
  const rig = policyRig(provider)
  await rig.pay(await rig.place(await rig.admit()), ANSWER_LOST)
  await t.rejects(rig.run('settle-payments'), { code: 'payment_provider_unavailable' })
})

t.test('what was paid for a cancelled order is given back, once', async (t) => {
  const rig = policyRig()
  const orderId = await rig.place(await rig.admit())
  await rig.pay(orderId)
  await rig.orders.cancel(STAFF, orderId, BY_HAND)
  await rig.run('refunds')
  t.match((await rig.order(orderId))?.payments, [{ status: 'CANCELLED' }])
  const head = await rig.eventStore.head()
  await rig.run('refunds')
  t.equal(await rig.eventStore.head(), head)
})

t.test('nothing is given back for an order that stands', async (t) => {
  const rig = policyRig()
  const orderId = await rig.place(await rig.admit())
  await rig.pay(orderId)
  t.match(await rig.run('refunds'), { kind: 'done' })
  t.match((await rig.order(orderId))?.payments, [{ status: 'SUCCEEDED' }])
})
