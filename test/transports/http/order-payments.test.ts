// Paying over the real application: both forms of every source, what is shown of it and what never is, and what is
// refused.
import t from 'tap'
import { until } from '../../projections/support.ts'
import { CARD, type Json, ordersApp, payment, refusalOf } from './orders-app.ts'

const rig = await ordersApp(t)
const { send, place, staff } = rig

const DECLINED = '4000000000000002'
const ANSWER_LOST = '4000000000000119'

const pay = async (payload: object, options: Readonly<{ query?: string }> = {}) => {
  const { orderId } = await place()
  const { query = '' } = options
  const answer = await send('POST', `/v1/orders/${orderId}/payment${query}`, { payload })
  return { orderId, answer, shown: answer.json<Json>() }
}

/** Everything that was stored and everything that is shown of an order, as one text. */
const everythingOf = async (orderId: string): Promise<string> => {
  await rig.settled()
  const { events } = await rig.ports.eventStore.readAll({ after: 0, limit: 10_000 })
  const read = await send('GET', `/v1/orders/${orderId}?include=payments`, { as: staff })
  const list = await send('GET', '/v1/orders?include=payments&limit=100', { as: staff })
  return (
    JSON.stringify(events.filter(({ streamId }) => streamId === orderId)) + read.body + list.body
  )
}

const address = { line1: '742 Evergreen', line2: 'Suite 9', city: 'Portland', country: 'US' }

t.test(
  'a card is shown by its brand and its end; its code and street are shown to nobody',
  async (t) => {
    const { shown, answer, orderId } = await pay(payment({ billingAddress: address }))
    t.equal(answer.statusCode, 201)
    t.strictSame(Object.keys(shown).sort(), [
      'amount',
      'createdAt',
      'currency',
      'id',
      'source',
      'status',
    ])
    t.strictSame(shown['source'], {
      object: 'card',
      name: 'Ada Byron',
      number: '************4242',
      expMonth: 12,
      expYear: 2030,
      brand: 'VISA',
      last4: '4242',
      billingAddress: { city: 'Portland', country: 'US' },
    })
    t.equal(shown['status'], 'SUCCEEDED')
    t.equal(answer.headers.location, `/v1/orders/${orderId}?include=payments`)
    const all = (await everythingOf(orderId)) + answer.body
    for (const secret of [CARD.number, '"cvc"', '"123"', '742 Evergreen', 'Suite 9', 'line1']) {
      t.notOk(all.includes(secret), secret)
    }
  },
)

t.test(
  'a card may come with a flat address, a code that is a number and a number in groups',
  async (t) => {
    const { shown } = await pay(
      payment({
        number: '4242 4242 4242 4242',
        cvc: 123,
        addressLine1: '742 Evergreen',
        addressCity: 'London',
        addressPostCode: 'N12 9XX',
        addressCountry: 'gb',
      }),
    )
    t.match(shown, {
      status: 'SUCCEEDED',
      source: {
        number: '************4242',
        billingAddress: { city: 'London', postalCode: 'N12 9XX', country: 'GB' },
      },
    })
  },
)

t.test(
  'a bank account comes as the schema or as the examples have it, and is shown as the schema has it',
  async (t) => {
    const schema = {
      object: 'bank_account',
      accountHolderName: 'Ada Byron',
      accountNumber: '000123456789',
      routingNumber: '110000000',
      accountType: 'CHECKING',
      bankName: 'Harbour Bank',
    }
    const { shown, orderId } = await pay({ amount: '75.00', currency: 'USD', source: schema })
    t.match(shown, { status: 'SUCCEEDED' })
    t.strictSame(shown['source'], { ...schema, accountNumber: '********6789', last4: '6789' })
    t.notOk((await everythingOf(orderId)).includes('000123456789'))
    for (const object of ['bank_account', 'bankAccount']) {
      const source = {
        object,
        name: 'Ada Byron',
        number: '00012345',
        sortCode: '00-01-23',
        accountType: 'individual',
        bankName: 'Harbour Bank',
        country: 'gb',
      }
      const other = await pay({ amount: '75.00', currency: 'usd', source })
      t.equal(other.answer.statusCode, 201, other.answer.body)
      t.strictSame(other.shown['source'], {
        object: 'bank_account',
        accountHolderName: 'Ada Byron',
        accountNumber: '****2345',
        routingNumber: '000000123',
        accountType: 'CHECKING',
        bankName: 'Harbour Bank',
        last4: '2345',
      })
    }
  },
)

t.test('of a short account number no more is shown than leaves four digits to guess', async (t) => {
  const source = {
    object: 'bank_account',
    accountHolderName: 'Ada Byron',
    accountNumber: '123456',
    routingNumber: '110000000',
    accountType: 'SAVINGS',
  }
  const { shown } = await pay({ amount: '75.00', source })
  t.match(shown['source'], { accountNumber: '****56', accountType: 'SAVINGS' })
  t.notMatch(shown['source'], { last4: String })
})

t.test('a payment that fails says why when asked, and another may be tried', async (t) => {
  const { orderId, shown } = await pay(payment({ number: DECLINED }), { query: '?include=outcome' })
  t.match(shown, { status: 'FAILED', failure: { code: 'card_declined' } })
  t.equal(await rig.statusOf(`/v1/orders/${orderId}`), 'PLACED')
  const next = await send('POST', `/v1/orders/${orderId}/payment`, { payload: payment() })
  t.match(next.json(), { status: 'SUCCEEDED' })
  await rig.becomes(`/v1/orders/${orderId}`, 'APPROVED')
  const read = await send('GET', `/v1/orders/${orderId}?include=payments`)
  t.match(read.json(), { payments: [{ status: 'FAILED' }, { status: 'SUCCEEDED' }] })
})

t.test(
  'while a payment is processed there is no second one, no approval and no cancelling',
  async (t) => {
    const { orderId, shown } = await pay(payment({ number: ANSWER_LOST }))
    t.equal(shown['status'], 'PROCESSING')
    const path = `/v1/orders/${orderId}`
    const refused = [409, 'payment_in_progress']
    t.strictSame(refusalOf(await send('POST', `${path}/payment`, { payload: payment() })), refused)
    t.strictSame(refusalOf(await send('POST', `${path}/approve`, { as: staff })), refused)
    t.strictSame(refusalOf(await send('DELETE', path)), refused)
  },
)

t.test('an order is paid once, at its own price, and while it waits to be paid', async (t) => {
  const { orderId } = await place()
  const path = `/v1/orders/${orderId}`
  const tried = async (payload: object) =>
    refusalOf(await send('POST', `${path}/payment`, { payload }))
  t.strictSame(await tried({ ...payment(), amount: '7.50' }), [
    422,
    'payment_amount_mismatch amount',
  ])
  t.strictSame(await tried({ ...payment(), currency: 'EUR' }), [
    422,
    'payment_currency_mismatch currency',
  ])
  await send('POST', `${path}/payment`, { payload: payment() })
  await rig.becomes(path, 'APPROVED')
  t.strictSame(await tried(payment()), [409, 'order_already_paid'])
  const cancelled = await place()
  await send('DELETE', `/v1/orders/${cancelled.orderId}`)
  const late = await send('POST', `/v1/orders/${cancelled.orderId}/payment`, { payload: payment() })
  t.strictSame(refusalOf(late), [409, 'invalid_order_transition'])
})

t.test(
  'what was paid for an order that is cancelled is given back, and the receipt keeps its day',
  async (t) => {
    const { orderId } = await pay(payment())
    const path = `/v1/orders/${orderId}`
    await rig.becomes(path, 'APPROVED')
    await rig.settled()
    const paid = await send('GET', `${path}?include=payments`)
    const receiptId = String(paid.json<{ payments: Json[] }>().payments[0]?.['receiptId'])
    const before = (await send('GET', `/v1/receipts/${receiptId}`)).json<Json>()
    t.equal((await send('DELETE', path)).statusCode, 204)
    await until('the payment is given back', async () => {
      const read = await send('GET', `${path}?include=payments`)
      return read.json<{ payments: Json[] }>().payments[0]?.['status'] === 'CANCELLED'
    })
    const after = (await send('GET', `/v1/receipts/${receiptId}`)).json<Json>()
    t.equal(after['issuedAt'], before['issuedAt'])
    t.match(after, { payment: { status: 'CANCELLED' } })
  },
)

t.test(
  'a payment repeated under its key is one payment; another card is another request',
  async (t) => {
    const { orderId } = await place()
    const path = `/v1/orders/${orderId}/payment`
    const headers = { 'idempotency-key': `pay-${orderId}` }
    const first = await send('POST', path, { payload: payment(), headers })
    const second = await send('POST', path, { payload: payment(), headers })
    t.equal(second.headers['idempotent-replayed'], 'true')
    t.equal(second.json<Json>()['id'], first.json<Json>()['id'])
    const other = await send('POST', path, { payload: payment({ number: DECLINED }), headers })
    t.strictSame(refusalOf(other), [422, 'key_reused Idempotency-Key'])
    const read = await send('GET', `/v1/orders/${orderId}?include=payments`)
    t.equal(read.json<{ payments: Json[] }>().payments.length, 1)
  },
)

t.test(
  'one answer names every field of a payment that is wrong, and quotes no number',
  async (t) => {
    const { orderId } = await place()
    const tried = async (payload: object) => {
      const answer = await send('POST', `/v1/orders/${orderId}/payment`, { payload })
      t.notMatch(answer.body, /4242424242/)
      const [status, ...errors] = refusalOf(answer)
      return [status, ...errors.map(String).sort()]
    }
    t.strictSame(await tried({}), [422, 'REQUIRED amount', 'REQUIRED source'])
    t.strictSame(await tried({ amount: '0.00', source: { object: 'card' } }), [
      422,
      'OUT_OF_RANGE amount',
      'REQUIRED source.expMonth',
      'REQUIRED source.expYear',
      'REQUIRED source.name',
      'REQUIRED source.number',
    ])
    t.strictSame(await tried({ amount: '75.00', source: { object: 'bank_account', sort: 1 } }), [
      422,
      'REQUIRED source.accountHolderName',
      'REQUIRED source.accountNumber',
      'REQUIRED source.accountType',
      'REQUIRED source.routingNumber',
      'UNKNOWN_FIELD source.sort',
    ])
    t.strictSame(
      await tried({
        amount: 'x',
        currency: 'XYZ',
        source: { ...CARD, number: '42424242424242424242', expMonth: 13, expYear: 2000, cvc: '1' },
        note: 'x',
      }),
      [
        422,
        'INVALID_ENUM_VALUE currency',
        'INVALID_FORMAT amount',
        'INVALID_FORMAT source.cvc',
        'INVALID_FORMAT source.number',
        'OUT_OF_RANGE source.expMonth',
        'OUT_OF_RANGE source.expYear',
        'UNKNOWN_FIELD note',
      ],
    )
    t.equal((await tried({ amount: '75.00', source: { object: 'cash' } }))[0], 422)
    t.equal(
      (await tried({ amount: '75.00', source: { ...CARD, number: '************4242' } }))[0],
      422,
    )
  },
)

t.test('a payment asks for the version of the order that it is based on', async (t) => {
  const { orderId } = await place()
  const url = `/v1/orders/${orderId}/payment`
  const stale = { payload: payment(), headers: { 'if-match': '"v7"' } }
  t.equal((await send('POST', url, stale)).statusCode, 412) // held to what is documented
  const etag = String((await send('GET', `/v1/orders/${orderId}`)).headers.etag)
  const current = { payload: payment(), headers: { 'if-match': etag } }
  t.equal((await send('POST', url, current)).statusCode, 201)
})
