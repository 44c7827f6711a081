// Read models of orders and applications for the simulation, folded from the log when they are asked. They are as far
// behind as a reader may meet them: up to the position that was waited for, or a little further.
import type { EventStore } from '../../src/core/event-store.ts'
import type { Position, StoredEvent } from '../../src/core/event.ts'
import { decodeEventOf } from '../../src/events/codec.ts'
import {
  type AdoptionState,
  evolveAdoption,
  isEnded,
  noAdoption,
} from '../../src/events/adoption-state.ts'
import type { AdoptionEvent } from '../../src/events/adoption.ts'
import type { AdoptionQueries } from '../../src/projections/adoptions.ts'
import type { OrderQueries } from '../../src/projections/orders.ts'
import type { Chance } from './scheduler.ts'

export type FoldedQueries = Readonly<{
  orders: OrderQueries
  adoptions: AdoptionQueries
  waitForAdoptions(position: Position): Promise<void>
}>

const notSimulated = (): Promise<never> => Promise.reject(new Error('lists are not simulated'))

export const createFoldedQueries = (store: EventStore, chance: Chance): FoldedQueries => {
  let seen = 0
  const catchUp = async (position: Position): Promise<void> => {
    const head = await store.head()
    if (position > head) throw new Error('nobody can have seen what is not in the log')
    seen = Math.max(seen, position)
    if (seen < head && chance.is(0.5)) seen = chance.between(seen, head)
  }
  return {
    waitForAdoptions: catchUp,
    orders: { list: notSimulated, orderOfReceipt: notSimulated },
    adoptions: {
      list: notSimulated,
      openFor: async (tenantId, petId) => {
        await catchUp(seen)
        const filter = { tenantId, categories: ['adoption'] }
        const { events } = await store.readAll({ after: 0, limit: 2_000, filter })
        return openAmong(
          events.filter(({ position }) => position <= seen),
          petId,
        )
      },
    },
  }
}

const openAmong = (events: readonly StoredEvent[], petId: string) => {
  const states = new Map<string, AdoptionState>()
  for (const event of events) {
    const state = states.get(event.streamId) ?? noAdoption
    states.set(event.streamId, evolveAdoption(state, decodeEventOf<AdoptionEvent>(event)))
  }
  return [...states].flatMap(([adoptionId, state]) =>
    state.kind === 'present' && state.petId === petId && !isEnded(state)
      ? [{ adoptionId, applicantId: state.applicantId }]
      : [],
  )
}
