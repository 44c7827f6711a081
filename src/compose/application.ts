// The ports of a running installation, and an application for who only writes beside it.
import { createPasswordHasher } from '../adapters/argon2/password-hasher.ts'
import { createCredentialStore } from '../adapters/postgres/credentials.ts'
import { createRefreshTokenStore } from '../adapters/postgres/refresh-tokens.ts'
import { createSandboxPayments } from '../adapters/sandbox-payments/provider.ts'
import { systemClock } from '../adapters/system/clock.ts'
import { randomToken } from '../adapters/system/random.ts'
import type { Application } from '../application.ts'
import { createApplication } from '../application/create.ts'
import type { Config } from '../config.ts'
import type { IdGenerator, TenantId } from '../core/ids.ts'
import { silentLogger } from '../core/logger.ts'
import { createAdoptionQueries } from '../projections/adoptions.ts'
import { createOrderQueries } from '../projections/orders.ts'
import { createClassicPetQueries } from '../projections/pets/classic.ts'
import { createPetQueries } from '../projections/pets/queries.ts'
import { subscriptionOf } from '../projections/projection.ts'
import { projections } from '../projections/registry.ts'
import { createProgress } from '../projections/runner/progress.ts'
import { createClassicShelterQueries } from '../projections/shelters-classic.ts'
import { createShelterQueries } from '../projections/shelters.ts'
import type { Store } from './store.ts'
import { webhookStoreOf } from './webhook-store.ts'

export const publicUrlOf = ({ publicUrl, host, port }: Config): string => {
  if (publicUrl !== undefined) return publicUrl
  const isEverywhere = host === '0.0.0.0' || host === '::'
  const name = isEverywhere ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host
  return `http://${name}:${port}`
}

export const hasWaitingListOf =
  ({ waitingLists }: Config) =>
  (tenantId: TenantId): boolean =>
    waitingLists === 'all' || (waitingLists !== 'none' && waitingLists.includes(tenantId))

/** Its read models are followed by nobody: `readModel` stands still, and so nobody is put in a line. */
export const writeOnlyApplication = (
  config: Config,
  { store, ids }: Readonly<{ store: Store; ids: IdGenerator }>,
): Application => {
  const { database, searches, eventStore } = store
  const clock = systemClock
  const subscriptions = projections.map(subscriptionOf)
  return createApplication({
    eventStore,
    credentials: createCredentialStore({ database, clock }),
    refreshTokens: createRefreshTokenStore({ database, clock, ids, randomToken }),
    passwords: createPasswordHasher(),
    pets: createPetQueries({ ...searches, publicUrl: publicUrlOf(config) }),
    shelters: createShelterQueries({ database }),
    orders: createOrderQueries({ database }),
    adoptions: createAdoptionQueries({ database }),
    classic: {
      pets: createClassicPetQueries(searches),
      shelters: createClassicShelterQueries({ database }),
    },
    payments: createSandboxPayments({ clock }),
    webhookStore: webhookStoreOf(config, database),
    randomToken,
    progress: createProgress({ database, subscriptions, logger: silentLogger }),
    hasWaitingList: () => false,
    clock,
    ids,
    logger: silentLogger,
  })
}
