// Makes the application of its ports: commands through the handler, queries from the read models.
import type { Application } from '../application.ts'
import { createCommandHandler } from '../commands/handle.ts'
import type { CredentialStore, PasswordHasher } from '../core/auth.ts'
import type { Clock } from '../core/clock.ts'
import type { EventStore } from '../core/event-store.ts'
import type { IdGenerator } from '../core/ids.ts'
import type { ReadModelProgress } from '../core/read-model.ts'
import type { PetQueries } from '../projections/pets/queries.ts'
import { subscriptionOf } from '../projections/projection.ts'
import { projections } from '../projections/registry.ts'
import type { ShelterQueries } from '../projections/shelters.ts'
import { petHistory } from './history.ts'
import { createPetCommands } from './pets.ts'
import { createShelterCommands } from './shelters.ts'
import { createUsers } from './users.ts'

export type ApplicationOptions = Readonly<{
  eventStore: EventStore
  credentials: CredentialStore
  passwords: PasswordHasher
  pets: PetQueries
  shelters: ShelterQueries
  progress: ReadModelProgress
  clock: Clock
  ids: IdGenerator
}>

export const createApplication = (options: ApplicationOptions): Application => {
  const { eventStore, pets, shelters, progress, clock, ids } = options
  const handler = createCommandHandler({ eventStore, ids })
  const watched = projections.map(subscriptionOf)
  return {
    pets: {
      ...createPetCommands({ handler, eventStore, clock, ids }),
      search: pets.search,
      get: pets.get,
      render: (tenantId, petId, state, { extras }) =>
        pets.render(tenantId, petId, { state, extras }),
      history: (tenantId, petId, page) => petHistory(eventStore, { tenantId, petId, page }),
      inventory: pets.inventory,
    },
    shelters: { ...createShelterCommands({ handler, clock, ids }), ...shelters },
    users: createUsers({ ...options, handler }),
    readModel: {
      position: () => Math.min(...watched.map((name) => progress.position(name))),
      generation: (tenantId) =>
        watched.reduce((sum, name) => sum + progress.generation(name, tenantId), 0),
      waitFor: async (position, timeoutMs) => {
        const reached = watched.map((name) => progress.waitFor(name, position, timeoutMs))
        return (await Promise.all(reached)).every(Boolean)
      },
    },
  }
}
