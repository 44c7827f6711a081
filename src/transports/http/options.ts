// What the HTTP server needs from outside, and the parts of it that all routes share.
import type { FastifyInstance } from 'fastify'
import type { Application } from '../../application.ts'
import type { Principal, TokenVerifier } from '../../core/auth.ts'
import type { BlobStore } from '../../core/blob-store.ts'
import type { Clock } from '../../core/clock.ts'
import type { CursorCodec } from '../../core/cursor.ts'
import type { IdGenerator, TenantId } from '../../core/ids.ts'
import type { JsonObject } from '../../core/json.ts'
import type { Logger } from '../../core/logger.ts'
import type { Metrics } from '../../core/metrics.ts'
import type { Outbound } from '../../core/outbound.ts'
import type { EventCursors } from './event-cursor.ts'
import type { GuardManner, Hook } from './guard.ts'
import type { IdempotentRunner } from './idempotency.ts'
import type { Observe } from './observe.ts'
import type { RateLimit } from './rate-limit.ts'
import type { ResponseCache } from './response-cache.ts'
import type { UrlMemo } from './url-memo.ts'

export type HttpSettings = Readonly<{
  publicUrl: string // base of links, without a slash at its end
  publicReads: boolean
  rateLimitPerMinute: number // 0: no limit
  cacheMaxBytes: number // 0: no cache
  trustProxy: boolean | number | readonly string[] // which proxies to believe about the caller's address
  requestTimeoutMs?: number // for a whole request to arrive; then 408
  maxConnections?: number // more are closed as they come
}>

/** Routes of another transport; they get the same guard, error bodies, OPTIONS and 405 as the others. */
export type RoutePlugin = (app: FastifyInstance) => Promise<void> | void

export type Readiness = Readonly<{ ready: boolean } & Record<string, unknown>>

export type HttpServerOptions = Readonly<{
  application: Application
  verifier: TokenVerifier
  /** Whether this user was deleted, as far as is known: the token is refused then. */
  hasLeft?: (principal: Principal) => boolean
  blobs: BlobStore
  outbound: Outbound
  cursors: CursorCodec
  clock: Clock
  ids: IdGenerator
  random: () => number // in [0, 1)
  logger: Logger
  metrics: Metrics
  readiness: () => Promise<Readiness>
  metricsText: () => Promise<string>
  /** Undefined where an outside identity provider signs the tokens. */
  jwks: (() => JsonObject) | undefined
  settings: HttpSettings
  plugins: readonly RoutePlugin[]
}>

export type RouteParts = HttpServerOptions &
  Readonly<{
    cache: ResponseCache
    memo: UrlMemo
    /** Answers a public read from the cache before it is parsed; goes on when it cannot. */
    shortcut: Hook
    eventCursors: EventCursors
    runIdempotent: IdempotentRunner
    readGate: Hook
    rateLimit: RateLimit | undefined
  }>

export type CacheScope = Readonly<{ tenantId: TenantId; key: string }>

declare module 'fastify' {
  interface FastifyContextConfig {
    /** No token, tenant or rate limit: for probes and preflights. */
    isOpen?: boolean
    /** Finds out by itself who is calling: no bearer token and no X-Tenant-ID are looked at, only the rate is. */
    authenticatesItself?: boolean
    /** Says by itself that its user has left. */
    answersWhoLeft?: boolean
    /** Answers JSON only: 406 to who does not accept it. */
    isJson?: boolean
    /** Media types of bodies, for Accept-Query and Accept-Patch. */
    acceptQuery?: string
    acceptPatch?: string
    /** Counts the request as answered, for one whose connection is taken over. */
    observe?: Observe
    /** How its profile tells the rate. */
    rateFields?: GuardManner['rateFields']
  }
}
