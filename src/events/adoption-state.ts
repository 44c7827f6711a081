// What an application for adoption is after its events: the one fold that the decider and the read models share.
import { assertNever } from '../core/assert-never.ts'
import type { AdoptionEvent, AdoptionStatus, Household } from './adoption.ts'

export type PresentAdoption = Readonly<{
  kind: 'present'
  petId: string
  applicantId: string
  status: AdoptionStatus
  message: string | null
  household: Household | null
  wasWaiting: boolean // when it was submitted; whether it holds the pet now is in the pet's own state
  reason: string | null // of the newest change of status
  completedOn: string | null
  createdAt: string
  updatedAt: string
}>

/** `abandoned`: never stored, and can be stored no more. */
export type AdoptionState =
  Readonly<{ kind: 'none' }> | PresentAdoption | Readonly<{ kind: 'abandoned' }>

export const noAdoption: AdoptionState = { kind: 'none' }

/** Rejected, withdrawn or completed: nothing follows. */
export const isEnded = ({ status }: Pick<PresentAdoption, 'status'>): boolean =>
  status === 'REJECTED' || status === 'WITHDRAWN' || status === 'COMPLETED'

export const evolveAdoption = (state: AdoptionState, event: AdoptionEvent): AdoptionState => {
  const { occurredAt } = event
  if (event.type === 'adoption.abandoned') return { kind: 'abandoned' }
  if (event.type === 'adoption.submitted') {
    const { waiting, ...data } = event.data
    return {
      kind: 'present',
      ...data,
      status: 'SUBMITTED',
      wasWaiting: waiting,
      reason: null,
      completedOn: null,
      createdAt: occurredAt,
      updatedAt: occurredAt,
    }
  }
  if (state.kind !== 'present') return state
  switch (event.type) {
    case 'adoption.status_changed': {
      const { status, reason } = event.data
      return { ...state, status, reason, updatedAt: occurredAt }
    }
    case 'adoption.completed': {
      const { date } = event.data
      const ending = { status: 'COMPLETED', reason: null, completedOn: date } as const
      return { ...state, ...ending, updatedAt: occurredAt }
    }
    default:
      return assertNever(event)
  }
}
