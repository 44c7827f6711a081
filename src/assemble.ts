// From ports to a running application. Used by compose.ts with the real adapters, and by tests.
import type { FastifyInstance } from 'fastify'
import type { Application } from './application.ts'
import { createApplication } from './application/create.ts'
import type {
  CredentialStore,
  PasswordHasher,
  RefreshTokenStore,
  TokenIssuer,
  TokenVerifier,
} from './core/auth.ts'
import type { BlobStore } from './core/blob-store.ts'
import type { Checkpoints } from './core/checkpoints.ts'
import type { Clock } from './core/clock.ts'
import type { CursorCodec } from './core/cursor.ts'
import type { EventStore } from './core/event-store.ts'
import type { IdGenerator, TenantId } from './core/ids.ts'
import type { Logger } from './core/logger.ts'
import type { Metrics } from './core/metrics.ts'
import type { Notifications } from './core/notifications.ts'
import type { OAuthStore } from './core/oauth.ts'
import type { Outbound } from './core/outbound.ts'
import type { PaymentProvider } from './core/payments.ts'
import type { SqlDatabase } from './core/sql.ts'
import { decodeEvent } from './events/codec.ts'
import { publicDataOf, subjectOf } from './events/registry.ts'
import { createPolicies } from './policies/registry.ts'
import { type PolicyRunner, startPolicy } from './policies/runner.ts'
import { createAdoptionQueries } from './projections/adoptions.ts'
import { createOrderQueries } from './projections/orders.ts'
import { createClassicPetQueries } from './projections/pets/classic.ts'
import { createPetQueries } from './projections/pets/queries.ts'
import { subscriptionOf } from './projections/projection.ts'
import { projections } from './projections/registry.ts'
import { createProgress, type Progress } from './projections/runner/progress.ts'
import { type Runner, startRunner } from './projections/runner/runner.ts'
import { createClassicShelterQueries } from './projections/shelters-classic.ts'
import { createShelterQueries } from './projections/shelters.ts'
import { createFeed } from './transports/feed/feed.ts'
import {
  ATTEMPT_LIMITS,
  createAccountRoutes,
  createSignInLimit,
  TOKEN_LIFETIME_SECONDS,
} from './transports/http/accounts/routes.ts'
import { createOAuthRoutes } from './transports/http/oauth/routes.ts'
import type { HttpSettings, Readiness, RoutePlugin } from './transports/http/options.ts'
import { createHttpServer } from './transports/http/server.ts'
import { createEventRoutes } from './transports/sse/routes.ts'

export type Ports = Readonly<{
  clock: Clock
  ids: IdGenerator
  random: () => number // in [0, 1)
  randomToken: (bytes: number) => string // fit for secrets
  logger: Logger
  metrics: Metrics
  metricsText: () => Promise<string>
  eventStore: EventStore
  checkpoints: Checkpoints
  cursors: CursorCodec
  database: SqlDatabase
  notifications: Notifications
  blobs: BlobStore
  payments: PaymentProvider
  outbound: Outbound
  verifier: TokenVerifier
  issuer: TokenIssuer
  passwords: PasswordHasher
  credentials: CredentialStore
  refreshTokens: RefreshTokenStore
  /** Undefined where an outside identity provider signs the tokens: it is the authorization server then. */
  oauth: OAuthStore | undefined
}>

export type Settings = HttpSettings &
  Readonly<{
    readyMaxLag: number
    reservationTimeoutMs: number // how long policies wait for what should follow by itself
    hasWaitingList: (tenantId: TenantId) => boolean
  }>

export type Pawtrail = Readonly<{
  application: Application
  http: FastifyInstance
  /** Starts projections, policies and the feed. The HTTP server listens when its owner says so. */
  start(): Promise<void>
  /** Ends live streams, finishes the requests under way, then the policies and the projections. */
  stop(): Promise<void>
}>

export const assemble = async (ports: Ports, settings: Settings): Promise<Pawtrail> => {
  const { eventStore, database, cursors, logger, metrics, clock } = ports
  const progress = createProgress({
    database,
    subscriptions: projections.map(subscriptionOf),
    notifications: ports.notifications,
    logger,
  })
  const application = createApplication({
    ...ports,
    progress,
    hasWaitingList: settings.hasWaitingList,
    pets: createPetQueries({ database, publicUrl: settings.publicUrl }),
    shelters: createShelterQueries({ database }),
    orders: createOrderQueries({ database }),
    adoptions: createAdoptionQueries({ database }),
    classic: {
      pets: createClassicPetQueries({ database }),
      shelters: createClassicShelterQueries({ database }),
    },
  })
  const catalogue = { decode: decodeEvent, subjectOf, publicDataOf }
  const feed = createFeed({ eventStore, catalogue, cursors, logger, metrics, clock })
  let isStarted = false
  const readiness = async (): Promise<Readiness> => {
    if (!isStarted) return { ready: false, state: 'starting' }
    const lag = Math.max(0, (await eventStore.head()) - application.readModel.position())
    return { ready: lag <= settings.readyMaxLag, lag }
  }
  const http = await createHttpServer({
    ...ports,
    application,
    readiness,
    settings,
    jwks: () => ports.issuer.jwks(),
    plugins: [
      ...signInRoutes(ports, application, settings),
      createEventRoutes({ feed, cursors, clock, random: ports.random }),
    ],
  })
  const consumers = createConsumers({ ports, settings, application, progress })
  return {
    application,
    http,
    start: async () => {
      await progress.start()
      consumers.start()
      await feed.start()
      isStarted = true
    },
    stop: async () => {
      isStarted = false
      await feed.stop()
      await http.close()
      await consumers.stop()
      await progress.stop()
    },
  }
}

type Consuming = Readonly<{
  ports: Ports
  settings: Settings
  application: Application
  progress: Progress
}>

/** Projections and policies. The policies are stopped first: they ask the read models. */
const createConsumers = ({ ports, settings, application, progress }: Consuming) => {
  const owner = ports.ids()
  let runners: readonly Runner[] = []
  let policies: readonly PolicyRunner[] = []
  return {
    start: (): void => {
      const reading = { ...ports, decode: decodeEvent, onMove: progress.advance, owner }
      runners = projections.map((projection) => startRunner({ ...reading, projection }))
      const { reservationTimeoutMs: delayMs } = settings
      policies = createPolicies({ delayMs }).map((policy) =>
        startPolicy({ ...ports, policy, application, owner }),
      )
    },
    stop: async (): Promise<void> => {
      await Promise.all(policies.map((policy) => policy.stop()))
      await Promise.all(runners.map((runner) => runner.stop()))
    },
  }
}

/** Every door counts the attempts at a password together with the others. */
const signInRoutes = (
  ports: Ports,
  application: Application,
  { publicUrl }: Settings,
): readonly RoutePlugin[] => {
  const { oauth } = ports
  const signInLimit = createSignInLimit(ATTEMPT_LIMITS)
  const accounts = createAccountRoutes({
    ...ports,
    application,
    signInLimit,
    settings: { tokenLifetimeSeconds: TOKEN_LIFETIME_SECONDS, attempts: ATTEMPT_LIMITS },
  })
  if (oauth === undefined) return [accounts]
  const settings = { publicUrl }
  return [accounts, createOAuthRoutes({ ...ports, oauth, application, signInLimit, settings })]
}
