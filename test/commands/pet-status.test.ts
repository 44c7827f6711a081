// The pet's way through its statuses, rule by rule: by hand, reservation, adoption, outcome and
// return.
import t from 'tap'
import { petDecider } from '../../src/commands/pet.ts'
import type { PetEvent, PetStatus } from '../../src/events/pet.ts'
import { anIntake } from '../support/builders.ts'
import { scenarios } from '../support/given-when-then.ts'
import {
  occurredAt,
  order,
  otherOrder,
  adoption,
  admitted,
  heldBack,
  changed,
  reserved,
  adopted,
  outcome,
  adopt,
  recordOutcome,
  returnIntake,
  giveBack,
  reserve,
  release,
} from './pet-histories.ts'

const scenario = scenarios(petDecider)

void t.test('status by hand', async (t) => {
  const to = (status: PetStatus) =>
    ({ type: 'change_status', status, reason: 'quarantine', occurredAt }) as const

  void t.test('staff hold a pet back and make it available again', async (t) => {
    const { given } = scenario(t)
    const reason = 'quarantine'
    given(admitted)
      .when(to('NOT_AVAILABLE'))
      .then(changed('AVAILABLE', 'NOT_AVAILABLE', { reason }))
    given(heldBack)
      .when(to('AVAILABLE'))
      .then(changed('NOT_AVAILABLE', 'AVAILABLE', { reason }))
  })
  void t.test('every other change by hand is refused', async (t) => {
    const { given } = scenario(t)
    const histories = {
      AVAILABLE: [admitted],
      NOT_AVAILABLE: [heldBack],
      PENDING: [admitted, reserved],
      ADOPTED: [admitted, reserved, adopted],
    } satisfies Record<PetStatus, PetEvent[]>
    for (const [from, to_] of [
      ['AVAILABLE', 'PENDING'],
      ['AVAILABLE', 'ADOPTED'],
      ['NOT_AVAILABLE', 'PENDING'],
      ['NOT_AVAILABLE', 'ADOPTED'],
      ['PENDING', 'AVAILABLE'],
      ['PENDING', 'NOT_AVAILABLE'],
      ['PENDING', 'ADOPTED'],
      ['ADOPTED', 'AVAILABLE'],
      ['ADOPTED', 'NOT_AVAILABLE'],
      ['ADOPTED', 'PENDING'],
    ] as const) {
      given(...histories[from])
        .when(to(to_))
        .thenRejected('invalid_status_transition', 'status')
    }
  })
  void t.test('a pet that left care is not made available by hand', async (t) => {
    const { given } = scenario(t)
    given(admitted, outcome).when(to('AVAILABLE')).thenRejected('pet_not_in_care', 'status')
  })
})

void t.test('reservation', async (t) => {
  void t.test('reserves an available pet, and says for what', async (t) => {
    const { given } = scenario(t)
    given(admitted).when(reserve).then(reserved)
    given(admitted)
      .when({ ...reserve, cause: adoption })
      .then(changed('AVAILABLE', 'PENDING', { reason: 'application received', cause: adoption }))
  })
  void t.test('the same reservation again is already so; a second buyer is refused', async (t) => {
    const { given } = scenario(t)
    given(admitted, reserved).when(reserve).then()
    for (const cause of [otherOrder, adoption]) {
      given(admitted, reserved)
        .when({ ...reserve, cause })
        .thenRejected('pet_not_available')
    }
  })
  void t.test('a pet that is held back, adopted or gone is not reserved', async (t) => {
    const { given } = scenario(t)
    given(heldBack).when(reserve).thenRejected('pet_not_available')
    given(admitted, outcome).when(reserve).thenRejected('pet_not_available')
    given(admitted, reserved, adopted).when(reserve).thenRejected('pet_not_available')
  })
  void t.test('is released by whom it was made for, and by nobody else', async (t) => {
    const { given } = scenario(t)
    given(admitted, reserved)
      .when({ ...release, reason: 'order cancelled' })
      .then(changed('PENDING', 'AVAILABLE', { reason: 'order cancelled', cause: order }))
    for (const cause of [otherOrder, adoption]) {
      given(admitted, reserved)
        .when({ ...release, cause })
        .thenRejected('not_reserved_for_this')
    }
  })
  void t.test(
    'a release is already so on an available pet, and refused once it is adopted',
    async (t) => {
      const { given } = scenario(t)
      given(admitted).when(release).then()
      given(admitted, reserved, adopted).when(release).thenRejected('not_reserved_for_this')
    },
  )
})

void t.test('a reservation passed on', async (t) => {
  const passOn = { type: 'pass_on', from: order, to: adoption, occurredAt } as const
  const passedOn = changed('PENDING', 'PENDING', {
    reason: 'reservation passed on',
    cause: adoption,
  })

  void t.test('goes to the next in line without the pet being available between', async (t) => {
    const { given } = scenario(t)
    given(admitted, reserved).when(passOn).then(passedOn)
    given(admitted, reserved, passedOn).when(passOn).then()
    given(admitted, reserved, passedOn).when(reserve).thenRejected('pet_not_available')
    given(admitted, reserved, passedOn)
      .when({ ...adopt, cause: adoption })
      .then({
        ...adopted,
        data: { ...adopted.data, cause: adoption },
      } as PetEvent)
  })
  void t.test('is refused unless the pet is reserved for the one it comes from', async (t) => {
    const { given } = scenario(t)
    given(admitted).when(passOn).thenRejected('not_reserved_for_this')
    given(heldBack).when(passOn).thenRejected('not_reserved_for_this')
    given(admitted, reserved, adopted).when(passOn).thenRejected('not_reserved_for_this')
    given(admitted, reserved)
      .when({ ...passOn, from: otherOrder })
      .thenRejected('not_reserved_for_this')
    given(admitted, reserved, passedOn)
      .when({ ...passOn, to: otherOrder })
      .thenRejected('not_reserved_for_this')
  })
  void t.test('to the one that has it already is so already', async (t) => {
    const { given } = scenario(t)
    given(admitted, reserved)
      .when({ ...passOn, from: otherOrder, to: order })
      .then()
  })
})

void t.test('adoption', async (t) => {
  void t.test('completes the reservation it was made for', async (t) => {
    const { given } = scenario(t)
    given(admitted, reserved).when(adopt).then(adopted)
    for (const cause of [otherOrder, adoption, null]) {
      given(admitted, reserved)
        .when({ ...adopt, cause })
        .thenRejected('not_reserved_for_this')
    }
  })
  void t.test('needs a reservation when it has a cause', async (t) => {
    const { given } = scenario(t)
    given(admitted).when(adopt).thenRejected('not_reserved_for_this')
  })
  void t.test('over the counter an available pet is adopted without one', async (t) => {
    const { given } = scenario(t)
    const data = { ...adopted.data, previousStatus: 'AVAILABLE', cause: null } as const
    given(admitted)
      .when({ ...adopt, cause: null })
      .then({ ...adopted, data } as PetEvent)
  })
  void t.test('the same adoption again is already so; another one is refused', async (t) => {
    const { given } = scenario(t)
    given(admitted, reserved, adopted).when(adopt).then()
    for (const cause of [otherOrder, null]) {
      given(admitted, reserved, adopted)
        .when({ ...adopt, cause })
        .thenRejected('pet_not_available')
    }
  })
  void t.test('a pet that is held back or gone is not adopted', async (t) => {
    const { given } = scenario(t)
    given(heldBack)
      .when({ ...adopt, cause: null })
      .thenRejected('pet_not_available')
    given(admitted, outcome)
      .when({ ...adopt, cause: null })
      .thenRejected('pet_not_available')
  })
  void t.test('refuses a date in the future', async (t) => {
    const { given } = scenario(t)
    given(admitted, reserved)
      .when({ ...adopt, date: '2026-08-24' })
      .thenRejected('date_in_future', 'date')
  })
})

void t.test('outcome', async (t) => {
  void t.test('takes a pet out of care', async (t) => {
    const { given } = scenario(t)
    given(admitted).when(recordOutcome).then(outcome)
  })
  void t.test('the same outcome again is already so; another one is refused', async (t) => {
    const { given } = scenario(t)
    given(admitted, outcome).when(recordOutcome).then()
    const died = { ...recordOutcome, kind: 'DIED_IN_CARE' } as const
    given(admitted, outcome).when(died).thenRejected('pet_not_in_care')
    given(admitted, reserved, adopted).when(recordOutcome).thenRejected('pet_not_in_care')
  })
  void t.test('waits until a reservation is released', async (t) => {
    const { given } = scenario(t)
    given(admitted, reserved).when(recordOutcome).thenRejected('pet_reserved')
  })
  void t.test('refuses a date in the future', async (t) => {
    const { given } = scenario(t)
    given(admitted)
      .when({ ...recordOutcome, date: '2026-08-24' })
      .thenRejected('date_in_future', 'date')
  })
})

void t.test('return', async (t) => {
  const returned: PetEvent = {
    type: 'pet.returned',
    data: {
      previousStatus: 'ADOPTED',
      status: 'AVAILABLE',
      reason: 'allergy',
      intake: returnIntake,
    },
    occurredAt,
  }
  void t.test('brings an adopted pet back into care', async (t) => {
    const { given } = scenario(t)
    given(admitted, reserved, adopted).when(giveBack).then(returned)
  })
  void t.test('the same return again is already so', async (t) => {
    const { given } = scenario(t)
    given(admitted, reserved, adopted, returned).when(giveBack).then()
  })
  void t.test('is for adopted pets only', async (t) => {
    const { given } = scenario(t)
    given(admitted).when(giveBack).thenRejected('pet_not_adopted')
    given(admitted, reserved).when(giveBack).thenRejected('pet_not_adopted')
    given(admitted, outcome).when(giveBack).thenRejected('pet_not_adopted')
  })
  void t.test('is an intake of the kind RETURN, of a day that has come', async (t) => {
    const { given } = scenario(t)
    const stray = { ...giveBack, intake: anIntake({ kind: 'STRAY' }) }
    given(admitted, reserved, adopted)
      .when(stray)
      .thenRejected('intake_kind_not_return', 'intake.kind')
    const late = { ...giveBack, intake: { ...returnIntake, date: '2026-08-24' } }
    given(admitted, reserved, adopted).when(late).thenRejected('date_in_future', 'intake.date')
  })
  void t.test('makes the pet one that can be reserved again, but not by who had it', async (t) => {
    const { given } = scenario(t)
    const brought = [admitted, reserved, adopted, returned] as const
    const byOther = changed('AVAILABLE', 'PENDING', { reason: 'order placed', cause: otherOrder })
    given(...brought)
      .when({ ...reserve, cause: otherOrder })
      .then(byOther)
    given(...brought)
      .when(reserve)
      .thenRejected('reservation_fulfilled')
    given(...brought, byOther)
      .when({ type: 'pass_on', from: otherOrder, to: order, occurredAt })
      .thenRejected('reservation_fulfilled')
  })
})
