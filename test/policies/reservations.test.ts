// What policies do about reservations: who gets a pet next, and that it is never left to nobody.
import t from 'tap'
import { toTimestamp } from '../../src/core/clock.ts'
import { SHARED_TENANT } from '../../src/core/ids.ts'
import { anIntake } from '../support/builders.ts'
import { BY_HAND, policyRig, STAFF } from './rig.ts'

type Rig = ReturnType<typeof policyRig>
const today = (rig: Rig): string => toTimestamp(rig.clock()).slice(0, 10)

const completed = async (rig: Rig, adoptionId: string): Promise<void> => {
  await rig.adoptions.startReview(STAFF, adoptionId, BY_HAND)
  await rig.adoptions.approve(STAFF, adoptionId, BY_HAND)
  const result = await rig.adoptions.complete(STAFF, adoptionId, { date: today(rig) })
  if (result.kind !== 'done') throw new Error(`not completed: ${JSON.stringify(result)}`)
}

t.test('a cancelled order makes its pet available when nobody waits', async (t) => {
  const rig = policyRig()
  const petId = await rig.admit()
  const orderId = await rig.place(petId)
  await rig.orders.cancel(STAFF, orderId, BY_HAND)
  await rig.run('release-reservations')
  t.strictSame(await rig.petOf(petId), { status: 'AVAILABLE', for: undefined })
})

for (const end of ['withdraw', 'reject'] as const) {
  t.test(`after a ${end} the pet goes to the next in line without being available`, async (t) => {
    const rig = policyRig()
    const petId = await rig.admit()
    const [first, second, third] = [
      await rig.apply(petId),
      await rig.apply(petId),
      await rig.apply(petId),
    ]
    await rig.adoptions[end](STAFF, first, BY_HAND)
    await rig.run('release-reservations')
    t.strictSame(await rig.petOf(petId), { status: 'PENDING', for: second })
    t.match((await rig.newest('pet.status_changed'))?.data, { previousStatus: 'PENDING' })
    await rig.adoptions[end](STAFF, second, BY_HAND)
    await rig.run('release-reservations')
    t.strictSame(await rig.petOf(petId), { status: 'PENDING', for: third })
  })
}

t.test('somebody in line who leaves takes the pet from nobody', async (t) => {
  const rig = policyRig()
  const petId = await rig.admit()
  const orderId = await rig.place(petId)
  const waiting = await rig.apply(petId)
  await rig.adoptions.withdraw(STAFF, waiting, BY_HAND)
  await rig.settle()
  t.strictSame(await rig.petOf(petId), { status: 'PENDING', for: orderId })
})

t.test('one who left the line while the pet was handed over does not keep it', async (t) => {
  const rig = policyRig()
  const petId = await rig.admit()
  const [first, second, third] = [
    await rig.apply(petId),
    await rig.apply(petId),
    await rig.apply(petId),
  ]
  await rig.adoptions.reject(STAFF, first, BY_HAND)
  const { passOn } = rig.pets
  rig.application.pets = {
    ...rig.pets,
    passOn: async (context, id, input) => {
      if (input.to.id === second) await rig.adoptions.withdraw(STAFF, second, BY_HAND)
      return passOn(context, id, input)
    },
  }
  await rig.run('release-reservations')
  t.strictSame(await rig.petOf(petId), { status: 'PENDING', for: third })
})

t.test('a pet that comes free goes to who waits for it, the first in line first', async (t) => {
  const rig = policyRig()
  const petId = await rig.admit()
  const orderId = await rig.place(petId)
  const [first] = [await rig.apply(petId), await rig.apply(petId)]
  // Released without a look at the line: whoever placed the order gave it back himself.
  const cause = { kind: 'order', id: orderId } as const
  await rig.pets.release(STAFF, petId, { cause, reason: null })
  await rig.run('waiting-lists')
  t.strictSame(await rig.petOf(petId), { status: 'PENDING', for: first })
})

t.test('an application that came just after the pet was released gets it', async (t) => {
  const rig = policyRig()
  const petId = await rig.admit()
  const cause = { kind: 'order', id: await rig.place(petId) } as const
  const { readStream } = rig.eventStore
  let isReleased = false
  rig.eventStore.readStream = async (...of) => {
    const slice = await readStream(...of)
    if (!isReleased && of[0].category === 'pet' && of[1]?.direction === undefined) {
      const newest = slice.events.at(-1)
      if (newest?.data['status'] === 'PENDING') {
        isReleased = true
        await rig.pets.release(STAFF, petId, { cause, reason: null })
      }
    }
    return slice
  }
  const late = await rig.apply(petId)
  await rig.settle()
  t.strictSame(await rig.petOf(petId), { status: 'PENDING', for: late })
})

t.test('a pet that finds a home ends every other application, and says why', async (t) => {
  const rig = policyRig()
  const petId = await rig.admit()
  const [first, second] = [await rig.apply(petId), await rig.apply(petId)]
  await completed(rig, first)
  await rig.run('complete-pets')
  await rig.run('waiting-lists')
  t.equal(await rig.statusOf(first), 'COMPLETED')
  t.equal(await rig.statusOf(second), 'REJECTED')
  t.match(await rig.adoptions.get(SHARED_TENANT, second), { reason: 'the pet found a home' })
})

t.test(
  'whoever applies for a pet that came back is not turned away for its first home',
  async (t) => {
    const rig = policyRig()
    const petId = await rig.admit()
    await completed(rig, await rig.apply(petId))
    await rig.run('complete-pets')
    const back = {
      status: 'AVAILABLE',
      intake: anIntake({ kind: 'RETURN', date: today(rig) }),
    } as const
    await rig.pets.returnToCare(STAFF, petId, { ...back, reason: null })
    const next = await rig.apply(petId)
    await rig.settle() // waiting-lists sees the adoption only now
    t.equal(await rig.statusOf(next), 'SUBMITTED')
    t.strictSame(await rig.petOf(petId), { status: 'PENDING', for: next })
  },
)

t.test('a pet that leaves care otherwise ends the applications for it', async (t) => {
  for (const how of ['remove', 'recordOutcome'] as const) {
    const rig = policyRig()
    const petId = await rig.admit()
    const holder = await rig.apply(petId)
    const waiting = await rig.apply(petId)
    await rig.adoptions.withdraw(STAFF, holder, BY_HAND)
    const cause = { kind: 'adoption', id: holder } as const
    await rig.pets.release(STAFF, petId, { cause, reason: null })
    const outcome = { kind: 'DIED_IN_CARE', date: today(rig), destination: null } as const
    if (how === 'remove') await rig.pets.remove(STAFF, petId, BY_HAND)
    else await rig.pets.recordOutcome(STAFF, petId, { ...outcome, reason: null })
    await rig.settle()
    t.equal(await rig.statusOf(waiting), 'REJECTED', how)
  }
})

t.test('a delivered order and a completed adoption make their pets ADOPTED, once', async (t) => {
  const rig = policyRig()
  const [bought, adopted] = [await rig.admit(), await rig.admit()]
  const orderId = await rig.place(bought)
  await rig.pay(orderId)
  await rig.settle()
  await rig.orders.ship(STAFF, orderId, BY_HAND)
  await rig.orders.deliver(STAFF, orderId, BY_HAND)
  const adoptionId = await rig.apply(adopted)
  await completed(rig, adoptionId)
  await rig.run('complete-pets')
  t.equal((await rig.petOf(bought)).status, 'ADOPTED')
  t.equal((await rig.petOf(adopted)).status, 'ADOPTED')
  t.match((await rig.newest('pet.adopted'))?.data, { cause: { kind: 'adoption', id: adoptionId } })
  const head = await rig.eventStore.head()
  await rig.run('complete-pets')
  t.equal(await rig.eventStore.head(), head, 'again from the start of the log: nothing more')
})

for (const kind of ['order', 'adoption'] as const) {
  t.test(
    `a reservation whose ${kind} was never stored is released, and who stores it late fails`,
    async (t) => {
      const rig = policyRig()
      const petId = await rig.admit()
      const { append } = rig.eventStore
      let resume = (): void => {}
      const standing = new Promise<void>((resolve) => (resume = resolve))
      const reached = new Promise<void>((isReached) => {
        rig.eventStore.append = async (request) => {
          if (request.stream.category === kind && request.events[0]?.type !== `${kind}.abandoned`) {
            isReached()
            await standing
          }
          return append(request)
        }
      })
      const late = kind === 'order' ? rig.place(petId) : rig.apply(petId)
      late.catch(() => {})
      await reached
      t.equal((await rig.petOf(petId)).status, 'PENDING')
      t.match(await rig.run('orphaned-reservations'), { kind: 'done' })
      t.equal((await rig.petOf(petId)).status, 'AVAILABLE')
      resume()
      await t.rejects(late, { message: new RegExp(`${kind}_abandoned`) })
      t.match(await rig.run('orphaned-reservations'), { kind: 'done' })
      t.equal((await rig.petOf(petId)).status, 'AVAILABLE')
    },
  )
}

t.test('a reservation whose order stands is left alone', async (t) => {
  const rig = policyRig()
  const petId = await rig.admit()
  const orderId = await rig.place(petId)
  await rig.run('orphaned-reservations')
  t.strictSame(await rig.petOf(petId), { status: 'PENDING', for: orderId })
})

t.test('a reservation for an application that has ended is handed on', async (t) => {
  const rig = policyRig()
  const petId = await rig.admit()
  const [first, second] = [await rig.apply(petId), await rig.apply(petId)]
  await rig.adoptions.withdraw(STAFF, first, BY_HAND)
  await rig.run('orphaned-reservations')
  t.strictSame(await rig.petOf(petId), { status: 'PENDING', for: second })
})
