// The HTTP server over the application in memory, with tokens that are plain words.
import { createCursorCodec } from '../../../src/adapters/system/cursor-codec.ts'
import type { Principal, Scope } from '../../../src/core/auth.ts'
import type { Blob, BlobStore } from '../../../src/core/blob-store.ts'
import { SHARED_TENANT, tenantIdSchema } from '../../../src/core/ids.ts'
import type { Logger } from '../../../src/core/logger.ts'
import { noMetrics } from '../../../src/core/metrics.ts'
import {
  createHttpServer,
  type HttpServerOptions,
  type HttpSettings,
} from '../../../src/transports/http/server.ts'
import { fakeApplication } from '../../support/fake-application.ts'
import { fixedClock } from '../../support/fixed-clock.ts'
import { seededIds } from '../../support/seeded-ids.ts'

export const TENANT = tenantIdSchema.parse('0199f3a0-7c1e-7a01-8000-00000000000a')
export const OTHER_TENANT = tenantIdSchema.parse('0199f3a0-7c1e-7a01-8000-00000000000b')
export const PUBLIC_URL = 'https://pets.test'

const principal = (subject: string, tenants: Principal['tenants'], scopes: Scope[]): Principal => ({
  subject,
  kind: 'user',
  tenants,
  scopes: new Set(scopes),
  expiresAtMs: Number.MAX_SAFE_INTEGER,
})

const PRINCIPALS: Readonly<Record<string, Principal>> = {
  staff: principal('staff', [SHARED_TENANT, TENANT], ['read:pets', 'write:pets', 'read:audit']),
  colleague: principal('colleague', [SHARED_TENANT, TENANT], ['write:pets']),
  reader: principal('reader', [SHARED_TENANT, TENANT], ['read:pets']),
  elsewhere: principal('elsewhere', [OTHER_TENANT], ['read:pets', 'write:pets', 'read:audit']),
}

export type Headers = Readonly<Record<string, string>>
export const as = (name: string): Headers => ({ authorization: `Bearer ${name}` })
export const inTenant = (name: string): Headers => ({ ...as(name), 'x-tenant-id': TENANT })

export const memoryBlobs = (): BlobStore => {
  const stored = new Map<string, Blob>()
  const place = (key: object): string => JSON.stringify(key)
  return {
    put: (key, blob) => {
      stored.set(place(key), blob)
      return Promise.resolve()
    },
    get: (key) => Promise.resolve(stored.get(place(key))),
  }
}

type Teardown = Readonly<{ teardown: (end: () => Promise<void>) => void }>
type Line = Readonly<{ level: string; fields: Readonly<Record<string, unknown>>; message: string }>

export const httpApp = async (
  t: Teardown,
  changes: Partial<Omit<HttpServerOptions, 'settings'>> &
    Readonly<{ settings?: Partial<HttpSettings> }> = {},
) => {
  const application = fakeApplication()
  const clock = fixedClock()
  const lines: Line[] = []
  const write = (level: string) => (fields: Line['fields'], message: string) => {
    lines.push({ level, fields, message })
  }
  const logger: Logger = {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
  }
  const settings: HttpSettings = {
    publicUrl: PUBLIC_URL,
    publicReads: true,
    rateLimitPerMinute: 0,
    cacheMaxBytes: 10_000_000,
    trustProxy: false,
    ...changes.settings,
  }
  const cursors = createCursorCodec({ epoch: 1, cursorKey: new Uint8Array(16).fill(7) })
  const app = await createHttpServer({
    application,
    verifier: { verify: (token) => Promise.resolve(PRINCIPALS[token]) },
    blobs: memoryBlobs(),
    cursors,
    clock,
    ids: seededIds(3),
    logger,
    metrics: noMetrics,
    readiness: () => Promise.resolve({ ready: true }),
    metricsText: () => Promise.resolve('# metrics\n'),
    jwks: () => ({ keys: [] }),
    plugins: [],
    ...changes,
    settings,
  })
  t.teardown(() => app.close())
  return { app, application, clock, cursors, lines }
}

export const LUNA = {
  name: 'Luna',
  species: 'CAT',
  breed: 'Domestic Shorthair',
  ageMonths: 18,
  size: 'SMALL',
  price: '75.00',
  currency: 'USD',
  goodWithKids: true,
} as const
