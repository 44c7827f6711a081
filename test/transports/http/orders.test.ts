// Orders over the real application: who may do what, what is refused and in which words, and the way of an order from
// being placed to a pet that is adopted.
import t from 'tap'
import type { TenantId } from '../../../src/core/ids.ts'
import {
  ADA,
  type Json,
  ordersApp,
  payment,
  refusalOf,
  STAFF_SCOPES,
  UNKNOWN_ID,
} from './orders-app.ts'

const rig = await ordersApp(t)
const { send, admit, place, staff, ada, bob, tokenOf, becomes } = rig

t.test('an order is placed, and is exactly what the contract says it is', async (t) => {
  const petId = await admit()
  const answer = await send('POST', '/v1/orders', { payload: { petId, userId: ADA } })
  t.equal(answer.statusCode, 201)
  const order = answer.json<Json>()
  t.match(order, { petId, userId: ADA, status: 'PLACED', totalAmount: '75.00', currency: 'USD' })
  t.strictSame(Object.keys(order).sort(), [
    'createdAt',
    'currency',
    'id',
    'petId',
    'status',
    'totalAmount',
    'updatedAt',
    'userId',
  ])
  t.equal(answer.headers.location, `/v1/orders/${String(order['id'])}`)
  t.equal(answer.headers.etag, '"v1"')
  t.type(answer.headers['event-cursor'], 'string')
  const read = await send('GET', String(answer.headers.location))
  t.strictSame(read.json(), order)
  t.equal(read.headers.etag, '"v1"')
  t.equal(read.headers['cache-control'], 'private, no-cache')
  const again = await send('GET', String(answer.headers.location), {
    headers: { 'if-none-match': '"v1"' },
  })
  t.equal(again.statusCode, 304)
  t.equal(await rig.statusOf(`/v1/orders/${String(order['id'])}`), 'PLACED')
})

t.test('an order may name its pet as the only one of its items', async (t) => {
  const petId = await admit()
  const items = [{ petId, quantity: 1 }]
  const answer = await send('POST', '/v1/orders', { payload: { items } })
  t.match(answer.json(), { petId, userId: ADA, status: 'PLACED' })
  const refused: readonly (readonly [object, readonly string[]])[] = [
    [{}, ['REQUIRED petId']],
    [{ items: [] }, ['TOO_SHORT items']],
    [{ items: [...items, ...items] }, ['TOO_LONG items']],
    [{ items: [{ petId, quantity: 2 }] }, ['INVALID_ENUM_VALUE items.0.quantity']],
    [{ items, petId: UNKNOWN_ID }, ['INVALID_VALUE items']],
    [{ items, colour: 'red' }, ['UNKNOWN_FIELD colour']],
    [{ petId: 'x', userId: 'y' }, ['INVALID_FORMAT petId', 'INVALID_FORMAT userId']],
    [{ quantity: 1 }, ['UNKNOWN_FIELD quantity', 'REQUIRED petId']],
  ]
  for (const [payload, errors] of refused) {
    t.strictSame(refusalOf(await send('POST', '/v1/orders', { payload })), [422, ...errors])
  }
})

t.test(
  'what cannot be ordered is refused: unknown, taken, removed and of another tenant',
  async (t) => {
    const order = (petId: string) => send('POST', '/v1/orders', { payload: { petId } })
    t.equal((await order(UNKNOWN_ID)).statusCode, 404)
    const { petId } = await place()
    t.strictSame(refusalOf(await order(petId)), [409, 'pet_not_available'])
    const gone = await admit()
    await send('DELETE', `/v1/pets/${gone}`, { as: staff })
    t.equal((await order(gone)).statusCode, 404)
    const held = await admit({ status: 'NOT_AVAILABLE' })
    t.strictSame(refusalOf(await order(held)), [409, 'pet_not_available'])
  },
)

t.test('a repeat under its Idempotency-Key is the first order again', async (t) => {
  const petId = await admit()
  const call = { payload: { petId }, headers: { 'idempotency-key': 'one-order' } }
  const first = await send('POST', '/v1/orders', call)
  const second = await send('POST', '/v1/orders', call)
  t.equal(second.statusCode, 201)
  t.strictSame(second.json(), first.json())
  t.equal(second.headers['idempotent-replayed'], 'true')
  const other = { ...call, payload: { petId: UNKNOWN_ID } }
  t.strictSame(refusalOf(await send('POST', '/v1/orders', other)), [
    422,
    'key_reused Idempotency-Key',
  ])
})

t.test(
  "everybody but staff sees and changes his own orders only: another's does not exist",
  async (t) => {
    const { orderId } = await place()
    const path = `/v1/orders/${orderId}`
    t.equal((await send('GET', path, { as: staff })).statusCode, 200)
    t.equal((await send('GET', path, { as: bob })).statusCode, 404)
    t.equal((await send('DELETE', path, { as: bob })).statusCode, 404)
    t.equal(
      (await send('POST', `${path}/payment`, { as: bob, payload: payment() })).statusCode,
      404,
    )
    t.equal((await send('GET', `/v1/orders/${UNKNOWN_ID}`)).statusCode, 404)
    // A client is nobody's buyer, whatever it is called.
    const client = await tokenOf(ADA, { kind: 'client' })
    t.equal((await send('GET', path, { as: client })).statusCode, 404)
    t.equal((await send('GET', '/v1/orders', { as: client })).statusCode, 403)
    for (const step of ['approve', 'ship', 'deliver']) {
      t.equal((await send('POST', `${path}/${step}`)).statusCode, 403, step)
    }
    t.equal(await rig.statusOf(path), 'PLACED')
  },
)

t.test('scopes are asked for before anything is looked at', async (t) => {
  const petId = await admit()
  t.equal((await send('POST', '/v1/orders', { as: {}, payload: { petId } })).statusCode, 401)
  t.equal((await send('GET', '/v1/orders', { as: {} })).statusCode, 401)
  const reader = await tokenOf(ADA, { scopes: ['read:orders'] })
  t.equal((await send('POST', '/v1/orders', { as: reader, payload: 1 as never })).statusCode, 403)
  const petKeeper = await tokenOf('keeper', { kind: 'client', scopes: ['write:pets'] })
  t.equal((await send('GET', '/v1/orders', { as: petKeeper })).statusCode, 403)
})

t.test('a buyer orders for himself; staff name the buyer, who has to exist', async (t) => {
  const petId = await admit()
  const order = (as: typeof ada, userId?: string) =>
    send('POST', '/v1/orders', { as, payload: { petId, userId } })
  t.equal((await order(bob, ADA)).statusCode, 403)
  t.strictSame(refusalOf(await order(staff)), [422, 'REQUIRED userId'])
  t.strictSame(refusalOf(await order(staff, UNKNOWN_ID)), [422, 'unknown_user userId'])
  const registered = await send('POST', '/v1/users', {
    as: {},
    payload: {
      username: 'grace',
      email: 'grace@example.org',
      firstName: 'Grace',
      lastName: 'Hopper',
      password: 'a long password',
    },
  })
  const { id } = registered.json<{ id: string }>()
  const answer = await order(staff, id)
  t.equal(answer.statusCode, 201)
  t.equal(answer.json<Json>()['userId'], id)
})

t.test('a cancelled order stays to be read, and its pet is free again', async (t) => {
  const { orderId, petId } = await place()
  const path = `/v1/orders/${orderId}`
  const stale = { headers: { 'if-match': '"v7"' } }
  t.equal((await send('DELETE', path, stale)).statusCode, 412)
  const answer = await send('DELETE', path, { headers: { 'if-match': '"v1"' } })
  t.equal(answer.statusCode, 204)
  t.equal(answer.body, '')
  t.equal((await send('GET', path)).json<Json>()['status'], 'CANCELLED')
  t.equal((await send('DELETE', path)).statusCode, 204, 'again is as well')
  await becomes(`/v1/pets/${petId}`, 'AVAILABLE')
  const next = await send('POST', '/v1/orders', { as: bob, payload: { petId } })
  t.equal(next.statusCode, 201, 'somebody else may have it')
})

t.test('steps are taken in their order; what does not follow is 409', async (t) => {
  const { orderId, petId } = await place()
  const path = `/v1/orders/${orderId}`
  const step = (name: string, payload?: object) =>
    send('POST', `${path}/${name}`, { as: staff, ...(payload === undefined ? {} : { payload }) })
  const wrong = [409, 'invalid_order_transition']
  t.strictSame(refusalOf(await step('ship')), wrong)
  t.strictSame(refusalOf(await step('deliver')), wrong)
  const approved = await step('approve', { reason: 'paid in cash' })
  t.equal(approved.statusCode, 200)
  t.match(approved.json(), { status: 'APPROVED' })
  t.equal(approved.headers.etag, '"v2"')
  t.equal((await step('approve')).headers.etag, '"v2"', 'a repeat records nothing')
  t.strictSame(refusalOf(await step('deliver')), wrong)
  t.strictSame(refusalOf(await step('ship', { why: 'x' })), [422, 'UNKNOWN_FIELD why'])
  t.match((await step('ship')).json(), { status: 'SHIPPED' })
  t.strictSame(refusalOf(await send('DELETE', path)), wrong)
  t.match((await step('deliver')).json(), { status: 'DELIVERED' })
  t.strictSame(refusalOf(await send('DELETE', path)), wrong)
  await becomes(`/v1/pets/${petId}`, 'ADOPTED')
})

t.test('from a payment to a pet that is adopted', async (t) => {
  const { orderId, petId } = await place()
  const path = `/v1/orders/${orderId}`
  const paid = await send('POST', `${path}/payment?include=outcome`, { payload: payment() })
  t.equal(paid.statusCode, 201)
  const { receiptId, ...shown } = paid.json<Json & { receiptId: string }>()
  t.match(shown, { status: 'SUCCEEDED', amount: '75.00', currency: 'USD' })
  await becomes(path, 'APPROVED')
  for (const [step, status] of [
    ['ship', 'SHIPPED'],
    ['deliver', 'DELIVERED'],
  ] as const) {
    const answer = await send('POST', `${path}/${step}`, { as: staff })
    t.equal(answer.json<Json>()['status'], status)
  }
  await becomes(`/v1/pets/${petId}`, 'ADOPTED')
  await rig.settled()
  const receipt = await send('GET', `/v1/receipts/${receiptId}`)
  t.equal(receipt.statusCode, 200)
  t.match(receipt.json(), {
    receiptId,
    orderId,
    petId,
    amount: '75.00',
    currency: 'USD',
    payment: { status: 'SUCCEEDED' },
  })
  t.equal((await send('GET', `/v1/receipts/${receiptId}`, { as: bob })).statusCode, 404)
  t.equal((await send('GET', `/v1/receipts/${receiptId}`, { as: staff })).statusCode, 200)
  t.equal((await send('GET', '/v1/receipts/rcp_unknown')).statusCode, 404)
  const withPayments = await send('GET', `${path}?include=payments`)
  t.match(withPayments.json(), { payments: [{ receiptId, status: 'SUCCEEDED' }] })
  t.not(withPayments.headers.etag, (await send('GET', path)).headers.etag)
})

t.test(
  'lists: newest first, by filter, page and cursor; a buyer has his own and staff have all',
  async (t) => {
    const tenant = rig.ports.ids() as TenantId
    const keeper = await tokenOf('desk', { kind: 'client', scopes: STAFF_SCOPES, tenant })
    const buyers = [await tokenOf(ADA, { tenant }), await tokenOf(UNKNOWN_ID, { tenant })] as const
    const placed: { id: string; petId: string }[] = []
    for (let number = 0; number < 5; number += 1) {
      const petId = await admit({}, keeper)
      const as = number % 2 === 0 ? buyers[0] : buyers[1]
      const answer = await send('POST', '/v1/orders', { as, payload: { petId } })
      placed.unshift(answer.json<{ id: string; petId: string }>())
    }
    const [newest, second, third, fourth, oldest] = placed.map(({ id }) => id)
    await send('DELETE', `/v1/orders/${String(oldest)}`, { as: keeper })
    await rig.settled()
    const list = async (query: string, as = keeper) => {
      const answer = await send('GET', `/v1/orders${query}`, { as })
      const { data, pagination } = answer.json<{ data: Json[]; pagination: Json }>()
      return { answer, ids: data?.map(({ id }) => id), pagination }
    }
    t.strictSame((await list('')).ids, [newest, second, third, fourth, oldest])
    t.strictSame((await list('', buyers[0])).ids, [newest, third, oldest])
    t.strictSame((await list(`?userId=${ADA}`)).ids, [newest, third, oldest])
    t.strictSame((await list(`?userId=${ADA}`, buyers[0])).ids, [newest, third, oldest])
    t.strictSame((await list('?status=CANCELLED')).ids, [oldest])
    t.strictSame((await list('?status=PLACED,CANCELLED&limit=2&page=3')).ids, [oldest])
    t.strictSame((await list(`?petId=${String(placed[1]?.petId)}`)).ids, [second])
    const paged = await list('?limit=2&page=2')
    t.strictSame(paged.ids, [third, fourth])
    t.strictSame(paged.pagination, { page: 2, limit: 2, totalItems: 5, totalPages: 3 })
    t.match(String(paged.answer.headers.link), /page=3&limit=2>; rel="next"/)
    const seen: unknown[] = []
    let cursor: unknown = ''
    while (cursor !== null) {
      const part = await list(`?limit=2&cursor=${String(cursor)}`)
      seen.push(...part.ids)
      cursor = part.pagination['nextCursor']
    }
    t.strictSame(seen, [newest, second, third, fourth, oldest])
    const held = String(paged.answer.headers.etag)
    const same = await send('GET', '/v1/orders?limit=2&page=2', {
      as: keeper,
      headers: { 'if-none-match': held },
    })
    t.equal(same.statusCode, 304)
    t.equal((await list('?include=payments')).ids.length, 5)
    t.equal((await list(`?userId=${UNKNOWN_ID}`, buyers[0])).answer.statusCode, 403)
    for (const query of [
      '?cursor=abc',
      '?cursor=&page=1',
      '?status=LOST',
      '?page=0',
      '?colour=red',
    ]) {
      t.equal((await list(query)).answer.statusCode, 400, query)
    }
  },
)

t.test('HEAD, OPTIONS and 405 come by themselves', async (t) => {
  const { orderId } = await place()
  const head = await send('HEAD', `/v1/orders/${orderId}`)
  t.strictSame([head.statusCode, head.body], [200, ''])
  const options = await send('OPTIONS', '/v1/orders')
  t.equal(options.headers.allow, 'GET, HEAD, POST, OPTIONS')
  const put = await send('PUT', '/v1/orders', { payload: {} })
  t.equal(put.statusCode, 405)
})
