// The whole application on a real PostgreSQL database of its own, driven by inject or over a socket.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import { createPasswordHasher } from '../../src/adapters/argon2/password-hasher.ts'
import { createFileBlobStore } from '../../src/adapters/files/blob-store.ts'
import { loadSigningKeys } from '../../src/adapters/jose/signing-keys.ts'
import { createTokenIssuer } from '../../src/adapters/jose/token-issuer.ts'
import { createTokenVerifier } from '../../src/adapters/jose/token-verifier.ts'
import { APP_ROLE } from '../../src/adapters/postgres/connection.ts'
import { createCredentialStore } from '../../src/adapters/postgres/credentials.ts'
import { createPostgresEventStore } from '../../src/adapters/postgres/event-store/event-store.ts'
import { createNotifications } from '../../src/adapters/postgres/notifications.ts'
import { createRefreshTokenStore } from '../../src/adapters/postgres/refresh-tokens.ts'
import { createPrometheusMetrics } from '../../src/adapters/prometheus/metrics.ts'
import { systemClock } from '../../src/adapters/system/clock.ts'
import { createCursorCodec } from '../../src/adapters/system/cursor-codec.ts'
import { uuidV7 } from '../../src/adapters/system/ids.ts'
import { randomFraction, randomToken } from '../../src/adapters/system/random.ts'
import type { Application } from '../../src/application.ts'
import { assemble, type Ports, type Settings } from '../../src/assemble.ts'
import type { Scope } from '../../src/core/auth.ts'
import { SHARED_TENANT, type TenantId } from '../../src/core/ids.ts'
import { silentLogger } from '../../src/core/logger.ts'
import { installProjections } from '../../src/projections/install.ts'
import { projections } from '../../src/projections/registry.ts'
import { testDatabase } from './database.ts'

export type TokenOptions = Readonly<{
  tenants?: readonly TenantId[]
  scopes?: readonly Scope[]
  subject?: string
}>

export type TestApp = Readonly<{
  app: FastifyInstance
  application: Application
  ports: Ports
  url: string // of the database
  /** Headers with a bearer token; by default staff of the shared pool. */
  bearer(options?: TokenOptions): Promise<Readonly<{ authorization: string }>>
  /** Resolves when the read models have everything that is in the log now. */
  settled(): Promise<void>
}>

const STAFF: readonly Scope[] = ['read:pets', 'write:pets', 'read:events', 'read:audit']
const SETTINGS: Settings = {
  publicUrl: 'http://pawtrail.test',
  publicReads: true,
  rateLimitPerMinute: 0,
  cacheMaxBytes: 8 * 1024 * 1024,
  trustProxy: false,
  readyMaxLag: 10_000,
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
  const { url, database, admin } = await testDatabase(t)
  await installProjections(admin, projections)
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
    clock,
    ids,
    random: randomFraction,
    logger,
    metrics,
    metricsText: metrics.text,
    eventStore,
    cursors: createCursorCodec(eventStore.identity),
    database,
    notifications,
    blobs: createFileBlobStore({ directory: path.join(folder, 'blobs') }),
    verifier: createTokenVerifier({ keys, ...names, clock, logger }),
    issuer,
    passwords: createPasswordHasher(),
    credentials: createCredentialStore({ database, clock }),
    refreshTokens: createRefreshTokenStore({ database, clock, ids, randomToken }),
  }
  const given = typeof options.ports === 'function' ? options.ports(real) : options.ports
  const ports: Ports = { ...real, ...given }
  const pawtrail = await assemble(ports, { ...SETTINGS, ...options.settings })
  await pawtrail.start()
  t.teardown(async () => {
    await pawtrail.stop()
    await notifications.close()
    await eventStore.close()
    await rm(folder, { recursive: true, force: true })
  })
  const { application } = pawtrail
  return {
    app: pawtrail.http,
    application,
    ports,
    url,
    bearer: async ({ tenants = [SHARED_TENANT], scopes = STAFF, subject = 'staff' } = {}) => {
      const request = { subject, kind: 'client', tenants, scopes, lifetimeSeconds: 3_600 } as const
      return { authorization: `Bearer ${(await issuer.issue(request)).token}` }
    },
    settled: async () => {
      if (!(await application.readModel.waitFor(await eventStore.head(), SETTLE_DEADLINE_MS))) {
        throw new Error('the read models did not follow')
      }
    },
  }
}

const SETTLE_DEADLINE_MS = 10_000
