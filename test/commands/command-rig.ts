// A command handler over the memory log, with a log that can be watched and disturbed.
import { createMemoryEventStore } from '../../src/adapters/memory/event-store.ts'
import { createCommandHandler } from '../../src/commands/handle.ts'
import { petAggregate, type PetCommand } from '../../src/commands/pet.ts'
import type { CommandContext } from '../../src/core/command.ts'
import type { EventStore } from '../../src/core/event-store.ts'
import { SHARED_TENANT } from '../../src/core/ids.ts'
import { aContext, anIntake, aPetProfile } from '../support/builders.ts'
import { fixedClock, TEST_TIME } from '../support/fixed-clock.ts'
import { seededIds } from '../support/seeded-ids.ts'

export const PET = '0199f3a0-7c1e-7a01-8000-0000000000d1'
export const STREAM = { tenantId: SHARED_TENANT, category: 'pet', id: PET }

type RigOptions = Readonly<{
  streamPageSize?: number
  maxEvents?: number
  /** Runs before an append is made, with how many came before it. */
  beforeAppend?: (eventStore: EventStore, earlier: number) => Promise<void>
}>

export const commandRig = (options: RigOptions = {}) => {
  const { streamPageSize, maxEvents, beforeAppend } = options
  const clock = fixedClock()
  const eventStore = createMemoryEventStore({
    clock,
    ...(maxEvents === undefined ? {} : { limits: { maxEvents } }),
  })
  const calls = { append: 0, readStream: 0, findByKey: 0 }
  const watched: EventStore = {
    ...eventStore,
    append: async (request) => {
      const earlier = calls.append
      calls.append += 1
      await beforeAppend?.(eventStore, earlier)
      return eventStore.append(request)
    },
    readStream: (stream, read) => {
      calls.readStream += 1
      return eventStore.readStream(stream, read)
    },
    findByKey: (tenantId, idempotency) => {
      calls.findByKey += 1
      return eventStore.findByKey(tenantId, idempotency)
    },
  }
  const handler = createCommandHandler({
    eventStore: watched,
    ids: seededIds(),
    ...(streamPageSize === undefined ? {} : { streamPageSize }),
  })
  return {
    eventStore,
    calls,
    handler,
    pet: (command: PetCommand, context: Partial<CommandContext> = {}, id = PET) =>
      handler.handle({ aggregate: petAggregate, id, command, context: aContext(context) }),
    types: async () => (await eventStore.readStream(STREAM)).events.map(({ type }) => type),
  }
}

const occurredAt = TEST_TIME
export const cause = { kind: 'order', id: 'o-1' } as const
export const admit = {
  type: 'admit',
  profile: aPetProfile(),
  status: 'AVAILABLE',
  intake: anIntake(),
  photos: [],
  occurredAt,
} as const
export const reserve = { type: 'reserve', cause, occurredAt } as const
export const release = { type: 'release', cause, occurredAt } as const
export const remove = { type: 'remove', reason: null, occurredAt } as const
export const rename = (name: string) => ({ type: 'revise', changes: { name }, occurredAt }) as const

export const withKey = (key: string, requestHash = key) => ({ idempotency: { key, requestHash } })
