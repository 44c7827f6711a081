// Orders over the log: one buyer gets the pet, at its price, and the order goes its way from there.
import t from 'tap'
import { SHARED_TENANT, tenantIdSchema } from '../../src/core/ids.ts'
import { aContext } from '../support/builders.ts'
import { TEST_TIME } from '../support/fixed-clock.ts'
import { BUYER, mustBeDone, orderRig, reason, withKey } from './order-rig.ts'

const OTHER_USER = '0199f3a0-7c1e-7a01-8000-0000000000c2'
const UNKNOWN = '0199f3a0-7c1e-7a01-8000-00000000ffff'
const STAFF = { actor: { kind: 'client', id: 'front-desk' } } as const

void t.test('an order has the price of its pet, which is reserved for it', async (t) => {
  const { place, admitPet, orders, types, petEvents } = orderRig()
  const petId = await admitPet('75')
  const result = mustBeDone(await place(petId))
  t.match(result, { version: 1, replayed: false })
  t.match(result.state, { petId, userId: BUYER, status: 'PLACED', payments: [] })
  t.match(result.state, { totalAmount: '75.00', currency: 'USD', createdAt: TEST_TIME })
  t.strictSame(await orders.get(SHARED_TENANT, result.id), {
    ...result.state,
    id: result.id,
    version: 1,
  })
  t.strictSame(await types('order', result.id), ['order.placed'])
  t.strictSame(await petEvents(petId), ['PENDING'])
})

void t.test('both steps are told to be of one request', async (t) => {
  const { place, admitPet, metadataOf } = orderRig()
  const petId = await admitPet()
  const { id } = mustBeDone(await place(petId, { correlationId: 'c-7', causationId: 'e-7' }))
  const expected = { actor: aContext().actor, correlationId: 'c-7', causationId: 'e-7' }
  t.strictSame((await metadataOf('pet', petId)).at(-1), expected)
  t.strictSame(await metadataOf('order', id), [expected])
})

void t.test('of many buyers at once exactly one gets the pet', async (t) => {
  const { place, admitPet, petEvents, everything } = orderRig()
  const petId = await admitPet()
  const results = await Promise.all(Array.from({ length: 5 }, () => place(petId)))
  t.equal(results.filter(({ kind }) => kind === 'done').length, 1)
  const refused = results.filter(({ kind }) => kind !== 'done')
  for (const result of refused) {
    t.match(result, { kind: 'rejected', rejection: { code: 'pet_not_available' } })
  }
  t.strictSame(await petEvents(petId), ['PENDING'])
  t.equal((await everything()).split('"order.placed"').length, 2)
})

void t.test("a pet that is unknown or another tenant's is not found", async (t) => {
  const { place, admitPet } = orderRig()
  t.strictSame(await place(UNKNOWN), { kind: 'not_found' })
  const tenantId = tenantIdSchema.parse('0199f3a0-7c1e-7a01-8000-0000000000f1')
  t.strictSame(await place(await admitPet(), { tenantId }), { kind: 'not_found' })
})

void t.test('a buyer orders for himself; staff order for users that there are', async (t) => {
  const { place, admitPet, register, petEvents, eventStore } = orderRig()
  const petId = await admitPet()
  const unknown = { kind: 'rejected', rejection: { code: 'unknown_user', field: 'userId' } }
  t.match(await place(petId, STAFF, OTHER_USER), unknown)
  t.strictSame(await petEvents(petId), [], 'and the pet is left alone')
  await register(OTHER_USER)
  const { id } = mustBeDone(await place(petId, { ...STAFF, ...withKey('k') }, OTHER_USER))
  await eventStore.append({
    stream: { tenantId: SHARED_TENANT, category: 'user', id: OTHER_USER },
    expectedVersion: 'any',
    events: [
      {
        type: 'user.deleted',
        schemaVersion: 1,
        data: { reason: null },
        eventId: UNKNOWN,
        occurredAt: TEST_TIME,
      },
    ],
    metadata: { actor: STAFF.actor, correlationId: 'c', causationId: null },
  })
  t.match(await place(await admitPet(), STAFF, OTHER_USER), unknown, 'nor for one who has left')
  const repeat = await place(petId, { ...STAFF, ...withKey('k') }, OTHER_USER)
  t.match(repeat, { kind: 'done', id, replayed: true }, 'but a repeat is answered as before')
})

void t.test('an order goes its way, and names the version that it must have', async (t) => {
  const { place, admitPet, orders } = orderRig()
  const { id } = mustBeDone(await place(await admitPet(), { expectedVersion: 9 }))
  const context = aContext()
  t.match(await orders.ship(context, id, { reason }), {
    rejection: { code: 'invalid_order_transition' },
  })
  const stale = aContext({ expectedVersion: 2 })
  t.strictSame(await orders.approve(stale, id, { reason, paymentId: null }), {
    kind: 'version_mismatch',
    actualVersion: 1,
  })
  t.match(await orders.approve(context, id, { reason, paymentId: null }), {
    kind: 'done',
    version: 2,
    state: { status: 'APPROVED' },
  })
  t.match(await orders.ship(context, id, { reason }), { state: { status: 'SHIPPED' } })
  t.match(await orders.ship(context, id, { reason }), { kind: 'done', version: 3 })
  t.match(await orders.deliver(context, id, { reason }), { state: { status: 'DELIVERED' } })
  t.match(await orders.cancel(context, id, { reason }), {
    rejection: { code: 'invalid_order_transition' },
  })
})

void t.test('an order that is unknown or was abandoned is not found', async (t) => {
  const { orders } = orderRig()
  const context = aContext()
  const notFound = { kind: 'not_found' }
  const asksFor = async (id: string) => {
    t.equal(await orders.get(SHARED_TENANT, id), undefined)
    t.strictSame(await orders.cancel(context, id, { reason }), notFound)
    t.strictSame(await orders.settlePayment(context, id, 'p'), notFound)
    t.strictSame(await orders.refundPayment(context, id, 'p'), notFound)
  }
  await asksFor(UNKNOWN)
  const abandoned = await orders.abandon(context, UNKNOWN, { petId: 'p-1', reason: 'late' })
  t.match(abandoned, { kind: 'done', state: { kind: 'abandoned' }, version: 1 })
  t.match(await orders.abandon(context, UNKNOWN, { petId: 'p-1', reason: 'late' }), { version: 1 })
  await asksFor(UNKNOWN)
})

void t.test('an order that was placed is not abandoned any more', async (t) => {
  const { place, admitPet, orders } = orderRig()
  const petId = await admitPet()
  const { id } = mustBeDone(await place(petId))
  t.match(await orders.abandon(aContext(), id, { petId, reason: 'late' }), {
    kind: 'rejected',
    rejection: { code: 'order_already_placed' },
  })
})

void t.test('lists come from the read model, with the tenant first', async (t) => {
  const { orders, pages } = orderRig()
  const query = { limit: 20, place: { page: 1 } } as const
  t.strictSame(await orders.list(SHARED_TENANT, query), {
    items: [],
    totalItems: 0,
    nextCursor: null,
  })
  t.strictSame(pages, [{ tenantId: SHARED_TENANT, query }])
})
