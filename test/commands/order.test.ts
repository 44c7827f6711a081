// Orders, rule by rule: placing, every way between the statuses, and paying.
import t from 'tap'
import { MAX_PAYMENTS } from '../../src/commands/order-payments.ts'
import { orderAggregate, type OrderCommand, orderDecider } from '../../src/commands/order.ts'
import type { OrderEvent, OrderStatus } from '../../src/events/order.ts'
import { scenarios } from '../support/given-when-then.ts'
import {
  abandon,
  abandoned,
  approve,
  approved,
  cancel,
  cancelled,
  changed,
  deliver,
  delivered,
  failed,
  HISTORIES,
  occurredAt,
  place,
  placed,
  refund,
  refunded,
  settle,
  ship,
  shipped,
  submit,
  submitted,
  succeeded,
} from './order-histories.ts'

const scenario = scenarios(orderDecider)
const STATUSES = Object.keys(HISTORIES) as OrderStatus[]
const stateAfter = (events: readonly OrderEvent[]) =>
  events.reduce(orderDecider.evolve, orderDecider.initialState)

void t.test('placing', async (t) => {
  void t.test('records whose order it is, for which pet and at which price', async (t) => {
    scenario(t).given().when(place).then(placed)
  })
  void t.test('records money with two decimal places', async (t) => {
    scenario(t)
      .given()
      .when({ ...place, totalAmount: '075' })
      .then(placed)
  })
  void t.test('again on the same terms is already so, whatever became of it', async (t) => {
    for (const status of STATUSES) {
      scenario(t)
        .given(...HISTORIES[status])
        .when({ ...place, totalAmount: '75' })
        .then()
    }
  })
  void t.test('under the same id on other terms is refused', async (t) => {
    const { given } = scenario(t)
    for (const other of [
      { petId: 'p-2' },
      { userId: 'u-2' },
      { totalAmount: '76' },
      { currency: 'EUR' },
    ]) {
      given(placed)
        .when({ ...place, ...other })
        .thenRejected('order_already_placed')
    }
  })
  void t.test('comes too late once the order was abandoned', async (t) => {
    scenario(t).given(abandoned).when(place).thenRejected('order_abandoned')
  })
})

void t.test('abandoning', async (t) => {
  void t.test('closes an order that was never placed, once', async (t) => {
    const { given } = scenario(t)
    given().when(abandon).then(abandoned)
    given(abandoned).when(abandon).then()
  })
  void t.test('comes too late once the order was placed, whatever became of it', async (t) => {
    for (const status of STATUSES) {
      scenario(t)
        .given(...HISTORIES[status])
        .when(abandon)
        .thenRejected('order_already_placed')
    }
  })
  void t.test('may meet an empty stream, as placing may, and an abandoned one', async (t) => {
    const { creates, exists } = orderAggregate
    t.ok(creates(place) && creates(abandon))
    t.notOk([approve, ship, deliver, cancel, submit(), settle('failed'), refund()].some(creates))
    t.strictSame([[], [abandoned], [placed], HISTORIES.CANCELLED].map(stateAfter).map(exists), [
      false,
      true,
      true,
      true,
    ])
  })
})

void t.test('an order that was not placed, or was abandoned, is not there', async (t) => {
  const { given } = scenario(t)
  const later = [approve, ship, deliver, cancel, submit(), settle('succeeded'), refund()]
  for (const command of later) {
    given().when(command).thenRejected('order_not_found')
    given(abandoned).when(command).thenRejected('order_not_found')
  }
})

type Step = Extract<OrderCommand, { type: 'approve' | 'ship' | 'deliver' | 'cancel' }>
const STEPS: readonly Readonly<{ step: Step; to: OrderStatus; from: readonly OrderStatus[] }>[] = [
  { step: approve, from: ['PLACED'], to: 'APPROVED' },
  { step: ship, from: ['APPROVED'], to: 'SHIPPED' },
  { step: deliver, from: ['SHIPPED'], to: 'DELIVERED' },
  { step: cancel, from: ['PLACED', 'APPROVED'], to: 'CANCELLED' },
]

for (const { step, from, to } of STEPS) {
  void t.test(`${step.type} leads to ${to} from ${from.join(' or ')} alone`, async (t) => {
    for (const status of STATUSES) {
      const { when } = scenario(t).given(...HISTORIES[status])
      if (status === to) when(step).then()
      else if (!from.includes(status)) when(step).thenRejected('invalid_order_transition')
      else when({ ...step, reason: 'why' }).then(changed(status, to, { reason: 'why' }))
    }
  })
}

void t.test('a payment that succeeded approves its order, and is named as the cause', async (t) => {
  const { given } = scenario(t)
  const byPayment = { ...approve, paymentId: 'pay-1' }
  const cause = { kind: 'payment', id: 'pay-1' } as const
  given(placed, submitted(), succeeded())
    .when(byPayment)
    .then(changed('PLACED', 'APPROVED', { cause }))
  given(...HISTORIES.APPROVED)
    .when(byPayment)
    .then()
  given(...HISTORIES.CANCELLED)
    .when(byPayment)
    .thenRejected('invalid_order_transition')
  given(placed).when(byPayment).thenRejected('payment_not_found')
  given(placed, submitted()).when(byPayment).thenRejected('payment_in_progress')
  given(placed, submitted(), failed()).when(byPayment).thenRejected('invalid_order_transition')
})

void t.test('while a payment is being processed nobody approves or cancels', async (t) => {
  const { given } = scenario(t)
  given(placed, submitted()).when(approve).thenRejected('payment_in_progress')
  given(placed, submitted()).when(cancel).thenRejected('payment_in_progress')
  given(placed, submitted(), failed()).when(approve).then(approved)
  given(placed, submitted(), failed()).when(cancel).then(cancelled)
  given(placed, submitted(), succeeded()).when(cancel).then(cancelled)
})

void t.test('submitting a payment', async (t) => {
  void t.test('records what it is made with, and is a repeat under its own id', async (t) => {
    const { given } = scenario(t)
    given(placed).when(submit()).then(submitted())
    given(placed, submitted()).when(submit()).then()
    given(placed, submitted(), failed()).when(submit()).then()
    given(placed, submitted(), succeeded()).when(submit()).then()
  })
  void t.test('may be tried again after a failure, but not beside or after another', async (t) => {
    const { given } = scenario(t)
    given(placed, submitted(), failed()).when(submit('pay-2')).then(submitted('pay-2'))
    given(placed, submitted()).when(submit('pay-2')).thenRejected('payment_in_progress')
    given(placed, submitted(), succeeded()).when(submit('pay-2')).thenRejected('order_already_paid')
    given(placed, submitted(), succeeded(), approved)
      .when(submit('pay-2'))
      .thenRejected('order_already_paid')
  })
  void t.test('needs an order that is placed', async (t) => {
    for (const status of STATUSES.filter((each) => each !== 'PLACED')) {
      scenario(t)
        .given(...HISTORIES[status])
        .when(submit())
        .thenRejected('invalid_order_transition')
    }
    scenario(t)
      .given(placed, submitted(), succeeded(), cancelled)
      .when(submit('pay-2'))
      .thenRejected('invalid_order_transition')
  })
  void t.test("takes the order's amount in any spelling, and no other", async (t) => {
    const { given } = scenario(t)
    for (const amount of ['75', '75.0', '075.00']) {
      given(placed)
        .when({ ...submit(), amount })
        .then(submitted())
    }
    for (const amount of ['74.99', '75.01', '0', '7500']) {
      given(placed)
        .when({ ...submit(), amount })
        .thenRejected('payment_amount_mismatch', 'amount')
    }
    given(placed)
      .when({ ...submit(), currency: 'EUR' })
      .thenRejected('payment_currency_mismatch', 'currency')
  })
  void t.test('ends after a named number of tries', async (t) => {
    const tries = Array.from({ length: MAX_PAYMENTS }, (_, n) => `pay-${n}`)
    const events = tries.flatMap((id) => [submitted(id), failed(id)])
    const { given } = scenario(t)
    given(placed, ...events)
      .when(submit('one-more'))
      .thenRejected('payment_limit_reached')
    given(placed, ...events.slice(2))
      .when(submit('one-more'))
      .then(submitted('one-more'))
  })
})

void t.test('settling a payment', async (t) => {
  void t.test('records what the provider said, with a receipt for success', async (t) => {
    const { given } = scenario(t)
    given(placed, submitted()).when(settle('succeeded')).then(succeeded())
    given(placed, submitted()).when(settle('failed')).then(failed())
  })
  void t.test('is done once: the first outcome stands', async (t) => {
    const { given } = scenario(t)
    const settled = [
      [submitted(), succeeded()],
      [submitted(), failed()],
      [submitted(), succeeded(), cancelled, refunded()],
    ]
    for (const events of settled) {
      given(placed, ...events)
        .when(settle('succeeded'))
        .then()
      given(placed, ...events)
        .when(settle('failed'))
        .then()
    }
  })
  void t.test('needs a payment of this order', async (t) => {
    scenario(t).given(placed).when(settle('succeeded')).thenRejected('payment_not_found')
  })
})

void t.test('giving a payment back', async (t) => {
  void t.test('follows on the cancellation of a paid order, once', async (t) => {
    const { given } = scenario(t)
    given(placed, submitted(), succeeded(), cancelled).when(refund()).then(refunded())
    given(placed, submitted(), succeeded(), approved, changed('APPROVED', 'CANCELLED'))
      .when(refund())
      .then(refunded())
    given(placed, submitted(), succeeded(), cancelled, refunded()).when(refund()).then()
  })
  void t.test('is refused where the order stands or nothing was paid', async (t) => {
    const { given } = scenario(t)
    for (const events of [[], [approved], [approved, shipped], [approved, shipped, delivered]]) {
      given(placed, submitted(), succeeded(), ...events)
        .when(refund())
        .thenRejected('invalid_order_transition')
    }
    given(placed, submitted(), failed(), cancelled)
      .when(refund())
      .thenRejected('invalid_order_transition')
    given(placed, cancelled).when(refund()).thenRejected('payment_not_found')
  })
})

void t.test('the state tells what became of each payment', async (t) => {
  const state = stateAfter([
    placed,
    submitted('pay-1'),
    failed('pay-1'),
    submitted('pay-2'),
    succeeded('pay-2'),
    cancelled,
    refunded('pay-2'),
  ])
  t.match(state, {
    status: 'CANCELLED',
    payments: [
      { id: 'pay-1', status: 'FAILED', failure: { code: 'card_declined' }, receiptId: null },
      { id: 'pay-2', status: 'CANCELLED', failure: null, receiptId: 'rcp_pay-2' },
    ],
    updatedAt: occurredAt,
  })
})
