// A delivered order or a completed adoption makes its pet ADOPTED. Nothing else ends such a reservation, so that the
// pet is still reserved for it when this comes, however late; on a replay the pet may long have been returned and be
// with somebody else, and is left alone.
import { again, done, outcomeOf, type Policy } from './policy.ts'

// not_reserved_for_this, pet_not_available: adopted and returned since. not_found: adopted and then removed.
const LONG_AGO = ['not_reserved_for_this', 'pet_not_available', 'not_found']

export const completePets: Policy = {
  name: 'complete-pets',
  categories: ['order', 'adoption'],
  types: ['order.status_changed', 'adoption.completed'],
  react: async (event, { orders, pets }, context) => {
    if (event.type === 'adoption.completed') {
      const { petId, applicantId, date } = event.data
      const cause = { kind: 'adoption', id: event.streamId } as const
      const input = { cause, adopterId: applicantId, date, reason: 'adoption completed' }
      return outcomeOf(await pets.adopt(context, petId, input), LONG_AGO)
    }
    if (event.type !== 'order.status_changed' || event.data.status !== 'DELIVERED') return done
    const order = await orders.get(event.tenantId, event.streamId)
    if (order === undefined) return again('the order cannot be read')
    const cause = { kind: 'order', id: event.streamId } as const
    const date = event.occurredAt.slice(0, 10)
    const input = { cause, adopterId: order.userId, date, reason: 'order delivered' }
    return outcomeOf(await pets.adopt(context, order.petId, input), LONG_AGO)
  },
}
