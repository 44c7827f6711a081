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
import type { MqttBroker } from './core/mqtt-broker.ts'
import type { MqttSessions } from './core/mqtt-sessions.ts'
import type { Notifications } from './core/notifications.ts'
import type { OAuthStore } from './core/oauth.ts'
import type { Outbound, OutboundLines } from './core/outbound.ts'
import type { PaymentProvider } from './core/payments.ts'
import type { SqlDatabase } from './core/sql.ts'
import type { RefreshStatistics } from './core/table-statistics.ts'
import type { WebhookStore } from './core/webhooks.ts'
import type { WorkQueue } from './core/work-queue.ts'
import { decodeEvent } from './events/codec.ts'
import { publicDataOf, subjectOf } from './events/registry.ts'
import { createPolicies } from './policies/registry.ts'
import { type PolicyRunner, startPolicy } from './policies/runner.ts'
import { createAdoptionQueries } from './projections/adoptions.ts'
import { createOrderQueries } from './projections/orders.ts'
import { createClassicPetQueries } from './projections/pets/classic.ts'
import { createPetQueries, type PetDatabases } from './projections/pets/queries.ts'
import { type Projection, subscriptionOf } from './projections/projection.ts'
import { projections } from './projections/registry.ts'
import { createProgress, type Progress } from './projections/runner/progress.ts'
import { type Runner, startRunner } from './projections/runner/runner.ts'
import { createClassicShelterQueries } from './projections/shelters-classic.ts'
import { createShelterQueries } from './projections/shelters.ts'
import { createCatalogueRoutes } from './transports/catalogue/routes.ts'
import type { ServedTransport } from './transports/catalogue/settings.ts'
import { createFeed, DEFAULT_SCHEMA_BASE } from './transports/feed/feed.ts'
import { hasLeftBy } from './transports/feed/has-left.ts'
import type { Feed } from './transports/feed/types.ts'
import {
  ATTEMPT_LIMITS,
  createAccountRoutes,
  createSignInLimit,
  TOKEN_LIFETIME_SECONDS,
} from './transports/http/accounts/routes.ts'
import type { SignInLimit } from './transports/http/accounts/sign-in-limit.ts'
import { createOAuthRoutes } from './transports/http/oauth/routes.ts'
import type { HttpSettings, Readiness, RoutePlugin } from './transports/http/options.ts'
import type { AllowedOrigins } from './transports/http/origin.ts'
import { createHttpServer } from './transports/http/server.ts'
import { createUpgrades } from './transports/http/upgrades.ts'
import { documentedData } from './transports/http/webhooks/documented-data.ts'
import { createWebhookRoutes } from './transports/http/webhooks/routes.ts'
import { type Bridge, startBridge } from './transports/mqtt/bridge/bridge.ts'
import type { BridgeChoice } from './transports/mqtt/bridge/options.ts'
import { createMqtt, type MqttTransport } from './transports/mqtt/server.ts'
import { createMqttUpgrade, MQTT_PATH } from './transports/mqtt/websocket.ts'
import { createEventRoutes } from './transports/sse/routes.ts'
import { createWebhookEngine, type WebhookEngine } from './transports/webhooks/engine.ts'
import { EVENTS_PATH } from './transports/websocket/protocol.ts'
import { createWebSocketEvents, type WebSocketEvents } from './transports/websocket/server.ts'

/** The transports of events that are wired below: the published documents describe these. */
const SERVED: readonly ServedTransport[] = ['sse', 'websocket', 'mqtt', 'webhooks']

const CATALOGUE = { decode: decodeEvent, subjectOf, publicDataOf }

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
  searches: PetDatabases // the same, on connections of their own, as each projection is
  projectionDatabase: (projection: Projection) => SqlDatabase
  refreshStatistics: RefreshStatistics
  notifications: Notifications
  blobs: BlobStore
  payments: PaymentProvider
  outbound: Outbound & OutboundLines
  mqttSessions: MqttSessions
  /** Undefined: events are published to no broker but our own. */
  mqttBroker: MqttBroker | undefined
  webhookStore: WebhookStore
  workQueue: WorkQueue
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
    allowedOrigins: AllowedOrigins // whose pages may open a WebSocket
    reservationTimeoutMs: number // how long policies wait for what should follow by itself
    hasWaitingList: (tenantId: TenantId) => boolean
    mqttBridge: BridgeChoice // what is published to the other broker
  }>

export type Pawtrail = Readonly<{
  application: Application
  http: FastifyInstance
  mqtt: Pick<MqttTransport, 'listen'> // over WebSocket it is served without listening
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
    ...{ ...ports, ...queriesOf(ports, settings) },
    ...{ progress, hasWaitingList: settings.hasWaitingList },
  })
  const feed = createFeed({ eventStore, catalogue: CATALOGUE, cursors, logger, metrics, clock })
  const webhooks = webhookEngine(ports, application)
  const signInLimit = createSignInLimit(ATTEMPT_LIMITS)
  const mqtt = mqttTransport({ ports, settings, application, feed, signInLimit })
  let isStarted = false
  const readiness = async (): Promise<Readiness> => {
    if (!isStarted) return { ready: false, state: 'starting' }
    const lag = Math.max(0, (await eventStore.head()) - application.readModel.position())
    return { ready: lag <= settings.readyMaxLag, lag }
  }
  const http = await createHttpServer({
    ...ports,
    hasLeft: hasLeftBy(feed),
    application,
    readiness,
    settings,
    jwks: ports.oauth === undefined ? undefined : () => ports.issuer.jwks(),
    plugins: [
      ...signInRoutes({ ports, settings, application, signInLimit }),
      createEventRoutes({ ...ports, feed }),
      catalogueRoutes(settings),
      createWebhookRoutes({ ...ports, settings, application, deliveries: webhooks }),
    ],
  })
  const websocket = createWebSocketEvents({ ...ports, feed })
  serveUpgrades(http, settings, { mqtt, websocket })
  const consumers = createConsumers({ ports, settings, application, progress })
  return {
    application,
    http,
    mqtt,
    start: async () => {
      await progress.start()
      consumers.start()
      await feed.start()
      await webhooks.start()
      isStarted = true
    },
    stop: async () => {
      isStarted = false
      await Promise.all([mqtt.stop(), websocket.stop()])
      await feed.stop()
      await http.close()
      await webhooks.stop()
      await consumers.stop()
      await progress.stop()
    },
  }
}

/** Protocols that take over connections of the HTTP server, by path. */
const serveUpgrades = (
  http: FastifyInstance,
  settings: Settings,
  { mqtt, websocket }: Readonly<{ mqtt: MqttTransport; websocket: WebSocketEvents }>,
): void => {
  const upgrades = createUpgrades(http.server, settings)
  upgrades.on(MQTT_PATH, createMqttUpgrade(mqtt))
  upgrades.on(EVENTS_PATH, websocket.upgrade)
}

type Consuming = Readonly<{
  ports: Ports
  settings: Settings
  application: Application
  progress: Progress
}>

/** Projections, policies and the bridge, which are stopped first: they ask the read models. */
const createConsumers = ({ ports, settings, application, progress }: Consuming) => {
  const owner = ports.ids()
  let runners: readonly Runner[] = []
  let policies: readonly PolicyRunner[] = []
  let bridge: Bridge | undefined
  return {
    start: (): void => {
      const reading = { ...ports, decode: decodeEvent, onMove: progress.advance, owner }
      runners = projections.map((projection) => {
        const database = ports.projectionDatabase(projection)
        return startRunner({ ...reading, database, projection })
      })
      policies = createPolicies({ delayMs: settings.reservationTimeoutMs }).map((policy) =>
        startPolicy({ ...ports, policy, application, owner }),
      )
      if (ports.mqttBroker === undefined) return
      const bridged = { application, owner, broker: ports.mqttBroker, choice: settings.mqttBridge }
      const made = { catalogue: CATALOGUE, schemaBase: DEFAULT_SCHEMA_BASE }
      bridge = startBridge({ ...ports, ...bridged, ...made })
    },
    stop: async (): Promise<void> => {
      await Promise.all([bridge?.stop(), ...policies.map((policy) => policy.stop())])
      await Promise.all(runners.map((runner) => runner.stop()))
    },
  }
}

const queriesOf = ({ database, searches }: Ports, { publicUrl }: Settings) => ({
  pets: createPetQueries({ ...searches, publicUrl }),
  shelters: createShelterQueries({ database }),
  orders: createOrderQueries({ database }),
  adoptions: createAdoptionQueries({ database }),
  classic: {
    pets: createClassicPetQueries(searches),
    shelters: createClassicShelterQueries({ database }),
  },
})

const webhookEngine = (ports: Ports, application: Application): WebhookEngine =>
  createWebhookEngine({
    ...ports,
    application,
    catalogue: CATALOGUE,
    documented: documentedData(application),
    schemaBase: DEFAULT_SCHEMA_BASE,
  })

const catalogueRoutes = ({ publicUrl }: Settings): RoutePlugin =>
  createCatalogueRoutes({ publicUrl, schemaBase: DEFAULT_SCHEMA_BASE, transports: SERVED })

type SigningIn = Readonly<{
  ports: Ports
  settings: Settings
  application: Application
  signInLimit: SignInLimit
}>

const mqttTransport = ({
  ports,
  settings,
  application,
  feed,
  signInLimit,
}: SigningIn & Readonly<{ feed: Feed }>): MqttTransport =>
  createMqtt({
    ...ports,
    application,
    feed,
    sessions: ports.mqttSessions,
    credentials: ports.oauth === undefined ? undefined : ports.credentials,
    attempts: signInLimit,
    allowAnonymous: settings.publicReads,
  })

/** None with an outside identity provider. Every door counts the attempts at a password together with the others. */
const signInRoutes = ({
  ports,
  settings,
  application,
  signInLimit,
}: SigningIn): readonly RoutePlugin[] => {
  const { oauth } = ports
  if (oauth === undefined) return []
  const accounts = createAccountRoutes({
    ...ports,
    application,
    signInLimit,
    settings: { tokenLifetimeSeconds: TOKEN_LIFETIME_SECONDS, attempts: ATTEMPT_LIMITS },
  })
  return [accounts, createOAuthRoutes({ ...ports, oauth, application, signInLimit, settings })]
}
