// The net under every reservation, a named time after it was made. An order or application is stored after its pet
// was reserved; when it was never stored, its id is closed first, so that a writer who comes late fails, and then the
// pet is handed on. It is handed on as well when its holder has ended by now: a crash between a reservation and the
// look at who got it leaves it there.
import type { CommandContext } from '../core/command.ts'
import type { ReservationCause } from '../events/pet-state.ts'
import { again, done, type Policy, type PolicyCommands, type PolicyOutcome } from './policy.ts'
import { givesUpItsPet, handOn } from './reservations.ts'

export const createOrphanedReservations = (options: Readonly<{ delayMs: number }>): Policy => ({
  name: 'orphaned-reservations',
  categories: ['pet'],
  types: ['pet.status_changed'],
  delayMs: options.delayMs,
  react: async (event, application, context) => {
    if (event.type !== 'pet.status_changed') return done
    const { status, cause } = event.data
    if (status !== 'PENDING' || cause === null) return done
    const petId = event.streamId
    const found = await findHolder(application, context, cause)
    if (found === 'live') return done
    if (found === 'never stored') {
      const closed = await close(application, context, { petId, cause })
      if (closed.kind !== 'done') return closed
    }
    const reason = found === 'ended' ? `${cause.kind} ended` : `${cause.kind} not stored in time`
    return handOn(application, context, { petId, asOf: event.position, from: cause, reason })
  },
})

/** `live` includes delivered and completed: `complete-pets` ends that reservation. */
type Holder = 'live' | 'ended' | 'never stored'

const findHolder = async (
  { orders, adoptions }: PolicyCommands,
  { tenantId }: CommandContext,
  { kind, id }: ReservationCause,
): Promise<Holder> => {
  if (kind === 'order') {
    const order = await orders.get(tenantId, id)
    if (order === undefined) return 'never stored'
    return order.status === 'CANCELLED' ? 'ended' : 'live'
  }
  const adoption = await adoptions.get(tenantId, id)
  if (adoption === undefined) return 'never stored'
  return givesUpItsPet(adoption) ? 'ended' : 'live'
}

/** Refused when it was stored after all between the look and the closing: then one looks again. */
const close = async (
  { orders, adoptions }: PolicyCommands,
  context: CommandContext,
  { petId, cause }: Readonly<{ petId: string; cause: ReservationCause }>,
): Promise<PolicyOutcome> => {
  const reason = `the ${cause.kind === 'order' ? 'order' : 'application'} was not stored in time`
  const { abandon } = cause.kind === 'order' ? orders : adoptions
  const result = await abandon(context, cause.id, { petId, reason })
  return result.kind === 'done' ? done : again(`not closed: ${result.kind}`)
}
