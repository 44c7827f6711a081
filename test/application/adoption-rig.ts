// Adoptions over the memory log, with a log that can be made to fail and a read model that can be behind.
import { createMemoryEventStore } from '../../src/adapters/memory/event-store.ts'
import type { Application, SubmitAdoption } from '../../src/application.ts'
import { createAdoptions } from '../../src/application/adoptions.ts'
import { createPetCommands } from '../../src/application/pets.ts'
import { createCommandHandler } from '../../src/commands/handle.ts'
import { userAggregate } from '../../src/commands/user.ts'
import type { CommandContext } from '../../src/core/command.ts'
import type { EventStore } from '../../src/core/event-store.ts'
import { Fault } from '../../src/core/fault.ts'
import { SHARED_TENANT } from '../../src/core/ids.ts'
import type { AdoptionEvent } from '../../src/events/adoption.ts'
import {
  type AdoptionState,
  evolveAdoption,
  isEnded,
  noAdoption,
} from '../../src/events/adoption-state.ts'
import { decodeEventOf } from '../../src/events/codec.ts'
import type { PresentPet } from '../../src/events/pet-state.ts'
import type { AdoptionQueries, OpenAdoption } from '../../src/projections/adoptions.ts'
import { aContext, anIntake, aPetProfile, aUserProfile } from '../support/builders.ts'
import { fixedClock, TEST_TIME } from '../support/fixed-clock.ts'
import { seededIds } from '../support/seeded-ids.ts'
import { failingEventStore } from './order-rig.ts'

export const ADA = '0199f3a0-7c1e-7a01-8000-0000000000a1'
export const EVE = '0199f3a0-7c1e-7a01-8000-0000000000a2'
export const reason = null

export const adoptionRig = (options: Readonly<{ waitingLists?: boolean }> = {}) => {
  const clock = fixedClock()
  const ids = seededIds()
  const eventStore = failingEventStore(createMemoryEventStore({ clock }))
  const handler = createCommandHandler({ eventStore, ids })
  const pets = createPetCommands({ handler, eventStore, clock, ids })
  const queries = queriesOn(eventStore)
  const readModel = { isBehind: false, line: undefined as readonly OpenAdoption[] | undefined }
  const adoptions = createAdoptions({
    handler,
    eventStore,
    pets,
    adoptionQueries: {
      ...queries,
      openFor: async (...of) => readModel.line ?? queries.openFor(...of),
    },
    waitForAdoptions: async () => {
      if (readModel.isBehind) throw new Fault('deadline_exceeded', 'the read model is behind')
    },
    hasWaitingList: () => options.waitingLists === true,
    clock,
    ids,
  })
  return {
    eventStore,
    adoptions,
    pets,
    readModel,
    clock,
    ...petsOf(pets, eventStore),
    userIs: (userId: string, what: 'register' | 'delete') =>
      handler.handle({
        aggregate: userAggregate,
        id: userId,
        context: aContext(),
        command:
          what === 'register'
            ? { type: 'register', profile: aUserProfile(), scopes: [], occurredAt: TEST_TIME }
            : { type: 'delete', reason, occurredAt: TEST_TIME },
      }),
    submitted: (petId: string, applicantId: string, more: Partial<CommandContext> = {}) =>
      adoptions.submit(by(applicantId, more), application(petId, applicantId)),
  }
}

export const by = (userId: string, more: Partial<CommandContext> = {}): CommandContext =>
  aContext({ actor: { kind: 'user', id: userId }, ...more })
export const withKey = (key: string, requestHash = key): Partial<CommandContext> => ({
  idempotency: { key, requestHash },
})
export const application = (petId: string, applicantId: string): SubmitAdoption => ({
  petId,
  applicantId,
  message: null,
  household: null,
})

/** The id of what was done. */
export const idOf = (result: Awaited<ReturnType<Application['adoptions']['submit']>>): string => {
  if (result.kind !== 'done') throw new Error(`was not done: ${JSON.stringify(result)}`)
  return result.id
}

const petsOf = (pets: Pick<Application['pets'], 'admit' | 'revise'>, eventStore: EventStore) => ({
  admitted: async (): Promise<string> => {
    const result = await pets.admit(aContext(), {
      profile: aPetProfile(),
      status: 'AVAILABLE',
      intake: anIntake(),
      photos: [],
    })
    if (result.kind !== 'done') throw new Error('the pet was not admitted')
    return result.id
  },
  petNow: async (petId: string): Promise<PresentPet> => {
    const result = await pets.revise(aContext(), petId, { changes: {} })
    if (result.kind !== 'done' || result.state.kind !== 'present') throw new Error('no such pet')
    return result.state
  },
  typesOf: async (category: string): Promise<readonly string[]> => {
    const { events } = await eventStore.readAll({ after: 0, limit: 1_000 })
    return events.filter((event) => event.category === category).map(({ type }) => type)
  },
})

/** What the read model answers once it has everything. */
const queriesOn = (eventStore: EventStore): AdoptionQueries => {
  const all = async () => {
    const { events } = await eventStore.readAll({
      after: 0,
      limit: 1_000,
      filter: { tenantId: SHARED_TENANT, categories: ['adoption'] },
    })
    const states = new Map<string, AdoptionState>()
    for (const event of events) {
      const before = states.get(event.streamId) ?? noAdoption
      states.set(event.streamId, evolveAdoption(before, decodeEventOf<AdoptionEvent>(event)))
    }
    return [...states].flatMap(([id, state]) =>
      state.kind === 'present' ? [{ ...state, id, version: 1 }] : [],
    )
  }
  return {
    list: async (_tenantId, { petId }) => {
      const items = (await all()).filter((each) => petId === undefined || each.petId === petId)
      return { items, totalItems: items.length, nextCursor: null }
    },
    openFor: async (_tenantId, petId) =>
      (await all())
        .filter((each) => each.petId === petId && !isEnded(each))
        .map(({ id, applicantId }) => ({ adoptionId: id, applicantId })),
  }
}
