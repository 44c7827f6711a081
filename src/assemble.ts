// From ports to a running application. Used by compose.ts with the real adapters, and by tests.
import type { FastifyInstance } from 'fastify'
import type { Application } from './application.ts'
import { createApplication } from './application/create.ts'
import { createConsumers } from './assemble/consumers.ts'
import type { Ports, Settings } from './assemble/ports.ts'
import { decodeEvent } from './events/codec.ts'
import { publicDataOf, subjectOf } from './events/registry.ts'
import { createAdoptionQueries } from './projections/adoptions.ts'
import { createOrderQueries } from './projections/orders.ts'
import { createClassicPetQueries } from './projections/pets/classic.ts'
import { createPetQueries } from './projections/pets/queries.ts'
import { subscriptionOf } from './projections/projection.ts'
import { projections } from './projections/registry.ts'
import { createProgress } from './projections/runner/progress.ts'
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
import type { Readiness, RoutePlugin } from './transports/http/options.ts'
import { createHttpServer } from './transports/http/server.ts'
import { createUpgrades } from './transports/http/upgrades.ts'
import { documentedData } from './transports/http/webhooks/documented-data.ts'
import { createWebhookRoutes } from './transports/http/webhooks/routes.ts'
import { createMqtt, type MqttTransport } from './transports/mqtt/server.ts'
import { createMqttUpgrade, MQTT_PATH } from './transports/mqtt/websocket.ts'
import { createEventRoutes } from './transports/sse/routes.ts'
import { createWebhookEngine, type WebhookEngine } from './transports/webhooks/engine.ts'
import { EVENTS_PATH } from './transports/websocket/protocol.ts'
import { createWebSocketEvents, type WebSocketEvents } from './transports/websocket/server.ts'

/** The transports of events that are wired below: the published documents describe these. */
const SERVED: readonly ServedTransport[] = ['sse', 'websocket', 'mqtt', 'webhooks']

const CATALOGUE = { decode: decodeEvent, subjectOf, publicDataOf }

export type { Ports, Settings } from './assemble/ports.ts'

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
    ...ports,
    progress,
    hasWaitingList: settings.hasWaitingList,
    ...queriesOf(ports, settings),
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
  const consumers = createConsumers({
    ports,
    settings,
    application,
    progress,
    catalogue: CATALOGUE,
  })
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
