// A cancelled order or an ended application gives up its pet: to the next in line, or to everybody. Orders and
// applications never come back to life, so that this is right however often and however late it is done.
import { again, done, type Policy } from './policy.ts'
import { givesUpItsPet, handOn } from './reservations.ts'

export const releaseReservations: Policy = {
  name: 'release-reservations',
  categories: ['order', 'adoption'],
  types: ['order.status_changed', 'adoption.status_changed'],
  react: async (event, application, context) => {
    const { tenantId, streamId: id, position: asOf } = event
    if (event.type === 'order.status_changed') {
      if (event.data.status !== 'CANCELLED') return done
      const order = await application.orders.get(tenantId, id)
      if (order === undefined) return again('the order cannot be read')
      const ended = { from: { kind: 'order', id }, reason: 'order cancelled' } as const
      return handOn(application, context, { petId: order.petId, asOf, ...ended })
    }
    if (event.type !== 'adoption.status_changed') return done
    if (!givesUpItsPet(event.data)) return done
    const adoption = await application.adoptions.get(tenantId, id)
    if (adoption === undefined) return again('the application cannot be read')
    const reason =
      event.data.status === 'REJECTED' ? 'application rejected' : 'application withdrawn'
    const ended = { from: { kind: 'adoption', id }, reason } as const
    return handOn(application, context, { petId: adoption.petId, asOf, ...ended })
  },
}
