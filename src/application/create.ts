// Makes the application of its ports: commands through the handler, queries from the read models.
import type { Application } from '../application.ts'
import { createCommandHandler } from '../commands/handle.ts'
import type { CredentialStore, PasswordHasher, RefreshTokenStore } from '../core/auth.ts'
import type { Clock } from '../core/clock.ts'
import type { EventStore } from '../core/event-store.ts'
import type { Position } from '../core/event.ts'
import { Fault } from '../core/fault.ts'
import type { IdGenerator, TenantId } from '../core/ids.ts'
import type { Logger } from '../core/logger.ts'
import type { PaymentProvider } from '../core/payments.ts'
import type { ReadModelProgress } from '../core/read-model.ts'
import type { WebhookStore } from '../core/webhooks.ts'
import { type AdoptionQueries, adoptionsProjection } from '../projections/adoptions.ts'
import type { OrderQueries } from '../projections/orders.ts'
import type { ClassicPetQueries } from '../projections/pets/classic.ts'
import { petsProjection } from '../projections/pets/fold.ts'
import type { PetQueries } from '../projections/pets/queries.ts'
import { type Projection, subscriptionOf } from '../projections/projection.ts'
import { projections } from '../projections/registry.ts'
import type { ClassicShelterQueries } from '../projections/shelters-classic.ts'
import { type ShelterQueries, sheltersProjection } from '../projections/shelters.ts'
import { createAdoptions } from './adoptions.ts'
import { petHistory } from './history.ts'
import { createOrders } from './orders.ts'
import { createPetCommands } from './pets.ts'
import { createShelterCommands } from './shelters.ts'
import { createUsers } from './users.ts'
import { createWebhooks } from './webhooks.ts'

const READ_MODEL_WAIT_MS = 5_000

export type ApplicationOptions = Readonly<{
  eventStore: EventStore
  credentials: CredentialStore
  refreshTokens: RefreshTokenStore
  passwords: PasswordHasher
  pets: PetQueries
  shelters: ShelterQueries
  orders: OrderQueries
  adoptions: AdoptionQueries
  classic: Readonly<{ pets: ClassicPetQueries; shelters: ClassicShelterQueries }>
  payments: PaymentProvider
  webhookStore: WebhookStore
  randomToken: (bytes: number) => string
  progress: ReadModelProgress
  clock: Clock
  ids: IdGenerator
  logger: Logger
  hasWaitingList: (tenantId: TenantId) => boolean
}>

export const createApplication = (options: ApplicationOptions): Application => {
  const { eventStore, pets, shelters, progress, clock, ids } = options
  const handler = createCommandHandler({ eventStore, ids })
  const petCommands = createPetCommands({ handler, eventStore, clock, ids })
  const watched = projections.map(subscriptionOf)
  const cached = [petsProjection, sheltersProjection].map(subscriptionOf)
  return {
    pets: {
      ...petCommands,
      search: pets.search,
      get: pets.get,
      render: (tenantId, petId, state, { extras }) =>
        pets.render(tenantId, petId, { state, extras }),
      history: (tenantId, petId, page) => petHistory(eventStore, { tenantId, petId, page }),
      inventory: pets.inventory,
    },
    shelters: {
      ...createShelterCommands({
        ...options,
        handler,
        petQueries: pets,
        waitForPets: waitFor(progress, petsProjection),
      }),
      ...shelters,
    },
    orders: createOrders({
      ...options,
      handler,
      pets: petCommands,
      orderQueries: options.orders,
    }),
    adoptions: createAdoptions({
      ...options,
      handler,
      pets: petCommands,
      adoptionQueries: options.adoptions,
      waitForAdoptions: waitFor(progress, adoptionsProjection),
    }),
    users: createUsers({ ...options, handler }),
    webhooks: createWebhooks({ ...options, handler }),
    classic: options.classic,
    readModel: {
      position: () => Math.min(...watched.map((name) => progress.position(name))),
      generation: (tenantId) =>
        cached.reduce((sum, name) => sum + progress.generation(name, tenantId), 0),
      waitFor: async (position, timeoutMs) => {
        const reached = watched.map((name) => progress.waitFor(name, position, timeoutMs))
        return (await Promise.all(reached)).every(Boolean)
      },
    },
  }
}

const waitFor =
  (progress: ReadModelProgress, projection: Projection) =>
  async (position: Position): Promise<void> => {
    const isThere = await progress.waitFor(subscriptionOf(projection), position, READ_MODEL_WAIT_MS)
    if (isThere) return
    const message = `the read model of ${projection.name} is too far behind`
    throw new Fault('deadline_exceeded', message)
  }
