// Whoever waits for a pet gets it as soon as it is available, the first in line first; when the pet has left for good
// the others are told so. An application and the event that it should have met may come in either order: each of the
// two events asks for itself, so that the later one sees both.
import type { CommandContext } from '../core/command.ts'
import { done, outcomeOf, type Policy, type PolicyCommands, type PolicyOutcome } from './policy.ts'
import { type Reservation, seatNext } from './reservations.ts'

export const waitingLists: Policy = {
  name: 'waiting-lists',
  categories: ['adoption', 'pet'],
  types: [
    'adoption.submitted',
    'pet.status_changed',
    'pet.returned',
    'pet.adopted',
    'pet.outcome_recorded',
    'pet.removed',
  ],
  react: async (event, application, context) => {
    const asOf = event.position
    switch (event.type) {
      case 'adoption.submitted': {
        if (!event.data.waiting) return done
        const { petId } = event.data
        const seated = await seatNext(application, context, { petId, asOf })
        if (seated.kind !== 'taken') return seated
        // The pet may have left between the look at it and the storing of the application.
        return tellTheOthers(application, context, { petId, asOf })
      }
      case 'pet.status_changed':
      case 'pet.returned': {
        if (event.data.status !== 'AVAILABLE') return done
        const pet = { petId: event.streamId, asOf }
        const seated = await seatNext(application, context, pet)
        return seated.kind === 'taken' ? done : seated // an event of what took it has come or will come
      }
      case 'pet.adopted':
      case 'pet.outcome_recorded':
      case 'pet.removed':
        return tellTheOthers(application, context, { petId: event.streamId, asOf })
      default:
        return done
    }
  },
}

/**
 * Rejects the open applications for a pet that has left. They are listed before the pet is looked at: the event may be
 * an old one, and whoever applied after the pet came back is not meant.
 */
const tellTheOthers = async (
  { adoptions, pets }: PolicyCommands,
  context: CommandContext,
  { petId, asOf }: Reservation,
): Promise<PolicyOutcome> => {
  const open = await adoptions.openFor(context.tenantId, petId, { asOf })
  if (open.length === 0) return done
  const pet = await pets.current(context.tenantId, petId)
  if (pet?.inCare === true) return done
  const reason =
    pet?.status === 'ADOPTED' ? 'the pet found a home' : 'the pet is no longer in our care'
  for (const adoptionId of open) {
    const result = await adoptions.reject(context, adoptionId, { reason })
    // invalid_adoption_transition: it ended otherwise meanwhile.
    const outcome = outcomeOf(result, ['invalid_adoption_transition'])
    if (outcome.kind !== 'done') return outcome
  }
  return done
}
