// Between the reservation of a pet and its order a crash may come: it costs at most the reservation, for a while, and
// under a key the repeat makes it good.
import t from 'tap'
import { Fault } from '../../src/core/fault.ts'
import { SHARED_TENANT } from '../../src/core/ids.ts'
import { aContext } from '../support/builders.ts'
import { mustBeDone, once, orderRig, reason, withKey } from './order-rig.ts'

const unknownOutcome = new Fault('append_outcome_unknown', 'the connection broke')

void t.test('under a key the same request again answers the same order', async (t) => {
  const { place, admitPet, petEvents, orders } = orderRig()
  const petId = await admitPet()
  const first = mustBeDone(await place(petId, withKey('k')))
  const again = mustBeDone(await place(petId, withKey('k')))
  t.strictSame(again, { ...first, replayed: true })
  await orders.cancel(aContext(), first.id, { reason })
  t.strictSame(await place(petId, withKey('k')), { ...first, replayed: true })
  t.strictSame(await petEvents(petId), ['PENDING'])
})

void t.test('under a key a crash after the reservation is made good by the repeat', async (t) => {
  const { place, admitPet, petEvents, eventStore, types } = orderRig()
  const petId = await admitPet()
  eventStore.disturb = once('order.placed', async () => {
    throw new Fault('event_store_unavailable', 'gone')
  })
  await t.rejects(place(petId, withKey('k')), { code: 'event_store_unavailable' })
  t.strictSame(await petEvents(petId), ['PENDING'], 'the reservation is left alone')
  t.match(await place(petId), { rejection: { code: 'pet_not_available' } })
  const { id, replayed } = mustBeDone(await place(petId, withKey('k')))
  t.equal(replayed, false)
  t.strictSame(await types('order', id), ['order.placed'])
  t.strictSame(await petEvents(petId), ['PENDING'])
  t.match(await place(petId, withKey('k')), { kind: 'done', id, replayed: true })
})

void t.test(
  'under a key a repeat keeps the price that the pet had at its reservation',
  async (t) => {
    const { place, admitPet, pets, eventStore } = orderRig()
    const petId = await admitPet('75')
    eventStore.disturb = once('order.placed', async () => {
      throw new Fault('event_store_unavailable', 'gone')
    })
    await t.rejects(place(petId, withKey('k')))
    await pets.revise(aContext(), petId, { changes: { price: '99' } })
    t.match(await place(petId, withKey('k')), { kind: 'done', state: { totalAmount: '75.00' } })
  },
)

void t.test(
  'under a key an append of unknown outcome keeps pet and order, stored or not',
  async (t) => {
    for (const isStored of [true, false]) {
      const { place, admitPet, petEvents, eventStore, everything } = orderRig()
      const petId = await admitPet()
      eventStore.disturb = once('order.placed', async (_request, append) => {
        if (isStored) await append()
        throw unknownOutcome
      })
      await t.rejects(place(petId, withKey('k')), { code: 'append_outcome_unknown' })
      t.strictSame(await petEvents(petId), ['PENDING'])
      t.notMatch(await everything(), 'order.abandoned')
      t.match(await place(petId, withKey('k')), { kind: 'done', replayed: isStored })
      t.equal((await everything()).split('"order.placed"').length, 2)
    }
  },
)

void t.test('under a key a reservation of unknown outcome is found by the repeat', async (t) => {
  const { place, admitPet, petEvents, eventStore } = orderRig()
  const petId = await admitPet()
  eventStore.disturb = once('pet.status_changed', async (_request, append) => {
    await append()
    throw unknownOutcome
  })
  await t.rejects(place(petId, withKey('k')), { code: 'append_outcome_unknown' })
  t.match(await place(petId, withKey('k')), { kind: 'done', replayed: false })
  t.strictSame(await petEvents(petId), ['PENDING'])
})

void t.test('under a key a full log is waited out with the reservation kept', async (t) => {
  const { place, admitPet, petEvents, eventStore } = orderRig()
  const petId = await admitPet()
  eventStore.disturb = once('order.placed', async () => ({ kind: 'overloaded', retryAfterMs: 5 }))
  t.strictSame(await place(petId, withKey('k')), { kind: 'overloaded', retryAfterMs: 5 })
  t.strictSame(await petEvents(petId), ['PENDING'])
  t.match(await place(petId, withKey('k')), { kind: 'done', replayed: false })
})

void t.test('under a key another request is refused, and keeps no pet', async (t) => {
  const { place, admitPet, petEvents, orders } = orderRig()
  const first = await admitPet()
  const second = await admitPet()
  const { id } = mustBeDone(await place(first, withKey('k', 'one')))
  t.strictSame(await place(second, withKey('k', 'two')), { kind: 'key_reused' })
  t.strictSame(await petEvents(second), [])
  await orders.ship(aContext(withKey('s')), id, { reason })
  await orders.approve(aContext(withKey('s')), id, { reason, paymentId: null })
  t.strictSame(await place(second, withKey('s', 'other')), { kind: 'key_reused' })
  t.strictSame(await petEvents(second), ['PENDING', 'AVAILABLE'], 'it is given back at once')
})

void t.test('under a key an order that was abandoned since comes too late', async (t) => {
  const { place, admitPet, petEvents, eventStore, orders, everything } = orderRig()
  const petId = await admitPet()
  let orderId = ''
  eventStore.disturb = once('order.placed', async ({ stream }) => {
    orderId = stream.id
    throw unknownOutcome
  })
  await t.rejects(place(petId, withKey('k')))
  await orders.abandon(aContext(), orderId, { petId, reason: 'too late' })
  const late = { kind: 'rejected', rejection: { code: 'order_abandoned' } }
  t.match(await place(petId, withKey('k')), late)
  t.strictSame(await petEvents(petId), ['PENDING', 'AVAILABLE'], 'and the pet is given back')
  mustBeDone(await place(petId))
  t.match(await place(petId, withKey('k')), late)
  t.strictSame(await petEvents(petId), ['PENDING', 'AVAILABLE', 'PENDING'], 'once')
  t.equal((await everything()).split('"order.placed"').length, 2)
})

void t.test(
  'without a key an order that lost to its abandonment gives the pet back at once',
  async (t) => {
    const { place, admitPet, petEvents, eventStore, orders } = orderRig()
    const petId = await admitPet()
    eventStore.disturb = once('order.placed', async ({ stream }, append) => {
      await orders.abandon(aContext(), stream.id, { petId, reason: 'too late' })
      return append()
    })
    t.match(await place(petId), { kind: 'rejected', rejection: { code: 'order_abandoned' } })
    t.strictSame(await petEvents(petId), ['PENDING', 'AVAILABLE'])
  },
)

void t.test('without a key a full log gives the pet back as far as it can', async (t) => {
  const { place, admitPet, petEvents, eventStore } = orderRig()
  const petId = await admitPet()
  eventStore.disturb = once('order.placed', async () => ({ kind: 'overloaded', retryAfterMs: 5 }))
  t.strictSame(await place(petId), { kind: 'overloaded', retryAfterMs: 5 })
  t.strictSame(await petEvents(petId), ['PENDING', 'AVAILABLE'])
  eventStore.disturb = async (request, append) =>
    request.stream.category === 'order' ? { kind: 'overloaded', retryAfterMs: 5 } : append()
  t.strictSame(await place(petId), { kind: 'overloaded', retryAfterMs: 5 })
  t.strictSame(
    await petEvents(petId),
    ['PENDING', 'AVAILABLE', 'PENDING'],
    'a pet whose order could not be closed stays reserved',
  )
})

void t.test('without a key an append of unknown outcome leaves the pet reserved', async (t) => {
  const { place, admitPet, petEvents, eventStore } = orderRig()
  const petId = await admitPet()
  eventStore.disturb = once('order.placed', async () => {
    throw unknownOutcome
  })
  await t.rejects(place(petId), { code: 'append_outcome_unknown' })
  t.strictSame(await petEvents(petId), ['PENDING'])
})

void t.test('a pet is not given back when its order turns out to be placed', async (t) => {
  const { place, admitPet, petEvents, eventStore, orders } = orderRig()
  const petId = await admitPet()
  // The same request arrives twice, and the slower one is told that it lost for good.
  eventStore.disturb = once('order.placed', async (_request, append) => {
    await append()
    return { kind: 'key_reused' }
  })
  t.strictSame(await place(petId, withKey('k')), { kind: 'key_reused' })
  t.strictSame(await petEvents(petId), ['PENDING'])
  const { id } = mustBeDone(await place(petId, withKey('k')))
  t.match(await orders.get(SHARED_TENANT, id), { status: 'PLACED' })
})
