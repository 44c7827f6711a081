// The shelters' commands.
import type { Application } from '../application.ts'
import type { CommandHandler } from '../commands/handle.ts'
import { shelterAggregate, type ShelterCommand } from '../commands/shelter.ts'
import { type Clock, toTimestamp } from '../core/clock.ts'
import type { CommandContext, CommandResult } from '../core/command.ts'
import type { EventStore } from '../core/event-store.ts'
import type { Position } from '../core/event.ts'
import type { IdGenerator, TenantId } from '../core/ids.ts'
import type { PresentShelter, ShelterState } from '../events/shelter-state.ts'
import { shelterRemoved } from '../events/shelter.ts'
import type { PetQueries } from '../projections/pets/queries.ts'
import { onlyPresent } from './present.ts'

type Shelters = Application['shelters']

export type ShelterCommandsOptions = Readonly<{
  handler: CommandHandler
  eventStore: Pick<EventStore, 'head' | 'readStream'>
  petQueries: Pick<PetQueries, 'inCareAt'>
  /** Resolves once the read model has everything up to the position; throws a Fault when that takes too long. */
  waitForPets: (position: Position) => Promise<void>
  clock: Clock
  ids: IdGenerator
}>

type WithoutTime<C> = C extends unknown ? Omit<C, 'occurredAt'> : never

export const createShelterCommands = (
  options: ShelterCommandsOptions,
): Pick<Shelters, 'register' | 'update' | 'remove'> => {
  const { handler, eventStore, petQueries, waitForPets, clock, ids } = options

  const run = (context: CommandContext, id: string, command: WithoutTime<ShelterCommand>) =>
    handler.handle({
      aggregate: shelterAggregate,
      id,
      context,
      command: { ...command, occurredAt: toTimestamp(clock()) },
    })

  return {
    register: async (context, profile) =>
      onlyPresent(await run(context, ids(), { type: 'register', profile })),
    update: async (context, shelterId, changes) =>
      onlyPresent(await run(context, shelterId, { type: 'update', changes })),
    /*
     * Guaranteed: every pet that the log had in care at the shelter when this was called is counted; and none is
     * assigned to the shelter any more by a command that begins after this was answered.
     *
     * Not guaranteed: that no pet comes to the shelter between the count and the event. Pets and shelters are streams
     * of their own, and no append spans two. Such a pet keeps the id of a removed shelter, as those that have left care
     * do, and as an adopted one does that is returned: readers take a shelter that they do not find for unknown.
     */
    remove: async (context, shelterId, { reason }) => {
      if (!(await hasShelter(eventStore, context.tenantId, shelterId))) return { kind: 'not_found' }
      await waitForPets(await eventStore.head())
      const petsInCare = await petQueries.inCareAt(context.tenantId, shelterId)
      return asItWas(await run(context, shelterId, { type: 'remove', reason, petsInCare }))
    },
  }
}

const asItWas = (result: CommandResult<ShelterState>): CommandResult<PresentShelter> =>
  onlyPresent(
    result.kind === 'done' && result.state.kind === 'removed'
      ? { ...result, state: result.state.last }
      : result,
  )

/**
 * Asks the log, which is never behind, and asks anew each time: a yes that was remembered, however shortly, would let
 * pets come to a shelter whose removal has been answered, by this process or another. What is left is a removal
 * between this question and the pet's event: see createShelterCommands.
 */
export const hasShelter = async (
  eventStore: Pick<EventStore, 'readStream'>,
  tenantId: TenantId,
  id: string,
): Promise<boolean> => {
  const stream = { tenantId, category: 'shelter', id }
  const { events } = await eventStore.readStream(stream, { direction: 'backwards', limit: 1 })
  const newest = events[0]
  return newest !== undefined && newest.type !== shelterRemoved.type
}
