// The shelters' commands and queries.
import type { Application } from '../application.ts'
import type { CommandHandler } from '../commands/handle.ts'
import { shelterAggregate } from '../commands/shelter.ts'
import { type Clock, toTimestamp } from '../core/clock.ts'
import type { IdGenerator } from '../core/ids.ts'
import { onlyPresent } from './present.ts'

type Shelters = Application['shelters']
type Options = Readonly<{ handler: CommandHandler; clock: Clock; ids: IdGenerator }>

export const createShelterCommands = ({
  handler,
  clock,
  ids,
}: Options): Pick<Shelters, 'register' | 'update'> => ({
  register: async (context, profile) =>
    onlyPresent(
      await handler.handle({
        aggregate: shelterAggregate,
        id: ids(),
        context,
        command: { type: 'register', occurredAt: toTimestamp(clock()), profile },
      }),
    ),
  update: async (context, shelterId, changes) =>
    onlyPresent(
      await handler.handle({
        aggregate: shelterAggregate,
        id: shelterId,
        context,
        command: { type: 'update', occurredAt: toTimestamp(clock()), changes },
      }),
    ),
})
