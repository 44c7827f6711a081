// The pets' commands: facts from outside are fetched here and time is put into the command; the decider does the rest.
import type { Application, PetResult } from '../application.ts'
import { type PetCommand, petAggregate } from '../commands/pet.ts'
import type { CommandHandler } from '../commands/handle.ts'
import { type Clock, toTimestamp } from '../core/clock.ts'
import type { CommandContext } from '../core/command.ts'
import type { EventStore } from '../core/event-store.ts'
import type { IdGenerator, TenantId } from '../core/ids.ts'
import { readPet } from './run-adoption.ts'

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
  const { handler, clock, ids } = options
  const hasShelter = createShelterCheck(options.eventStore)

  const run = (context: CommandContext, id: string, command: WithoutTime<PetCommand>) =>
    handler.handle({
      aggregate: petAggregate,
      id,
      context,
      command: { ...command, occurredAt: toTimestamp(clock()) },
    })

  const runAtShelter = async (
    context: CommandContext,
    shelterId: string | null | undefined,
    go: () => Promise<PetResult>,
  ): Promise<PetResult> =>
    shelterId && !(await hasShelter(context.tenantId, shelterId)) ? unknownShelter : go()

  return {
    admit: (context, input) =>
      runAtShelter(context, input.profile.shelterId, () =>
        run(context, ids(), { type: 'admit', ...input }),
      ),
    revise: (context, id, input) =>
      runAtShelter(context, input.changes.shelterId, () =>
        run(context, id, { type: 'revise', ...input }),
      ),
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
      const pet = await readPet(options.eventStore, tenantId, id)
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

const MAX_KNOWN_SHELTERS = 10_000

/** Asks the log, which is never behind. Shelters are never removed, so that a yes may be remembered. */
const createShelterCheck = (eventStore: EventStore) => {
  const known = new Set<string>()
  return async (tenantId: TenantId, id: string): Promise<boolean> => {
    const key = `${tenantId} ${id}`
    if (known.has(key)) return true
    const stream = { tenantId, category: 'shelter', id }
    const { version } = await eventStore.readStream(stream, { limit: 1 })
    if (version === 0) return false
    if (known.size >= MAX_KNOWN_SHELTERS) known.clear()
    known.add(key)
    return true
  }
}
