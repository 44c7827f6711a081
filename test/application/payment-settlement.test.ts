// A payment's provider may throw, hang, take long or come too late: what became of the payment is found out, and its
// number is told to nobody else.
import t from 'tap'
import type { ChargeOutcome, PaymentProvider } from '../../src/core/payments.ts'
import { aCard, mustBeDone, once, paymentIn, placedRig, type RigOptions } from './order-rig.ts'

const DECLINED = '4000000000000002'
const ANSWER_LOST = '4000000000000119'
const SUCCEEDS_LATER = '4000000000000077'
const FAILS_LATER = '4000000000000341'

const hangs: RigOptions['provider'] = (sandbox) => ({
  ...sandbox,
  charge: () => new Promise<never>(() => undefined),
})

void t.test('a provider that throws after the money moved is asked again later', async (t) => {
  const { pay, orderId, settle, calls, logged, cancel } = await placedRig()
  const { paymentId, state, version } = mustBeDone(
    await pay(orderId, aCard({ number: ANSWER_LOST })),
  )
  t.equal(version, 2)
  t.match(state.payments, [{ id: paymentId, status: 'PROCESSING' }])
  t.match(logged, [/the outcome of a payment is unknown .*provider sandbox failed/])
  t.match(await cancel(), { rejection: { code: 'payment_in_progress' } })
  t.match(await settle(paymentId), { kind: 'done', state: { payments: [{ status: 'SUCCEEDED' }] } })
  t.match(await settle(paymentId), { kind: 'done', version: 3 })
  t.match(calls, { charge: 1, find: 1, refund: 0 }, 'what is settled is not asked for again')
})

void t.test('a provider that does not answer in time is asked again later', async (t) => {
  const { pay, orderId, logged, settle } = await placedRig({
    provider: hangs,
    providerDeadlineMs: 5,
  })
  const { paymentId, state } = mustBeDone(await pay(orderId))
  t.match(state.payments, [{ id: paymentId, status: 'PROCESSING' }])
  t.match(logged, [/did not answer in time/])
  t.match(await settle(paymentId), {
    state: { payments: [{ status: 'FAILED', failure: { code: 'not_received' } }] },
  })
})

void t.test('a payment that takes long is settled when the provider has decided', async (t) => {
  for (const [number, status] of [
    [SUCCEEDS_LATER, 'SUCCEEDED'],
    [FAILS_LATER, 'FAILED'],
  ] as const) {
    const { pay, orderId, settle, clock } = await placedRig()
    const { paymentId, version } = mustBeDone(await pay(orderId, aCard({ number })))
    const waiting = mustBeDone(await settle(paymentId))
    t.match(waiting, { version, position: Number, state: { payments: [{ status: 'PROCESSING' }] } })
    clock.advance(1_000)
    t.match(await settle(paymentId), { state: { payments: [{ status }] } })
  }
})

void t.test('settling fails loudly while the provider cannot be asked', async (t) => {
  const provider = (sandbox: PaymentProvider): PaymentProvider => ({
    ...sandbox,
    find: async () => {
      throw new Error('number 4000000000000119 is not welcome')
    },
  })
  const { pay, orderId, settle, order } = await placedRig({ provider })
  const { paymentId } = mustBeDone(await pay(orderId, aCard({ number: ANSWER_LOST })))
  await t.rejects(settle(paymentId), {
    code: 'payment_provider_unavailable',
    message: 'the payment provider sandbox failed',
    cause: undefined,
  })
  t.equal(paymentIn(await order(), paymentId)?.status, 'PROCESSING')
  t.match(await settle('p-unknown'), { rejection: { code: 'payment_not_found' } })
})

void t.test('a charge whose outcome cannot be recorded is settled later', async (t) => {
  const { pay, orderId, eventStore, settle, logged } = await placedRig()
  eventStore.disturb = once('payment.succeeded', async () => ({
    kind: 'overloaded',
    retryAfterMs: 1,
  }))
  const { paymentId, state } = mustBeDone(await pay(orderId))
  t.match(state.payments, [{ status: 'PROCESSING' }])
  t.match(logged, [/to be settled later/])
  t.match(await settle(paymentId), { state: { payments: [{ status: 'SUCCEEDED' }] } })
})

for (const [what, close, refunds] of [
  ['is not taken', {}, 0],
  ['is given back by a provider that did not refuse it', { close: async () => undefined }, 1],
] as const) {
  void t.test(`money for a payment that had been given up ${what}`, async (t) => {
    // The process stood still between recording the payment and asking for the money.
    let resume = (): void => undefined
    let isAsked = (): void => undefined
    const asked = new Promise<void>((resolve) => (isAsked = resolve))
    const provider = (sandbox: PaymentProvider): PaymentProvider => ({
      ...sandbox,
      ...close,
      charge: async (charge) => {
        isAsked()
        await new Promise<void>((resolve) => (resume = resolve))
        return sandbox.charge(charge)
      },
    })
    const { pay, orderId, order, settle, calls } = await placedRig({ provider })
    const paying = pay(orderId)
    await asked
    const [payment] = (await order())?.payments ?? []
    t.match(await settle(payment?.id), { state: { payments: [{ status: 'FAILED' }] } })
    resume()
    t.match(await paying, { kind: 'done', state: { payments: [{ status: 'FAILED' }] } })
    t.match(calls, { charge: 1, find: 1, refund: refunds })
  })
}

void t.test('giving back', async (t) => {
  void t.test('a cancelled order gives its payment back, once', async (t) => {
    const { pay, orderId, cancel, refund, calls } = await placedRig()
    const { paymentId } = mustBeDone(await pay(orderId))
    t.match(await refund(paymentId), { rejection: { code: 'invalid_order_transition' } })
    t.equal(calls.refund, 0, 'nothing is given back for an order that stands')
    mustBeDone(await cancel())
    const done = mustBeDone(await refund(paymentId))
    t.match(done.state, { status: 'CANCELLED', payments: [{ status: 'CANCELLED' }] })
    t.match(await refund(paymentId), { kind: 'done', version: done.version })
    t.equal(calls.refund, 1)
  })
  void t.test('a payment that failed or is unknown is not given back', async (t) => {
    const { pay, orderId, cancel, refund, calls } = await placedRig()
    const { paymentId } = mustBeDone(await pay(orderId, aCard({ number: DECLINED })))
    mustBeDone(await cancel())
    t.match(await refund(paymentId), { rejection: { code: 'invalid_order_transition' } })
    t.match(await refund('p-unknown'), { rejection: { code: 'payment_not_found' } })
    t.equal(calls.refund, 0)
  })
  void t.test('is not recorded while the provider cannot be asked', async (t) => {
    let isDown = true
    const provider = (sandbox: PaymentProvider): PaymentProvider => ({
      ...sandbox,
      refund: (...of) => (isDown ? Promise.reject(new Error('down')) : sandbox.refund(...of)),
    })
    const { pay, orderId, cancel, refund, order } = await placedRig({ provider })
    const { paymentId } = mustBeDone(await pay(orderId))
    mustBeDone(await cancel())
    await t.rejects(refund(paymentId), { code: 'payment_provider_unavailable' })
    t.equal(paymentIn(await order(), paymentId)?.status, 'SUCCEEDED')
    isDown = false
    t.match(await refund(paymentId), { state: { payments: [{ status: 'CANCELLED' }] } })
  })
})

const NUMBER = '4242424242424242'

void t.test('the number reaches the provider, and no event, log line or error', async (t) => {
  const tells = [
    async (): Promise<ChargeOutcome> => {
      throw new Error(`declined: ${NUMBER}`)
    },
    async (): Promise<ChargeOutcome> => ({
      kind: 'failed',
      code: 'card_declined',
      message: 'The card 4242 4242 4242 4242 was declined.',
    }),
    (): Promise<ChargeOutcome> => {
      throw new Error(NUMBER)
    },
  ]
  for (const tell of tells) {
    const seen: string[] = []
    const provider = (sandbox: PaymentProvider): PaymentProvider => ({
      ...sandbox,
      charge: ({ source }) => {
        seen.push(source.object === 'card' ? source.number : '')
        return tell()
      },
    })
    const { pay, orderId, logged, everything } = await placedRig({ provider })
    const address = {
      line1: NUMBER,
      line2: null,
      city: NUMBER,
      state: null,
      postalCode: null,
      country: null,
    }
    const source = aCard({ number: NUMBER, name: NUMBER, cvc: '987', billingAddress: address })
    const answer = await pay(orderId, source)
    t.equal(answer.kind, 'done')
    t.strictSame(seen, [NUMBER])
    const told = (await everything()) + logged.join('\n') + JSON.stringify(answer)
    t.notMatch(told, NUMBER)
    t.notMatch(told, '4242 4242')
    t.notMatch(told, '"cvc"')
  }
})
