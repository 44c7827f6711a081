// What may be done with an application for adoption, and what comes of it. Whether it holds the pet's reservation is a
// fact of the pet's stream and arrives with the command. Every command is safe to repeat: decided on its own result it
// records nothing more.
import { assertNever } from '../core/assert-never.ts'
import { accept, type Decider, type Decision, type Rejection } from '../core/decider.ts'
import {
  type AdoptionState,
  evolveAdoption,
  noAdoption,
  type PresentAdoption,
} from '../events/adoption-state.ts'
import type { AdoptionEvent, AdoptionStatus, Household } from '../events/adoption.ts'
import { isFutureDay } from './calendar.ts'
import { sameJson } from './changes.ts'
import type { Aggregate } from './handle.ts'
import { type AdoptionRejectionCode, refuse } from './rejections.ts'

type Command<Type extends string, Input> = Readonly<{ type: Type; occurredAt: string } & Input>
type Reasoned = Readonly<{ reason: string | null }>
/** The pet is reserved for this application now. */
type Holding = Readonly<{ holdsReservation: boolean }>

/** `waiting`: without a reservation, because others were first. */
type Submit = Command<
  'submit',
  {
    petId: string
    applicantId: string
    message: string | null
    household: Household | null
    waiting: boolean
  }
>
/** While waiting too: whoever is next in line may be known by then. */
type StartReview = Command<'start_review', Reasoned>
type Approve = Command<'approve', Reasoned & Holding>
type Reject = Command<'reject', Reasoned>
type Withdraw = Command<'withdraw', Reasoned>
type Complete = Command<'complete', { date: string } & Holding>
/** Closes the stream of an application that was never stored: whoever comes to store it is too late. */
type Abandon = Command<'abandon', { petId: string; reason: string }>

export type AdoptionCommand =
  Submit | StartReview | Approve | Reject | Withdraw | Complete | Abandon

type AdoptionDecision = Decision<AdoptionEvent, Rejection<AdoptionRejectionCode | 'date_in_future'>>

const decide = (command: AdoptionCommand, state: AdoptionState): AdoptionDecision => {
  if (command.type === 'submit') return submit(command, state)
  if (command.type === 'abandon') return abandon(command, state)
  if (state.kind !== 'present') return refuse('adoption_not_found')
  switch (command.type) {
    case 'start_review':
      return move(command, state, { from: ['SUBMITTED'], to: 'UNDER_REVIEW' })
    case 'approve':
      return approve(command, state)
    case 'reject':
      return move(command, state, { from: OPEN, to: 'REJECTED' })
    case 'withdraw':
      return move(command, state, { from: OPEN, to: 'WITHDRAWN' })
    case 'complete':
      return complete(command, state)
    default:
      return assertNever(command)
  }
}

export const adoptionDecider = {
  initialState: noAdoption,
  decide,
  evolve: evolveAdoption,
} satisfies Decider<
  AdoptionCommand,
  AdoptionState,
  AdoptionEvent,
  Rejection<AdoptionRejectionCode | 'date_in_future'>
>

/** An abandoned application is there as far as the stream goes, so that storing it can be refused. */
export const adoptionAggregate = {
  category: 'adoption',
  decider: adoptionDecider,
  creates: (command) => command.type === 'submit' || command.type === 'abandon',
  exists: (state) => state.kind !== 'none',
} satisfies Aggregate<
  AdoptionCommand,
  AdoptionState,
  AdoptionEvent,
  Rejection<AdoptionRejectionCode | 'date_in_future'>
>

const submit = (command: Submit, state: AdoptionState): AdoptionDecision => {
  const { petId, applicantId, message, household, waiting, occurredAt } = command
  const data = { petId, applicantId, message, household, waiting }
  switch (state.kind) {
    case 'none':
      return accept({ type: 'adoption.submitted', data, occurredAt })
    case 'present':
      return sameJson(submittedAs(state), data) ? accept() : refuse('adoption_already_submitted')
    case 'abandoned':
      return refuse('adoption_abandoned')
    default:
      return assertNever(state)
  }
}

const submittedAs = (adoption: PresentAdoption) => {
  const { petId, applicantId, message, household, wasWaiting: waiting } = adoption
  return { petId, applicantId, message, household, waiting }
}

const abandon = (command: Abandon, state: AdoptionState): AdoptionDecision => {
  const { petId, reason, occurredAt } = command
  if (state.kind === 'abandoned') return accept()
  if (state.kind === 'present') {
    const detail = 'The application was stored; it can be rejected or withdrawn.'
    return refuse('adoption_already_submitted', { detail })
  }
  return accept({ type: 'adoption.abandoned', data: { petId, reason }, occurredAt })
}

const approve = (command: Approve, adoption: PresentAdoption): AdoptionDecision => {
  const decision = move(command, adoption, { from: ['UNDER_REVIEW'], to: 'APPROVED' })
  const isNew = decision.kind === 'accepted' && decision.events.length > 0
  return isNew && !command.holdsReservation ? refuse('adoption_is_waiting') : decision
}

const complete = (command: Complete, adoption: PresentAdoption): AdoptionDecision => {
  const { date, holdsReservation, occurredAt } = command
  const { status: previousStatus, petId, applicantId, completedOn } = adoption
  if (previousStatus === 'COMPLETED' && completedOn === date) return accept()
  if (previousStatus !== 'APPROVED') return wrongWay(previousStatus, 'COMPLETED')
  if (!holdsReservation) return refuse('adoption_is_waiting')
  if (isFutureDay(date, occurredAt)) return refuse('date_in_future', { field: 'date' })
  const data = { previousStatus, petId, applicantId, date }
  return accept({ type: 'adoption.completed', data, occurredAt })
}

const OPEN = ['SUBMITTED', 'UNDER_REVIEW', 'APPROVED'] as const satisfies readonly AdoptionStatus[]

type Way = Readonly<{ from: readonly AdoptionStatus[]; to: AdoptionStatus }>

const move = (
  { reason, occurredAt }: Reasoned & Readonly<{ occurredAt: string }>,
  { status: previousStatus }: PresentAdoption,
  { from, to: status }: Way,
): AdoptionDecision => {
  if (previousStatus === status) return accept()
  if (!from.includes(previousStatus)) return wrongWay(previousStatus, status)
  const data = { previousStatus, status, reason }
  return accept({ type: 'adoption.status_changed', data, occurredAt })
}

const wrongWay = (from: AdoptionStatus, to: AdoptionStatus) =>
  refuse('invalid_adoption_transition', {
    detail: `An application that is ${from} does not become ${to}.`,
  })
