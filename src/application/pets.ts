// The pets' commands: facts from outside are fetched here and time is put into the command; the decider does the rest.
import type { Application, PetResult } from '../application.ts'
import { type PetCommand, petAggregate } from '../commands/pet.ts'
import type { CommandHandler } from '../commands/handle.ts'
import { type Clock, toTimestamp } from '../core/clock.ts'
import type { CommandContext } from '../core/command.ts'
import type { EventStore } from '../core/event-store.ts'
import type { IdGenerator } from '../core/ids.ts'
import { readPet } from './run-adoption.ts'
import { hasShelter } from './shelters.ts'

type PetCommands = Pick<
  Application['pets'],
  | 'admit'
  | 'revise'
  | 'recordOutcome'
  | 'returnToCare'
  | 'addPhoto'
  | 'reserve'
  | 'release'
  | 'adopt'
  | 'passOn'
  | 'remove'
  | 'current'
>

type Options = Readonly<{
  handler: CommandHandler
  eventStore: EventStore
  clock: Clock
  ids: IdGenerator
}>

type WithoutTime<C> = C extends unknown ? Omit<C, 'occurredAt'> : never

export const createPetCommands = (options: Options): PetCommands => {
  const { handler, eventStore, clock, ids } = options

  const run = (context: CommandContext, id: string, command: WithoutTime<PetCommand>) =>
    handler.handle({
      aggregate: petAggregate,
      id,
      context,
      command: { occurredAt: toTimestamp(clock()), ...command },
    })

  const isRepeat = async ({ tenantId, idempotency }: CommandContext): Promise<boolean> =>
    idempotency !== undefined && (await eventStore.findByKey(tenantId, idempotency)) !== undefined

  const isKnown = async (context: CommandContext, shelterId: string | null | undefined) =>
    !shelterId ||
    (await hasShelter(eventStore, context.tenantId, shelterId)) ||
    // A repeat is answered as the first time, whatever has become of the shelter since.
    (await isRepeat(context))

  return {
    admit: async (context, input) =>
      (await isKnown(context, input.profile.shelterId))
        ? run(context, ids(), { type: 'admit', ...input })
        : unknownShelter,
    revise: async (context, id, input) => {
      const { shelterId, ...others } = input.changes
      if (await isKnown(context, shelterId)) return run(context, id, { type: 'revise', ...input })
      // A pet may still name a shelter that was removed: whoever says again what is so, assigns nothing.
      const pet = await readPet(eventStore, context.tenantId, id)
      if (pet.kind !== 'present' || pet.profile.shelterId !== shelterId) return unknownShelter
      return run(context, id, { type: 'revise', ...input, changes: others })
    },
    recordOutcome: (context, id, input) => run(context, id, { type: 'record_outcome', ...input }),
    returnToCare: (context, id, input) => run(context, id, { type: 'return', ...input }),
    addPhoto: (context, id, input) => run(context, id, { type: 'add_photo', ...input }),
    reserve: (context, id, { cause, reason }) =>
      run(context, id, { type: 'reserve', cause, reason: reason ?? undefined }),
    release: (context, id, { cause, reason }) =>
      run(context, id, { type: 'release', cause, reason: reason ?? undefined }),
    adopt: (context, id, input) => run(context, id, { type: 'adopt', ...input }),
    passOn: (context, id, { from, to }) => run(context, id, { type: 'pass_on', from, to }),
    remove: (context, id, { reason }) => run(context, id, { type: 'remove', reason }),
    current: async (tenantId, id) => {
      const pet = await readPet(eventStore, tenantId, id)
      return pet.kind === 'present' ? pet : undefined
    },
  }
}

const unknownShelter: PetResult = {
  kind: 'rejected',
  rejection: {
    code: 'unknown_shelter',
    detail: 'There is no such shelter in this tenant.',
    field: 'shelterId',
  },
}
