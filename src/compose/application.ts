// The ports of a running installation, and an application for who only writes beside it.
import { createPasswordHasher } from '../adapters/argon2/password-hasher.ts'
import { createCredentialStore } from '../adapters/postgres/credentials.ts'
import { systemClock } from '../adapters/system/clock.ts'
import type { Application } from '../application.ts'
import { createApplication } from '../application/create.ts'
import type { Config } from '../config.ts'
import type { IdGenerator } from '../core/ids.ts'
import { silentLogger } from '../core/logger.ts'
import { createPetQueries } from '../projections/pets/queries.ts'
import { subscriptionOf } from '../projections/projection.ts'
import { projections } from '../projections/registry.ts'
import { createProgress } from '../projections/runner/progress.ts'
import { createShelterQueries } from '../projections/shelters.ts'
import type { Store } from './store.ts'

export const publicUrlOf = ({ publicUrl, host, port }: Config): string => {
  if (publicUrl !== undefined) return publicUrl
  const isEverywhere = host === '0.0.0.0' || host === '::'
  const name = isEverywhere ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host
  return `http://${name}:${port}`
}

/** Its read models are followed by nobody: `readModel` stands still. */
export const writeOnlyApplication = (
  config: Config,
  { store, ids }: Readonly<{ store: Store; ids: IdGenerator }>,
): Application => {
  const { database, eventStore } = store
  const clock = systemClock
  const subscriptions = projections.map(subscriptionOf)
  return createApplication({
    eventStore,
    credentials: createCredentialStore({ database, clock }),
    passwords: createPasswordHasher(),
    pets: createPetQueries({ database, publicUrl: publicUrlOf(config) }),
    shelters: createShelterQueries({ database }),
    progress: createProgress({ database, subscriptions, logger: silentLogger }),
    clock,
    ids,
  })
}
