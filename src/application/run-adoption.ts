// One application: a command on it, its state as the log has it, and whether its pet is reserved for it.
import { adoptionAggregate, type AdoptionCommand } from '../commands/adoption.ts'
import type { CommandHandler } from '../commands/handle.ts'
import { type Clock, toTimestamp } from '../core/clock.ts'
import type { CommandContext, CommandResult } from '../core/command.ts'
import type { EventStore } from '../core/event-store.ts'
import type { Version } from '../core/event.ts'
import type { TenantId } from '../core/ids.ts'
import type { AdoptionEvent } from '../events/adoption.ts'
import { type AdoptionState, evolveAdoption, noAdoption } from '../events/adoption-state.ts'
import { evolvePet, noPet, type PetState } from '../events/pet-state.ts'
import type { PetEvent } from '../events/pet.ts'
import { readState } from './read-state.ts'

type WithoutTime<C> = C extends unknown ? Omit<C, 'occurredAt'> : never

export type RunAdoption = (
  context: CommandContext,
  adoptionId: string,
  command: WithoutTime<AdoptionCommand>,
) => Promise<CommandResult<AdoptionState>>

export const createRunAdoption = ({
  handler,
  clock,
}: Readonly<{ handler: CommandHandler; clock: Clock }>): RunAdoption => {
  return async (context, id, command) => {
    const result = await handler.handle({
      aggregate: adoptionAggregate,
      id,
      context,
      command: { ...command, occurredAt: toTimestamp(clock()) },
    })
    // One that was abandoned is there for whoever would store it, and for nobody else.
    const isUnknown = result.kind === 'rejected' && result.rejection.code === 'adoption_not_found'
    return isUnknown ? { kind: 'not_found' } : result
  }
}

export const readAdoption = (
  eventStore: EventStore,
  tenantId: TenantId,
  id: string,
): Promise<Readonly<{ state: AdoptionState; version: Version }>> =>
  readState<AdoptionState, AdoptionEvent>(
    eventStore,
    { tenantId, category: 'adoption', id },
    { initial: noAdoption, evolve: evolveAdoption },
  )

export const readPet = async (
  eventStore: EventStore,
  tenantId: TenantId,
  id: string,
): Promise<PetState> => {
  const fold = { initial: noPet, evolve: evolvePet }
  const stream = { tenantId, category: 'pet', id }
  return (await readState<PetState, PetEvent>(eventStore, stream, fold)).state
}

/** The id of the application that the pet is reserved for; undefined when it is for none. */
export const holderOf = (pet: PetState): string | undefined =>
  pet.kind === 'present' && pet.reservedFor?.kind === 'adoption' ? pet.reservedFor.id : undefined
