// What several policies do with a reservation. A pet is never left to somebody whose order or application has ended:
// who hands it on looks again afterwards, because the next one may have left while it was handed over.
import type { CommandContext } from '../core/command.ts'
import type { Position } from '../core/event.ts'
import type { AdoptionStatus } from '../events/adoption.ts'
import type { ReservationCause } from '../events/pet-state.ts'
import { again, done, outcomeOf, type PolicyCommands, type PolicyOutcome } from './policy.ts'

/** A line of so many people who all leave at once is no line: the rest is tried again. */
const MAX_HAND_OVERS = 20

// The reservation went on or was released already, or the pet is gone. Whoever took it from `from` handed it on
// himself.
const TOO_LATE = ['not_reserved_for_this', 'not_found']

export type Reservation = Readonly<{ petId: string; asOf: Position }>

/**
 * Ends the reservation of an order or application that has ended: the next in line gets it, or the pet is available.
 * Harmless for whoever does not hold the pet. Never called for one that is live.
 */
export const handOn = async (
  application: PolicyCommands,
  context: CommandContext,
  reservation: Reservation & Readonly<{ from: ReservationCause; reason: string }>,
): Promise<PolicyOutcome> => {
  const { pets, adoptions } = application
  const { petId, reason } = reservation
  let { from, asOf } = reservation
  for (let turn = 0; turn < MAX_HAND_OVERS; turn += 1) {
    const except = from.kind === 'adoption' ? from.id : null
    const next = await adoptions.nextInLine(context.tenantId, petId, { asOf, except })
    if (next === undefined) {
      return outcomeOf(await pets.release(context, petId, { cause: from, reason }), TOO_LATE)
    }
    const to = { kind: 'adoption', id: next } as const
    const passed = await pets.passOn(context, petId, { from, to })
    if (passed.kind !== 'done') return outcomeOf(passed, TOO_LATE)
    if (!(await hasLeft(application, context, next))) return done
    from = to
    asOf = passed.position
  }
  return again('everybody in line has left')
}

/**
 * Reserves an available pet for the first in line. `taken`: the pet is not available, which is fine when its holder's
 * end will hand it on.
 */
export const seatNext = async (
  application: PolicyCommands,
  context: CommandContext,
  { petId, asOf }: Reservation,
): Promise<PolicyOutcome | Readonly<{ kind: 'taken' }>> => {
  const { pets, adoptions } = application
  const next = await adoptions.nextInLine(context.tenantId, petId, { asOf, except: null })
  if (next === undefined) return done
  const cause = { kind: 'adoption', id: next } as const
  const reserved = await pets.reserve(context, petId, { cause, reason: 'next in line' })
  if (reserved.kind === 'not_found') return { kind: 'taken' }
  if (reserved.kind === 'rejected' && reserved.rejection.code === 'pet_not_available') {
    return { kind: 'taken' }
  }
  if (reserved.kind !== 'done') return outcomeOf(reserved)
  if (!(await hasLeft(application, context, next))) return done
  const reason = 'the application had ended'
  return handOn(application, context, { petId, asOf: reserved.position, from: cause, reason })
}

const hasLeft = async (
  { adoptions }: PolicyCommands,
  { tenantId }: CommandContext,
  adoptionId: string,
): Promise<boolean> => {
  const adoption = await adoptions.get(tenantId, adoptionId)
  return adoption !== undefined && givesUpItsPet(adoption)
}

/** Not so COMPLETED: that is a promise kept, and its pet stays reserved until it is ADOPTED. */
export const givesUpItsPet = ({ status }: Readonly<{ status: AdoptionStatus }>): boolean =>
  status === 'REJECTED' || status === 'WITHDRAWN'
