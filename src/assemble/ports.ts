// What the application is assembled from: an adapter behind each port, and the settings that wiring decides by.
import type {
  CredentialStore,
  PasswordHasher,
  RefreshTokenStore,
  TokenIssuer,
  TokenVerifier,
} from '../core/auth.ts'
import type { BlobStore } from '../core/blob-store.ts'
import type { Checkpoints } from '../core/checkpoints.ts'
import type { Clock } from '../core/clock.ts'
import type { CursorCodec } from '../core/cursor.ts'
import type { EventStore } from '../core/event-store.ts'
import type { IdGenerator, TenantId } from '../core/ids.ts'
import type { Logger } from '../core/logger.ts'
import type { Metrics } from '../core/metrics.ts'
import type { MqttBroker } from '../core/mqtt-broker.ts'
import type { MqttSessions } from '../core/mqtt-sessions.ts'
import type { Notifications } from '../core/notifications.ts'
import type { OAuthStore } from '../core/oauth.ts'
import type { Outbound, OutboundLines } from '../core/outbound.ts'
import type { PaymentProvider } from '../core/payments.ts'
import type { SqlDatabase } from '../core/sql.ts'
import type { RefreshStatistics } from '../core/table-statistics.ts'
import type { WebhookStore } from '../core/webhooks.ts'
import type { WorkQueue } from '../core/work-queue.ts'
import type { PetDatabases } from '../projections/pets/queries.ts'
import type { Projection } from '../projections/projection.ts'
import type { HttpSettings } from '../transports/http/options.ts'
import type { AllowedOrigins } from '../transports/http/origin.ts'
import type { BridgeChoice } from '../transports/mqtt/bridge/options.ts'

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
