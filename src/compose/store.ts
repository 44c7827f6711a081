// Opens what everything stands on: PostgreSQL (embedded unless told otherwise), its schema, the log
// and the read models.
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { startEmbeddedPostgres } from '../adapters/embedded-postgres/server.ts'
import type { StopManner } from '../adapters/embedded-postgres/stopping.ts'
import { APP_ROLE } from '../adapters/postgres/connection.ts'
import {
  createDatabase,
  type Database,
  type DatabaseOptions,
} from '../adapters/postgres/database.ts'
import { createPostgresEventStore } from '../adapters/postgres/event-store/event-store.ts'
import { migrate } from '../adapters/postgres/migrate.ts'
import { releaseWebhookLeases } from '../adapters/postgres/webhook-store/leases.ts'
import { systemClock } from '../adapters/system/clock.ts'
import type { Config } from '../config.ts'
import type { LogIdentity } from '../core/cursor.ts'
import type { EventStore } from '../core/event-store.ts'
import type { Logger } from '../core/logger.ts'
import { type Metrics, noMetrics } from '../core/metrics.ts'
import { installProjections } from '../projections/install.ts'
import type { PetDatabases } from '../projections/pets/queries.ts'
import type { Projection } from '../projections/projection.ts'
import { projections } from '../projections/registry.ts'
import { releaseAllLeases } from '../projections/runner/checkpoint.ts'
import { ensureDataDir } from './data-dir.ts'
import { notConnecting } from './no-connection.ts'

// This file runs from src/compose/ and, bundled, from dist/.
const isBundled = path.basename(path.dirname(fileURLToPath(import.meta.url))) === 'dist'
const MIGRATIONS = fileURLToPath(
  new URL(isBundled ? '../infra/migrations' : '../../infra/migrations', import.meta.url),
)
const QUERY_CONNECTIONS = 12
// Few, since each of them has to touch the tables' pages for itself before it is quick. Searches that look at each
// match have others, so that the quick ones wait for one another only.
const SEARCH_CONNECTIONS = 8
const SCAN_CONNECTIONS = 4
const QUERY_TIMEOUT_MS = 10_000
const ADMIN_TIMEOUT_MS = 1_800_000 // an index over a large table

export type Server = Readonly<{
  url: string
  eventStoreUrl: string
  isOurs: boolean // started by this process: nobody else can have been connected before
  stop(manner?: StopManner): Promise<void>
}>

/** Starts the embedded PostgreSQL, or names the one of the settings. */
export const openServer = async (
  config: Config,
  logger: Logger,
  onUnexpectedExit: () => void,
): Promise<Server> => {
  const { databaseUrl, eventStoreUrl } = config
  if (databaseUrl !== undefined) {
    return {
      url: databaseUrl,
      eventStoreUrl: eventStoreUrl ?? databaseUrl,
      isOurs: false,
      stop: async () => {},
    }
  }
  await ensureDataDir(config)
  const dataDir = path.join(config.dataDir, 'postgres')
  const embedded = await startEmbeddedPostgres({ dataDir, logger, onUnexpectedExit })
  return {
    url: embedded.url,
    eventStoreUrl: eventStoreUrl ?? embedded.url,
    isOurs: !embedded.attached,
    stop: embedded.stop,
  }
}

export type Store = Readonly<{
  url: string
  isAlone: boolean // no other process can be connected
  role: string | undefined
  database: Database // as the role of the running program
  searches: PetDatabases // the same, for single statements that search the pets
  /** The same, for one projection at a time. */
  projectionDatabase: (projection: Pick<Projection, 'name'>) => Database
  admin: Database // as the owner of the tables
  eventStore: EventStore & Readonly<{ identity: LogIdentity }>
  /** Everything but the server. */
  close(): Promise<void>
}>

type StoreOptions = Readonly<{ config: Config; logger: Logger; metrics?: Metrics }>

export const openStore = async (server: Server, options: StoreOptions): Promise<Store> => {
  const { config, logger } = options
  const { url, eventStoreUrl } = server
  const { appRole, log } = await migrateBoth(server, options)
  const roleIf = (has: boolean) => (has ? { role: APP_ROLE } : {})
  const admin = createDatabase({
    url,
    maxConnections: 2,
    statementTimeoutMs: ADMIN_TIMEOUT_MS,
    applicationName: 'pawtrail admin',
    logger,
  })
  await installProjections(admin, projections)
  if (server.isOurs) await Promise.all([releaseAllLeases(admin), releaseWebhookLeases(admin)])
  const running = {
    url,
    ...roleIf(appRole),
    statementTimeoutMs: QUERY_TIMEOUT_MS,
    // Every statement finds its rows by an index whatever its values are, and planning a search takes the server as
    // long as answering it. Left to itself it plans again for each page, because a limit that it knows looks cheaper.
    plansOnce: true,
    applicationName: 'pawtrail',
    logger,
  }
  const database = createDatabase({ ...running, maxConnections: QUERY_CONNECTIONS })
  const [quick, scans] = [
    createDatabase({
      ...running,
      applicationName: 'pawtrail searches',
      maxConnections: SEARCH_CONNECTIONS,
    }),
    createDatabase({
      ...running,
      applicationName: 'pawtrail scans',
      maxConnections: SCAN_CONNECTIONS,
    }),
  ]
  const folding = projectionDatabases(running)
  const eventStore = await createPostgresEventStore({
    url: eventStoreUrl,
    ...roleIf(log.appRole),
    logger,
    metrics: options.metrics ?? noMetrics,
    clock: systemClock,
    limits: { maxQueuedCommands: config.appendQueueLimit },
  })
  return {
    url,
    isAlone: server.isOurs,
    role: appRole ? APP_ROLE : undefined,
    database,
    searches: { database: quick, scans },
    projectionDatabase: folding.of,
    admin,
    eventStore,
    close: async () => {
      await eventStore.close()
      await database.close()
      await quick.close()
      await scans.close()
      await folding.close()
      await admin.close()
    },
  }
}

const migrateBoth = async (
  { url, eventStoreUrl }: Server,
  { config, logger }: StoreOptions,
): Promise<Readonly<{ appRole: boolean; log: Readonly<{ appRole: boolean }> }>> => {
  const { appRole } = await migrate({
    ...{ url, directory: MIGRATIONS, logger },
    ...(config.databaseUrl === undefined ? {} : notConnecting('DATABASE_URL')),
  })
  if (eventStoreUrl === url) return { appRole, log: { appRole } }
  const log = await migrate({
    ...{ url: eventStoreUrl, directory: MIGRATIONS, logger },
    ...notConnecting('EVENT_STORE_URL'),
  })
  return { appRole, log }
}

// One connection each, and always the same one: what a backend has learned of its projection's tables and statements
// is worth keeping, and a runner does one thing at a time.
const projectionDatabases = (running: Omit<DatabaseOptions, 'maxConnections'>) => {
  const databases = new Map<string, Database>()
  const open = (name: string): Database => {
    const applicationName = `pawtrail projection ${name}`
    const database = createDatabase({ ...running, applicationName, maxConnections: 1 })
    databases.set(name, database)
    return database
  }
  return {
    of: ({ name }: Pick<Projection, 'name'>): Database => databases.get(name) ?? open(name),
    close: async (): Promise<void> => {
      await Promise.all([...databases.values()].map((database) => database.close()))
    },
  }
}
