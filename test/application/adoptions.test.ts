// Applications and the reservations behind them: exactly one applicant holds a pet, whatever fails in between.
import t, { type Test } from 'tap'
import type { AdoptionResult } from '../../src/application.ts'
import { Fault } from '../../src/core/fault.ts'
import { SHARED_TENANT } from '../../src/core/ids.ts'
import { aContext } from '../support/builders.ts'
import { ADA, adoptionRig, application, by, EVE, idOf, reason, withKey } from './adoption-rig.ts'
import { once } from './order-rig.ts'

const NOBODY = '0199f3a0-7c1e-7a01-8000-0000000000ff'

const isRejected = (t: Test, result: AdoptionResult, code: string, field?: string): void => {
  t.match(result, { kind: 'rejected', rejection: { code } })
  if (field !== undefined) t.match(result, { rejection: { field } })
}
const overloaded = { kind: 'overloaded', retryAfterMs: 10 } as const

t.test('submitting reserves the pet, and stores the application', async (t) => {
  const { submitted, admitted, petNow, adoptions } = adoptionRig()
  const petId = await admitted()
  const result = await submitted(petId, ADA)
  const id = idOf(result)
  t.match(result, { kind: 'done', replayed: false, version: 1, state: { status: 'SUBMITTED' } })
  t.match(await petNow(petId), { status: 'PENDING', reservedFor: { kind: 'adoption', id } })
  t.match(await adoptions.get(SHARED_TENANT, id), {
    id,
    petId,
    applicantId: ADA,
    wasWaiting: false,
    holdsReservation: true,
  })
})

t.test('of many who apply for a pet at once one holds it and the others are refused', async (t) => {
  const { submitted, admitted, typesOf } = adoptionRig()
  const petId = await admitted()
  const many = Array.from({ length: 8 }, (_, n) => `0199f3a0-7c1e-7a01-8000-0000000001${n}0`)
  const results = await Promise.all(many.map((who) => submitted(petId, who)))
  t.equal(results.filter(({ kind }) => kind === 'done').length, 1)
  for (const result of results)
    if (result.kind !== 'done') isRejected(t, result, 'pet_not_available')
  t.strictSame(await typesOf('adoption'), ['adoption.submitted'])
})

t.test('a pet that nobody knows, or that was removed, is not found', async (t) => {
  const { submitted, admitted, pets } = adoptionRig()
  t.same(await submitted(NOBODY, ADA), { kind: 'not_found' })
  const petId = await admitted()
  await pets.remove(aContext(), petId, { reason })
  t.same(await submitted(petId, ADA), { kind: 'not_found' })
})

t.test('staff apply for users of the tenant only', async (t) => {
  const { adoptions, admitted, userIs } = adoptionRig()
  const petId = await admitted()
  const byStaff = () => adoptions.submit(aContext(), application(petId, EVE))
  isRejected(t, await byStaff(), 'unknown_user', 'applicantId')
  await userIs(EVE, 'register')
  t.equal((await byStaff()).kind, 'done')
  await userIs(EVE, 'delete')
  isRejected(t, await byStaff(), 'unknown_user', 'applicantId')
})

t.test('a second application by the same person for the same pet is refused', async (t) => {
  for (const waitingLists of [false, true]) {
    const { submitted, admitted, adoptions } = adoptionRig({ waitingLists })
    const petId = await admitted()
    const id = idOf(await submitted(petId, ADA))
    isRejected(t, await submitted(petId, ADA), 'adoption_already_submitted')
    await adoptions.withdraw(by(ADA), id, { reason })
    const next = await submitted(petId, ADA)
    if (waitingLists) t.match(next, { kind: 'done', state: { wasWaiting: true } }, 'it has ended')
    else isRejected(t, next, 'pet_not_available')
  }
})

t.test('two sent at the same moment by one person who has to wait are one', async (t) => {
  const { submitted, admitted, typesOf } = adoptionRig({ waitingLists: true })
  const petId = await admitted()
  await submitted(petId, ADA)
  const results = await Promise.all([submitted(petId, EVE), submitted(petId, EVE)])
  t.strictSame(results.map(({ kind }) => kind).sort(), ['done', 'rejected'])
  t.strictSame(await typesOf('adoption'), ['adoption.submitted', 'adoption.submitted'])
})

t.test('with a waiting list who comes later waits, and nobody passes who waits', async (t) => {
  const { submitted, admitted, petNow, adoptions, pets } = adoptionRig({ waitingLists: true })
  const petId = await admitted()
  const first = idOf(await submitted(petId, ADA))
  const second = await submitted(petId, EVE)
  t.match(second, { kind: 'done', state: { wasWaiting: true } })
  const cause = { kind: 'adoption', id: first } as const
  t.same((await petNow(petId)).reservedFor, cause)

  await adoptions.withdraw(by(ADA), first, { reason })
  await pets.release(aContext(), petId, { cause, reason })
  const third = await submitted(petId, NOBODY)
  t.match(third, { kind: 'done', state: { wasWaiting: true } }, 'though the pet is available')
  t.equal((await petNow(petId)).status, 'AVAILABLE')
  const asOf = 0
  t.equal(await adoptions.nextInLine(SHARED_TENANT, petId, { asOf, except: null }), idOf(second))
  t.equal(
    await adoptions.nextInLine(SHARED_TENANT, petId, { asOf, except: idOf(second) }),
    idOf(third),
  )
  t.strictSame(await adoptions.openFor(SHARED_TENANT, petId, { asOf }), [idOf(second), idOf(third)])
})

t.test('a waiting list is for pets that can come free', async (t) => {
  const { submitted, admitted, pets } = adoptionRig({ waitingLists: true })
  const petId = await admitted()
  await pets.revise(aContext(), petId, { changes: {}, status: 'NOT_AVAILABLE' })
  isRejected(t, await submitted(petId, ADA), 'pet_not_available')
})

t.test('a read model that is behind is told, and nobody is let past the line', async (t) => {
  const { submitted, admitted, readModel, adoptions, petNow } = adoptionRig({ waitingLists: true })
  const petId = await admitted()
  readModel.isBehind = true
  await t.rejects(submitted(petId, ADA), new Fault('deadline_exceeded', 'the read model is behind'))
  t.equal((await petNow(petId)).status, 'AVAILABLE')
  const options = { asOf: 1, except: null }
  await t.rejects(adoptions.nextInLine(SHARED_TENANT, petId, options), Fault)
  await t.rejects(adoptions.openFor(SHARED_TENANT, petId, options), Fault)
})

t.test('what holds the pet is approved and completed; what waits is not', async (t) => {
  const { submitted, admitted, adoptions, pets } = adoptionRig({ waitingLists: true })
  const petId = await admitted()
  const first = idOf(await submitted(petId, ADA))
  const second = idOf(await submitted(petId, EVE))
  const staff = aContext()
  for (const id of [first, second]) await adoptions.startReview(staff, id, { reason })
  isRejected(t, await adoptions.approve(staff, second, { reason }), 'adoption_is_waiting')
  t.match(await adoptions.approve(staff, first, { reason }), { state: { status: 'APPROVED' } })
  const date = '2026-08-22'
  isRejected(t, await adoptions.complete(staff, second, { date }), 'invalid_adoption_transition')
  const from = { kind: 'adoption', id: first } as const
  const to = { kind: 'adoption', id: second } as const
  await adoptions.withdraw(by(ADA), first, { reason })
  await pets.passOn(staff, petId, { from, to })
  t.match(await adoptions.approve(staff, second, { reason }), { state: { status: 'APPROVED' } })
  isRejected(
    t,
    await adoptions.complete(staff, second, { date: '2027-01-01' }),
    'date_in_future',
    'date',
  )
  t.match(await adoptions.complete(staff, second, { date }), {
    state: { status: 'COMPLETED', completedOn: date },
  })
})

t.test('a list says of each application whether it holds its pet', async (t) => {
  const { submitted, admitted, adoptions } = adoptionRig({ waitingLists: true })
  const petIds = [await admitted(), await admitted()]
  for (const petId of petIds) for (const who of [ADA, EVE]) await submitted(petId, who)
  const page = await adoptions.list(SHARED_TENANT, { limit: 10, place: { page: 1 } })
  if (page === 'bad_cursor') throw new Error(page)
  t.strictSame(
    page.items.map(({ applicantId, holdsReservation }) => [applicantId, holdsReservation]),
    [
      [ADA, true],
      [EVE, false],
      [ADA, true],
      [EVE, false],
    ],
  )
})

t.test('sent twice under one key it happens once', async (t) => {
  const { submitted, admitted, typesOf, adoptions } = adoptionRig()
  const petId = await admitted()
  const first = await submitted(petId, ADA, withKey('k'))
  await adoptions.withdraw(by(ADA), idOf(first), { reason })
  const again = await submitted(petId, ADA, withKey('k'))
  t.match(again, { kind: 'done', replayed: true, id: idOf(first), state: { status: 'SUBMITTED' } })
  t.same(await submitted(petId, ADA, withKey('k', 'another request')), { kind: 'key_reused' })
  t.strictSame(await typesOf('adoption'), ['adoption.submitted', 'adoption.status_changed'])
})

t.test('one that waits, sent again under its key, still waits and reserves nothing', async (t) => {
  const { submitted, admitted, pets, petNow } = adoptionRig({ waitingLists: true })
  const petId = await admitted()
  const holder = idOf(await submitted(petId, ADA))
  const first = await submitted(petId, EVE, withKey('k'))
  await pets.release(aContext(), petId, { cause: { kind: 'adoption', id: holder }, reason })
  const again = await submitted(petId, EVE, withKey('k'))
  t.match(again, { kind: 'done', replayed: true, id: idOf(first), state: { wasWaiting: true } })
  t.equal((await petNow(petId)).status, 'AVAILABLE')
})

t.test('after a crash between the two appends a repeat goes on with the reservation', async (t) => {
  for (const waitingLists of [false, true]) {
    const { submitted, admitted, eventStore, petNow } = adoptionRig({ waitingLists })
    const petId = await admitted()
    eventStore.disturb = once('adoption.submitted', () =>
      Promise.reject(new Fault('event_store_unavailable', 'gone')),
    )
    await t.rejects(submitted(petId, ADA, withKey('k')), Fault)
    const reservedFor = (await petNow(petId)).reservedFor
    t.match(reservedFor, { kind: 'adoption' }, 'it is left alone')
    if (waitingLists) t.match(await submitted(petId, EVE), { state: { wasWaiting: true } })
    const result = await submitted(petId, ADA, withKey('k'))
    t.match(result, { kind: 'done', state: { wasWaiting: false } })
    t.equal(idOf(result), reservedFor?.id)
  }
})

t.test(
  'an append whose outcome is unknown leaves the reservation, and a repeat finds it',
  async (t) => {
    const { submitted, admitted, eventStore, petNow, typesOf } = adoptionRig()
    const petId = await admitted()
    eventStore.disturb = once('adoption.submitted', async (_, append) => {
      await append()
      throw new Fault('append_outcome_unknown', 'the connection broke')
    })
    await t.rejects(submitted(petId, ADA, withKey('k')), Fault)
    t.equal((await petNow(petId)).status, 'PENDING')
    const result = await submitted(petId, ADA, withKey('k'))
    t.match(result, { kind: 'done', replayed: true, id: (await petNow(petId)).reservedFor?.id })
    t.strictSame(await typesOf('adoption'), ['adoption.submitted'])
  },
)

t.test(
  'an application that was abandoned is stored no more, and the pet is given back',
  async (t) => {
    const { submitted, admitted, eventStore, petNow, adoptions } = adoptionRig()
    const petId = await admitted()
    eventStore.disturb = once('adoption.submitted', async (request, append) => {
      const input = { petId, reason: 'too late' }
      await adoptions.abandon(aContext(), request.stream.id, input)
      return append()
    })
    isRejected(t, await submitted(petId, ADA), 'adoption_abandoned')
    t.equal((await petNow(petId)).status, 'AVAILABLE')
    t.equal((await submitted(petId, ADA)).kind, 'done')
  },
)

t.test(
  'a log that takes no more gets its pet back, unless a key lets a repeat go on',
  async (t) => {
    const { submitted, admitted, eventStore, petNow, typesOf } = adoptionRig()
    const petId = await admitted()
    eventStore.disturb = once('adoption.submitted', async () => overloaded)
    t.match(await submitted(petId, ADA), overloaded)
    t.equal((await petNow(petId)).status, 'AVAILABLE')
    t.strictSame(await typesOf('adoption'), ['adoption.abandoned'])

    eventStore.disturb = once('adoption.submitted', async () => overloaded)
    t.match(await submitted(petId, ADA, withKey('k')), overloaded)
    t.equal((await petNow(petId)).status, 'PENDING')
    t.equal((await submitted(petId, ADA, withKey('k'))).kind, 'done')
  },
)

t.test('an abandoned application, or one that never was, is not found', async (t) => {
  const { adoptions, admitted } = adoptionRig()
  const petId = await admitted()
  await adoptions.abandon(aContext(), ADA, { petId, reason: 'too late' })
  for (const id of [ADA, EVE]) {
    t.equal(await adoptions.get(SHARED_TENANT, id), undefined)
    for (const command of ['startReview', 'approve', 'reject', 'withdraw'] as const) {
      t.same(await adoptions[command](aContext(), id, { reason }), { kind: 'not_found' })
    }
    const date = '2026-08-22'
    t.same(await adoptions.complete(aContext(), id, { date }), { kind: 'not_found' })
  }
})

t.test('one that was stored cannot be abandoned', async (t) => {
  const { submitted, admitted, adoptions, petNow } = adoptionRig()
  const petId = await admitted()
  const id = idOf(await submitted(petId, ADA))
  t.match(await adoptions.abandon(aContext(), id, { petId, reason: 'late' }), {
    kind: 'rejected',
    rejection: { code: 'adoption_already_submitted' },
  })
  t.equal((await petNow(petId)).status, 'PENDING')
})

t.test('next in line is nobody who has ended since the read model was asked', async (t) => {
  const { submitted, admitted, adoptions, readModel } = adoptionRig({ waitingLists: true })
  const petId = await admitted()
  const first = idOf(await submitted(petId, ADA))
  const second = idOf(await submitted(petId, EVE))
  await adoptions.reject(aContext(), first, { reason: 'no answer' })
  readModel.line = [
    { adoptionId: first, applicantId: ADA },
    { adoptionId: second, applicantId: EVE },
  ]
  const options = { asOf: 1, except: null }
  t.equal(await adoptions.nextInLine(SHARED_TENANT, petId, options), second)
  await adoptions.withdraw(by(EVE), second, { reason })
  t.equal(await adoptions.nextInLine(SHARED_TENANT, petId, options), undefined)
})
