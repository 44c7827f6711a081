// Paying for an order: nobody is charged twice, nor for what the order refuses.
import t from 'tap'
import { SHARED_TENANT } from '../../src/core/ids.ts'
import { aContext } from '../support/builders.ts'
import { aCard, mustBeDone, once, placedRig, reason, withKey } from './order-rig.ts'

const DECLINED = '4000000000000002'

void t.test('a payment that goes through is recorded with its receipt', async (t) => {
  const { pay, orderId, types, order, receipts, orders } = await placedRig()
  const result = mustBeDone(await pay(orderId))
  t.match(result, { id: orderId, version: 3, replayed: false, paymentId: /-/ })
  const { paymentId = '' } = result
  const receiptId = `rcp_${paymentId}`
  t.match(result.state.payments, [
    { id: paymentId, status: 'SUCCEEDED', receiptId, amount: '75.00' },
  ])
  t.equal(result.state.status, 'PLACED', 'approving it is for a policy')
  t.strictSame(await types('order', orderId), [
    'order.placed',
    'payment.submitted',
    'payment.succeeded',
  ])
  t.equal(await orders.receipt(SHARED_TENANT, receiptId), undefined, 'not read yet')
  receipts.set(receiptId, orderId).set('rcp_other', orderId)
  t.strictSame(await orders.receipt(SHARED_TENANT, receiptId), {
    receiptId,
    paymentId,
    order: await order(),
  })
  t.equal(await orders.receipt(SHARED_TENANT, 'rcp_other'), undefined)
})

void t.test('a payment that fails says why, and another may be tried', async (t) => {
  const { pay, orderId } = await placedRig()
  const failed = mustBeDone(await pay(orderId, aCard({ number: DECLINED })))
  t.match(failed.state, {
    status: 'PLACED',
    payments: [{ status: 'FAILED', failure: { code: 'card_declined' }, receiptId: null }],
  })
  const paid = mustBeDone(await pay(orderId))
  t.match(paid.state.payments, [{ status: 'FAILED' }, { status: 'SUCCEEDED' }])
  t.not(paid.paymentId, failed.paymentId)
  t.match(await pay(orderId), { rejection: { code: 'order_already_paid' } })
})

void t.test('nobody is charged for what the order refuses', async (t) => {
  const { pay, orderId, orders, calls, cancel } = await placedRig()
  const source = aCard()
  const input = { amount: '75.00', currency: 'USD', source }
  t.match(await orders.pay(aContext(), orderId, { ...input, amount: '74' }), {
    rejection: { code: 'payment_amount_mismatch', field: 'amount' },
  })
  t.match(await orders.pay(aContext(), orderId, { ...input, currency: 'EUR' }), {
    rejection: { code: 'payment_currency_mismatch', field: 'currency' },
  })
  t.strictSame(await pay('0199f3a0-7c1e-7a01-8000-00000000ffff'), { kind: 'not_found' })
  t.match(await pay(orderId, source, { expectedVersion: 7 }), { kind: 'version_mismatch' })
  await cancel()
  t.match(await pay(orderId), { rejection: { code: 'invalid_order_transition' } })
  t.equal(calls.charge, 0)
})

void t.test('of two payments at once one is charged', async (t) => {
  const { pay, orderId, calls } = await placedRig()
  const results = await Promise.all([pay(orderId), pay(orderId)])
  t.strictSame(results.map(({ kind }) => kind).sort(), ['done', 'rejected'])
  t.equal(calls.charge, 1)
})

void t.test('under a key a repeat charges nobody and answers the same payment', async (t) => {
  const { pay, orderId, calls, types } = await placedRig()
  const first = mustBeDone(await pay(orderId, aCard(), withKey('k')))
  const again = mustBeDone(await pay(orderId, aCard(), withKey('k')))
  t.strictSame(again, { ...first, replayed: true })
  t.equal(calls.charge, 1)
  t.equal((await types('order', orderId)).length, 3)
  t.match(await pay(orderId, aCard(), withKey('k', 'other')), { kind: 'key_reused' })
})

void t.test('under a key a repeat answers the payment as it is by then', async (t) => {
  const { pay, orderId, orders, cancel, refund } = await placedRig()
  const failed = mustBeDone(await pay(orderId, aCard({ number: DECLINED }), withKey('k')))
  const paid = mustBeDone(await pay(orderId))
  await orders.approve(aContext(), orderId, { reason, paymentId: paid.paymentId ?? null })
  await cancel()
  await refund(paid.paymentId)
  const again = mustBeDone(await pay(orderId, aCard({ number: DECLINED }), withKey('k')))
  t.match(again, { paymentId: failed.paymentId, version: 8, replayed: true })
  t.match(again.state, {
    status: 'CANCELLED',
    payments: [{ status: 'FAILED' }, { status: 'CANCELLED' }],
  })
})

void t.test('under a key a repeat after a crash before the charge does not charge', async (t) => {
  const { pay, orderId, eventStore, calls, settle } = await placedRig()
  eventStore.disturb = once('payment.submitted', async (_request, append) => {
    await append()
    throw new Error('crashed')
  })
  await t.rejects(pay(orderId, aCard(), withKey('k')))
  const { paymentId, state } = mustBeDone(await pay(orderId, aCard(), withKey('k')))
  t.match(state.payments, [{ id: paymentId, status: 'PROCESSING' }])
  t.match(await pay(orderId), { rejection: { code: 'payment_in_progress' } })
  t.equal(calls.charge, 0)
  t.match(mustBeDone(await settle(paymentId)).state.payments, [
    { status: 'FAILED', failure: { code: 'not_received' } },
  ])
  t.match(await pay(orderId), {
    kind: 'done',
    state: { payments: [{}, { status: 'SUCCEEDED' }] },
  })
})

void t.test(
  'under a key a crash after the charge is made good by settling, not by charging',
  async (t) => {
    const { pay, orderId, eventStore, calls, settle } = await placedRig()
    eventStore.disturb = once('payment.succeeded', async () => {
      throw new Error('crashed')
    })
    await t.rejects(pay(orderId, aCard(), withKey('k')))
    const { paymentId, state } = mustBeDone(await pay(orderId, aCard(), withKey('k')))
    t.match(state.payments, [{ id: paymentId, status: 'PROCESSING' }])
    t.match(await settle(paymentId), { state: { payments: [{ status: 'SUCCEEDED' }] } })
    t.match(await pay(orderId, aCard(), withKey('k')), {
      paymentId,
      state: { payments: [{ status: 'SUCCEEDED' }] },
    })
    t.match(calls, { charge: 1, find: 1, refund: 0 })
  },
)
