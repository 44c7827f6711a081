// What the command line does with the inside. The database is opened by the first command that needs
// it: beside a running server its embedded PostgreSQL is used, otherwise one is started for the command.
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { JOBS_SCHEMA } from '../adapters/bullmq/schema.ts'
import { findRunningServer } from '../adapters/embedded-postgres/running-server.ts'
import { createCredentialStore } from '../adapters/postgres/credentials.ts'
import { createDatabase } from '../adapters/postgres/database.ts'
import { createOAuthStore } from '../adapters/postgres/oauth-store.ts'
import { systemClock } from '../adapters/system/clock.ts'
import { randomToken } from '../adapters/system/random.ts'
import { CliError } from '../cli/exit.ts'
import type { ConsumerStatus, Status, Tools, UnknownProjection } from '../cli/tools.ts'
import type { Config } from '../config.ts'
import type { IdGenerator, TenantId } from '../core/ids.ts'
import type { Logger } from '../core/logger.ts'
import type { OAuthStore } from '../core/oauth.ts'
import { SITES } from '../demo/vocabulary.ts'
import { seedTenant } from '../demo/seed.ts'
import { decodeEvent } from '../events/codec.ts'
import { policySubscription } from '../policies/policy.ts'
import { createPolicies } from '../policies/registry.ts'
import { type Projection, subscriptionOf } from '../projections/projection.ts'
import { rebuildProjection } from '../projections/rebuild.ts'
import { projections } from '../projections/registry.ts'
import { requestRetry } from '../projections/runner/parking.ts'
import { writeOnlyApplication } from './application.ts'
import { openServer, type Server } from './server.ts'
import { openStore, type Store } from './store.ts'
import { openTokens } from './tokens.ts'

type Opened = Readonly<{ server: Server; store: Store }>
type Context = Readonly<{ config: Config; logger: Logger; ids: IdGenerator }>

const PARKED_SHOWN = 1_000

export const createTools = (context: Context): Tools => {
  const { config, logger, ids } = context
  let opening: Promise<Opened> | undefined
  const store = async (): Promise<Store> => (await (opening ??= open(context))).store
  const withProjection = async <T>(
    name: string,
    work: (projection: Projection) => Promise<T>,
  ): Promise<T | UnknownProjection> => {
    const projection = projections.find((each) => each.name === name)
    if (projection !== undefined) return work(projection)
    return { kind: 'unknown_projection', known: projections.map((each) => each.name) }
  }
  const clients = async (): Promise<OAuthStore> => {
    refuseOutsideProvider(config, 'clients are registered with')
    const { database } = await store()
    return createOAuthStore({ database, clock: systemClock, ids, randomToken })
  }
  return {
    createClient: async (definition) => (await clients()).createClient(definition),
    listClients: async () => (await clients()).listClients(),
    removeClient: async (clientId) => (await clients()).removeClient(clientId),
    issueToken: async (request) => {
      refuseOutsideProvider(config, 'tokens come from')
      return (await openTokens(config, { logger, ids })).issuer.issue(request)
    },
    removeUser: async (tenantId, user) => removeUser(context, await store(), { tenantId, user }),
    seed: async ({ tenantId, pets }) => {
      const application = writeOnlyApplication(config, { store: await store(), ids })
      const options = { tenantId, pets, sites: SITES.slice(0, 2), seed: systemClock() }
      return seedTenant({ application, clock: systemClock, ids, randomToken }, options)
    },
    reset: () => reset(context),
    status: async () => status(await store()),
    rebuild: (name, { onProgress, signal }) =>
      withProjection(name, async (projection) => {
        const { eventStore, database, admin } = await store()
        const head = await eventStore.head()
        const { events, position } = await rebuildProjection({
          projection,
          eventStore,
          database,
          admin,
          decode: decodeEvent,
          owner: ids(),
          clock: systemClock,
          logger,
          signal,
          onProgress: ({ done, total, events }) =>
            onProgress({ position: done, target: total, events }),
        })
        return { kind: 'rebuilt' as const, events, position: Math.max(position, head) }
      }),
    replayParked: (name, streamId) =>
      withProjection(name, async (projection) => {
        const { database } = await store()
        const streams = await requestRetry(database, subscriptionOf(projection), streamId)
        return { kind: 'requested' as const, streams }
      }),
    close: async () => {
      const opened = await opening
      await opened?.store.close()
      await opened?.server.stop()
    },
  }
}

const refuseOutsideProvider = ({ jwksUrl }: Config, what: string): void => {
  if (jwksUrl === undefined) return
  throw new CliError(
    'badSettings',
    `JWKS_URL is set: ${what} the identity provider that it belongs to`,
  )
}

const open = async ({ config, logger }: Context): Promise<Opened> => {
  const server = await openServer(config, logger)
  return { server, store: await openStore(server, { config, logger }) }
}

const removeUser = async (
  { config, ids }: Context,
  store: Store,
  { tenantId, user }: Readonly<{ tenantId: TenantId; user: string }>,
): Promise<string | undefined> => {
  const credentials = createCredentialStore({ database: store.database, clock: systemClock })
  const userId = (await credentials.find(tenantId, user))?.userId ?? user
  const { users } = writeOnlyApplication(config, { store, ids })
  const context = { tenantId, actor: { kind: 'system', id: 'cli' }, correlationId: ids() } as const
  const removed = await users.remove(context, userId, { reason: null })
  if (removed.kind === 'done') return userId
  if (removed.kind === 'not_found') return undefined
  throw new CliError('failed', `the account could not be deleted: ${removed.kind}`)
}

type StatusRow = Readonly<{
  subscription: string
  position: number
  parked: ConsumerStatus['parked']
}>

// A handful of checkpoints; the parked rows of each by the first column of their primary key.
const STATUS = `select c.subscription, c.position, coalesce((
    select jsonb_agg(jsonb_build_object('tenantId', p.tenant_id, 'category', p.category,
      'streamId', p.stream_id, 'position', p.position, 'retryRequested', p.retry_requested))
    from (select * from pawtrail.parked where subscription = c.subscription
      order by position limit ${PARKED_SHOWN}) p), '[]'::jsonb) as parked
  from pawtrail.checkpoints c where c.subscription = any($1::text[]) order by c.subscription`

const status = async ({ database, eventStore }: Store): Promise<Status> => {
  const policies = createPolicies({ delayMs: 0 }).map(policySubscription)
  const subscriptions = [...projections.map(subscriptionOf), ...policies]
  const rows = await database.query<StatusRow>(STATUS, [subscriptions])
  const head = await eventStore.head()
  const known = new Map(rows.map((row) => [row.subscription, row] as const))
  const statusOf = (name: string, subscription = name): ConsumerStatus => {
    const { position = 0, parked = [] } = known.get(subscription) ?? {}
    return { name, position, lag: Math.max(0, head - position), parked }
  }
  return {
    head,
    // By the name that `rebuild` takes; the version is in the subscription alone.
    projections: projections.map((each) => statusOf(each.name, subscriptionOf(each))),
    policies: policies.map((policy) => statusOf(policy)),
  }
}

const reset = async ({ config, logger }: Context): Promise<'reset' | 'in_use'> => {
  const { databaseUrl, eventStoreUrl, dataDir } = config
  const cluster = path.join(dataDir, 'postgres')
  const urls = [databaseUrl, eventStoreUrl].filter((url) => url !== undefined)
  if (databaseUrl === undefined) {
    if ((await findRunningServer(cluster, logger)).kind !== 'none') return 'in_use'
  }
  if ((await dropSchemas(urls, logger)) === 'in_use') return 'in_use'
  if (databaseUrl === undefined) await rm(cluster, { recursive: true, force: true })
  await rm(path.join(dataDir, 'blobs'), { recursive: true, force: true })
  return 'reset'
}

// Of a server that runs, whichever of the two databases is looked at.
const RUNNING = `select 1 from pg_stat_activity where datname = current_database()
  and application_name in ('pawtrail', 'pawtrail appender')`

/** Of all the databases or of none: the log may be in another one than the read models. */
const dropSchemas = async (
  urls: readonly string[],
  logger: Logger,
): Promise<'reset' | 'in_use'> => {
  const databases = urls.map((url) =>
    createDatabase({
      url,
      maxConnections: 1,
      statementTimeoutMs: 60_000,
      applicationName: 'pawtrail reset',
      logger,
    }),
  )
  try {
    for (const database of databases) {
      if ((await database.query(RUNNING)).length > 0) return 'in_use'
    }
    for (const database of databases) {
      await database.query('drop schema if exists read cascade')
      await database.query('drop schema if exists pawtrail cascade')
      await database.query(`drop schema if exists ${JOBS_SCHEMA} cascade`)
    }
    return 'reset'
  } finally {
    await Promise.all(databases.map((database) => database.close()))
  }
}
