// The rules of an application for adoption, one by one.
import t from 'tap'
import { adoptionDecider, type AdoptionCommand } from '../../src/commands/adoption.ts'
import type { AdoptionEvent, AdoptionStatus } from '../../src/events/adoption.ts'
import { TEST_TIME as occurredAt } from '../support/fixed-clock.ts'
import { scenarios } from '../support/given-when-then.ts'

const scenario = scenarios(adoptionDecider)
const reason = null
const data = {
  petId: 'p-1',
  applicantId: 'u-1',
  message: 'We have a garden.',
  household: null,
  waiting: false,
}
const submit = { type: 'submit', ...data, occurredAt } as const
const submitted: AdoptionEvent = { type: 'adoption.submitted', data, occurredAt }
const waiting: AdoptionEvent = { ...submitted, data: { ...data, waiting: true } }
const changed = (previousStatus: AdoptionStatus, status: AdoptionStatus): AdoptionEvent => ({
  type: 'adoption.status_changed',
  data: { previousStatus, status, reason },
  occurredAt,
})
const underReview = changed('SUBMITTED', 'UNDER_REVIEW')
const approved = changed('UNDER_REVIEW', 'APPROVED')
const completed: AdoptionEvent = {
  type: 'adoption.completed',
  data: { previousStatus: 'APPROVED', petId: 'p-1', applicantId: 'u-1', date: '2026-08-22' },
  occurredAt,
}
const abandoned: AdoptionEvent = {
  type: 'adoption.abandoned',
  data: { petId: 'p-1', reason: 'too late' },
  occurredAt,
}

const startReview = { type: 'start_review', reason, occurredAt } as const
const approve = { type: 'approve', reason, holdsReservation: true, occurredAt } as const
const rejectIt = { type: 'reject', reason, occurredAt } as const
const withdraw = { type: 'withdraw', reason, occurredAt } as const
const complete = {
  type: 'complete',
  date: '2026-08-22',
  holdsReservation: true,
  occurredAt,
} as const
const abandon = { type: 'abandon', petId: 'p-1', reason: 'too late', occurredAt } as const

const HISTORIES = {
  SUBMITTED: [submitted],
  UNDER_REVIEW: [submitted, underReview],
  APPROVED: [submitted, underReview, approved],
  REJECTED: [submitted, changed('SUBMITTED', 'REJECTED')],
  WITHDRAWN: [submitted, changed('SUBMITTED', 'WITHDRAWN')],
  COMPLETED: [submitted, underReview, approved, completed],
} satisfies Record<AdoptionStatus, AdoptionEvent[]>

void t.test('an application is submitted once under an id', async (t) => {
  const { given } = scenario(t)
  given().when(submit).then(submitted)
  given(submitted).when(submit).then()
  given(submitted, underReview).when(submit).then()
  for (const other of [{ petId: 'p-2' }, { applicantId: 'u-2' }, { waiting: true }]) {
    given(submitted)
      .when({ ...submit, ...other })
      .thenRejected('adoption_already_submitted')
  }
})

void t.test('it goes from review to approval to the new home', async (t) => {
  const { given } = scenario(t)
  given(submitted).when(startReview).then(underReview)
  given(submitted, underReview).when(approve).then(approved)
  given(submitted, underReview, approved).when(complete).then(completed)
})

void t.test('what has come about comes about once', async (t) => {
  const { given } = scenario(t)
  given(...HISTORIES.UNDER_REVIEW)
    .when(startReview)
    .then()
  given(...HISTORIES.APPROVED)
    .when(approve)
    .then()
  given(...HISTORIES.REJECTED)
    .when(rejectIt)
    .then()
  given(...HISTORIES.WITHDRAWN)
    .when(withdraw)
    .then()
  given(...HISTORIES.COMPLETED)
    .when(complete)
    .then()
  given(...HISTORIES.COMPLETED)
    .when({ ...complete, holdsReservation: false })
    .then()
})

void t.test('no step is left out and none is taken back', async (t) => {
  const { given } = scenario(t)
  const refused: readonly (readonly [AdoptionStatus, readonly AdoptionCommand[]])[] = [
    ['SUBMITTED', [approve, complete]],
    ['UNDER_REVIEW', [complete]],
    ['APPROVED', [startReview]],
    ['REJECTED', [startReview, approve, withdraw, complete]],
    ['WITHDRAWN', [startReview, approve, rejectIt, complete]],
    ['COMPLETED', [startReview, approve, rejectIt, withdraw, { ...complete, date: '2026-08-21' }]],
  ]
  for (const [status, commands] of refused) {
    for (const command of commands) {
      given(...HISTORIES[status])
        .when(command)
        .thenRejected('invalid_adoption_transition')
    }
  }
})

void t.test(
  'until it is completed staff may reject it and its applicant withdraw it',
  async (t) => {
    const { given } = scenario(t)
    for (const status of ['SUBMITTED', 'UNDER_REVIEW', 'APPROVED'] as const) {
      given(...HISTORIES[status])
        .when({ ...rejectIt, reason: 'no garden' })
        .then({
          type: 'adoption.status_changed',
          data: { previousStatus: status, status: 'REJECTED', reason: 'no garden' },
          occurredAt,
        })
      given(...HISTORIES[status])
        .when(withdraw)
        .then(changed(status, 'WITHDRAWN'))
    }
  },
)

void t.test(
  'one that waits is reviewed and ended, but neither approved nor completed',
  async (t) => {
    const { given } = scenario(t)
    const holdsReservation = false
    given(waiting).when(startReview).then(underReview)
    given(waiting, underReview)
      .when({ ...approve, holdsReservation })
      .thenRejected('adoption_is_waiting')
    given(waiting, underReview, approved)
      .when({ ...complete, holdsReservation })
      .thenRejected('adoption_is_waiting')
    given(waiting).when(rejectIt).then(changed('SUBMITTED', 'REJECTED'))
    given(waiting).when(withdraw).then(changed('SUBMITTED', 'WITHDRAWN'))
    given(waiting, underReview).when(approve).then(approved)
  },
)

void t.test('the day of completion has come', async (t) => {
  const { given } = scenario(t)
  given(...HISTORIES.APPROVED)
    .when({ ...complete, date: '2026-08-24' })
    .thenRejected('date_in_future', 'date')
})

void t.test('an abandoned application can be stored no more, and does not exist', async (t) => {
  const { given } = scenario(t)
  given().when(abandon).then(abandoned)
  given(abandoned).when(abandon).then()
  given(abandoned).when(submit).thenRejected('adoption_abandoned')
  for (const command of [startReview, approve, rejectIt, withdraw, complete]) {
    given(abandoned).when(command).thenRejected('adoption_not_found')
    given().when(command).thenRejected('adoption_not_found')
  }
})

void t.test('one that was stored is not abandoned', async (t) => {
  const { given } = scenario(t)
  given(submitted).when(abandon).thenRejected('adoption_already_submitted')
  given(waiting).when(abandon).thenRejected('adoption_already_submitted')
})
