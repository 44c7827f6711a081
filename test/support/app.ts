// The whole application on a real PostgreSQL database of its own, driven by inject or over a socket.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify'
import type { Test } from 'tap'
import { createSecretBox } from '../../src/adapters/files/secret-box.ts'
import { createPasswordHasher } from '../../src/adapters/argon2/password-hasher.ts'
import { createFileBlobStore } from '../../src/adapters/files/blob-store.ts'
import { loadSigningKeys } from '../../src/adapters/jose/signing-keys.ts'
import { createTokenIssuer } from '../../src/adapters/jose/token-issuer.ts'
import { createTokenVerifier } from '../../src/adapters/jose/token-verifier.ts'
import { createOutbound } from '../../src/adapters/outbound/outbound.ts'
import { createMemoryWorkQueue } from '../../src/adapters/memory/work-queue.ts'
import { APP_ROLE } from '../../src/adapters/postgres/connection.ts'
import { createPostgresCheckpoints } from '../../src/adapters/postgres/checkpoints.ts'
import { createCredentialStore } from '../../src/adapters/postgres/credentials.ts'
import { createPostgresEventStore } from '../../src/adapters/postgres/event-store/event-store.ts'
import { createPostgresMqttSessions } from '../../src/adapters/postgres/mqtt-sessions.ts'
import { createNotifications } from '../../src/adapters/postgres/notifications.ts'
import { createOAuthStore } from '../../src/adapters/postgres/oauth-store.ts'
import { refreshStatistics } from '../../src/adapters/postgres/statistics.ts'
import { createRefreshTokenStore } from '../../src/adapters/postgres/refresh-tokens.ts'
import { createWebhookStore } from '../../src/adapters/postgres/webhook-store/store.ts'
import { createPrometheusMetrics } from '../../src/adapters/prometheus/metrics.ts'
import { createSandboxPayments } from '../../src/adapters/sandbox-payments/provider.ts'
import { systemClock } from '../../src/adapters/system/clock.ts'
import { createCursorCodec } from '../../src/adapters/system/cursor-codec.ts'
import { uuidV7 } from '../../src/adapters/system/ids.ts'
import { randomFraction, randomToken } from '../../src/adapters/system/random.ts'
import type { Application } from '../../src/application.ts'
import { assemble, type Pawtrail, type Ports, type Settings } from '../../src/assemble.ts'
import type { Scope } from '../../src/core/auth.ts'
import { SHARED_TENANT, type TenantId } from '../../src/core/ids.ts'
import { silentLogger } from '../../src/core/logger.ts'
import type { Outbound, OutboundLines, OutboundOutcome } from '../../src/core/outbound.ts'
import { testDatabase } from './database.ts'
import { createResponseCheck, type ResponseCheck } from './response-check.ts'
import { unpacked, watchAnswers } from './watch-answers.ts'

const secretBox = createSecretBox({ directory: '', keys: [Buffer.alloc(32, 7)] })

export type TokenOptions = Readonly<{
  tenants?: readonly TenantId[]
  scopes?: readonly Scope[]
  subject?: string
}>

export type TestApp = Readonly<{
  app: FastifyInstance // what it answers, to `inject` or over a socket, is held against the published documents
  undocumented(): readonly string[]
  application: Application
  /** It listens when a test says where. */
  mqtt: Pawtrail['mqtt']
  ports: Ports
  url: string // of the database
  /** Headers with a bearer token; by default staff of the shared pool. */
  bearer(options?: TokenOptions): Promise<Readonly<{ authorization: string }>>
  /** Resolves when the read models have everything that is in the log now. */
  settled(): Promise<void>
}>

const STAFF: readonly Scope[] = ['read:pets', 'write:pets', 'read:events', 'read:audit']
/** What a real hash costs is for its own test; here its form and its rules are the same. */
export const CHEAP_HASH = { memoryCost: 64, timeCost: 1, parallelism: 1 } as const
const SETTINGS: Settings = {
  publicUrl: 'http://pawtrail.test',
  publicReads: true,
  rateLimitPerMinute: 0,
  cacheMaxBytes: 8 * 1024 * 1024,
  trustProxy: false,
  readyMaxLag: 10_000,
  allowedOrigins: 'same',
  reservationTimeoutMs: 60_000,
  hasWaitingList: () => false,
  mqttBridge: { tenants: [SHARED_TENANT], visibility: 'public', prefix: '' },
}

export type TestAppOptions = Readonly<{
  settings?: Partial<Settings>
  /**
   * Instead of the real ones: a clock that is moved by hand, a store that is down. They may be made
   * of the real ones.
   */
  ports?: Partial<Ports> | ((real: Ports) => Partial<Ports>)
}>

export const testApp = async (t: Test, options: TestAppOptions = {}): Promise<TestApp> => {
  const readAlong = heldToDocuments(t)
  const { url, database, admin } = await testDatabase(t, { installed: true })
  const folder = await mkdtemp(path.join(tmpdir(), 'pawtrail-test-'))
  const clock = systemClock
  const ids = uuidV7(clock)
  const logger = silentLogger
  const metrics = createPrometheusMetrics()
  const eventStore = await createPostgresEventStore({ url, role: APP_ROLE, logger, metrics, clock })
  const notifications = createNotifications({ url, role: APP_ROLE, logger })
  const keys = await loadSigningKeys({ directory: path.join(folder, 'keys'), logger })
  const names = { issuer: 'pawtrail', audience: 'pawtrail' }
  const issuer = createTokenIssuer({ keys, ...names, clock, ids })
  const real: Ports = {
    ...{ clock, ids, logger, metrics, eventStore, database, notifications, issuer, randomToken },
    searches: { database, scans: database },
    projectionDatabase: () => database,
    refreshStatistics: refreshStatistics(admin),
    random: randomFraction,
    metricsText: metrics.text,
    checkpoints: createPostgresCheckpoints({ database }),
    cursors: createCursorCodec(eventStore.identity),
    blobs: createFileBlobStore({ directory: path.join(folder, 'blobs') }),
    verifier: createTokenVerifier({ keys, ...names, clock, logger }),
    payments: createSandboxPayments({ clock }),
    mqttSessions: createPostgresMqttSessions({ database }),
    mqttBroker: undefined,
    outbound: silentOutbound,
    webhookStore: createWebhookStore({ database, secretBox }),
    workQueue: createMemoryWorkQueue({ clock, logger }),
    passwords: createPasswordHasher({ cost: CHEAP_HASH }),
    credentials: createCredentialStore({ database, clock }),
    refreshTokens: createRefreshTokenStore({ database, clock, ids, randomToken }),
    oauth: createOAuthStore({ database, clock, ids, randomToken }),
  }
  const given = typeof options.ports === 'function' ? options.ports(real) : options.ports
  const ports: Ports = { ...real, ...given }
  const pawtrail = await assemble(ports, { ...SETTINGS, ...options.settings })
  const settleAnswers = readAlong(pawtrail.http)
  await pawtrail.start()
  t.teardown(async () => {
    await pawtrail.stop()
    await notifications.close()
    await eventStore.close()
    await rm(folder, { recursive: true, force: true })
    await settleAnswers()
  })
  return {
    app: checked(pawtrail.http),
    undocumented: () => pawtrail.http.documented.undocumented,
    ...{ application: pawtrail.application, mqtt: pawtrail.mqtt },
    ports,
    url,
    bearer: async ({ tenants = [SHARED_TENANT], scopes = STAFF, subject = 'staff' } = {}) => {
      const request = { subject, kind: 'client', tenants, scopes, lifetimeSeconds: 3_600 } as const
      return { authorization: `Bearer ${(await issuer.issue(request)).token}` }
    },
    settled: async () => {
      const { readModel } = pawtrail.application
      if (!(await readModel.waitFor(await eventStore.head(), SETTLE_DEADLINE_MS))) {
        throw new Error('the read models did not follow')
      }
    },
  }
}

/** What leaves the server over sockets, whichever client asked, fails the test when it is not as documented. */
const heldToDocuments = (t: Test) => {
  let faults: readonly string[] = []
  // Given first and so done last: everything is closed when it throws.
  t.teardown(() => {
    if (faults.length > 0) throw new Error(`not as documented:\n${faults.join('\n')}`)
  })
  return (http: FastifyInstance): (() => Promise<void>) => {
    const faultsOf = watchAnswers(http.server)
    let check: Promise<ResponseCheck> | undefined
    http.server.once('listening', () => {
      check = createResponseCheck(http)
    })
    return async () => {
      if (check !== undefined) faults = faultsOf(await check)
    }
  }
}

// Every name is a public one, and nothing that is sent goes anywhere: a test that wants it to arrive brings its own.
const SILENCE: OutboundOutcome = {
  ...{ kind: 'answered', status: 200, headers: {}, body: '', isWhole: true },
}
export const silentOutbound: Outbound & OutboundLines = {
  ...createOutbound({
    allowInsecure: false,
    logger: silentLogger,
    resolve: async () => ['1.1.1.1'],
  }),
  post: async () => SILENCE,
  open: () => ({
    post: async () => ({ outcome: SILENCE, times: { totalMs: 0 } }),
    close: async () => {},
  }),
}

const SETTLE_DEADLINE_MS = 10_000

/** The same server, whose `inject` throws when an answer is not as the documents say. */
const checked = (app: FastifyInstance): FastifyInstance => {
  let check: Promise<ResponseCheck> | undefined
  const inject = async (given: InjectOptions | string): Promise<LightMyRequestResponse> => {
    check ??= createResponseCheck(app)
    const response = await app.inject(given)
    const {
      method = 'GET',
      url = '',
      path: named = url,
    } = typeof given === 'string' ? { url: given } : given
    const path = typeof named === 'string' ? named : (named.pathname ?? '')
    const [place = ''] = path.replace(/^https?:\/\/[^/]+/, '').split('?')
    const fault = (await check)({
      ...{ method: method.toUpperCase(), path: place },
      response: unpacked(response, response.rawPayload),
    })
    if (fault !== undefined) throw new Error(fault)
    return response
  }
  return new Proxy(app, {
    get: (target, name, receiver) =>
      name === 'inject' ? inject : (Reflect.get(target, name, receiver) as unknown),
  })
}
