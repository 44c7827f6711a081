// What every request passes before its route: the token is checked, the tenant resolved, the rate counted.
// It stays synchronous for a caller without a token when no limit is set: that is the hot path of public reads.
import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify'
import type { Principal, TokenVerifier } from '../../core/auth.ts'
import { SHARED_TENANT, tenantIdSchema, type TenantId, uuidSchema } from '../../core/ids.ts'
import type { Caller } from './host.ts'
import { callerOf, requireScope } from './host.ts'
import { ProblemError } from './problem.ts'
import { type RateLimit, rateFields, type RateLimitVerdict, refusedBefore } from './rate-limit.ts'

export type Hook = (
  request: FastifyRequest,
  reply: FastifyReply,
  done: HookHandlerDoneFunction,
) => void

const EXPOSED =
  'ETag, Location, Link, Event-Cursor, Event-Resumed-From, Idempotent-Replayed, X-Request-Id, Retry-After, ' +
  'WWW-Authenticate, Accept-Query, RateLimit, RateLimit-Policy, RateLimit-Limit, ' +
  'RateLimit-Remaining, RateLimit-Reset, X-RateLimit-Limit, X-RateLimit-Remaining, ' +
  'X-RateLimit-Reset, X-Total-Count'

export const SAFE_HEADERS = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
} as const

/** Any origin may read: callers are known by their token, never by a cookie. */
const CORS_HEADERS = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': EXPOSED,
} as const

/** On every answer; what concerns other origins only on answers to them, which is why answers vary by Origin. */
export const standingHeaders: Hook = (request, reply, done) => {
  reply.headers(SAFE_HEADERS).header('x-request-id', request.id)
  if (request.raw.headers.origin !== undefined) reply.headers(CORS_HEADERS)
  done()
}

const ANONYMOUS: Caller = { tenantId: SHARED_TENANT, principal: null }

/** What each profile does in its own way: fields that tell the rate, and the answer to a bad token. */
export type GuardManner = Readonly<{
  rateFields: (verdict: RateLimitVerdict) => Readonly<Record<string, string>>
  badToken: () => ProblemError
}>

export const createGuard = (
  options: Readonly<{
    verifier: TokenVerifier
    rateLimit: RateLimit | undefined
    hasLeft?: ((principal: Principal) => boolean) | undefined
    manner?: GuardManner
  }>,
): Hook => {
  const { verifier, rateLimit, hasLeft, manner = MODERN } = options
  const admit = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const principal = await authenticate(verifier, request.headers.authorization)
    const isKnown = principal !== null && principal !== 'bad_token'
    if (rateLimit !== undefined) {
      const key = isKnown ? `${principal.kind}:${principal.subject}` : request.ip
      const verdict = refusedBefore.get(request.raw) ?? (await rateLimit.consume(key))
      reply.headers(manner.rateFields(verdict))
      if (!verdict.isAllowed) throw rateExceeded(verdict)
    }
    if (principal === 'bad_token') throw manner.badToken()
    const { answersWhoLeft = false } = request.routeOptions.config
    if (principal !== null && !answersWhoLeft && hasLeft?.(principal) === true) {
      throw manner.badToken()
    }
    request.caller = resolveCaller(request, principal)
  }
  return (request, reply, done) => {
    if (request.raw.headers.authorization !== undefined || rateLimit !== undefined) {
      admit(request, reply).then(() => done(), done)
      return
    }
    let problem: Error | undefined
    try {
      request.caller = resolveCaller(request, null)
    } catch (error) {
      problem = error instanceof Error ? error : new Error(String(error))
    }
    done(problem)
  }
}

/** For routes that find out by themselves who is calling: requests are counted by address, no token is looked at. */
export const createRateGuard =
  (rateLimit: RateLimit | undefined): Hook =>
  (request, reply, done) => {
    if (rateLimit === undefined) return done()
    rateLimit
      .consume(request.ip)
      .then((verdict) => {
        reply.headers(rateFields(verdict))
        if (!verdict.isAllowed) throw rateExceeded(verdict)
      })
      .then(() => done(), done)
  }

const rateExceeded = ({ perMinute, retryAfterSeconds }: RateLimitVerdict): ProblemError =>
  new ProblemError(
    'rate-limit-exceeded',
    `You have exceeded the rate limit of ${perMinute} requests per minute`,
    { headers: { 'retry-after': String(retryAfterSeconds) } },
  )

const badToken = (): ProblemError =>
  new ProblemError('unauthorized', 'The bearer token is not valid, or has expired.', {
    headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
  })

export const MODERN: GuardManner = { rateFields, badToken }

const authenticate = async (
  verifier: TokenVerifier,
  authorization: string | undefined,
): Promise<Principal | 'bad_token' | null> => {
  if (authorization === undefined) return null
  const token = /^Bearer +([\w.~+/=-]+) *$/i.exec(authorization)?.[1]
  if (token === undefined) return 'bad_token'
  return (await verifier.verify(token)) ?? 'bad_token'
}

const resolveCaller = (request: FastifyRequest, principal: Principal | null): Caller => {
  const named = request.raw.headers['x-tenant-id']
  if (named === undefined) {
    return principal === null ? ANONYMOUS : { tenantId: SHARED_TENANT, principal }
  }
  // A field that was sent twice arrives joined by a comma, and so is no UUID either.
  const tenantId = parseTenant(named, 'X-Tenant-ID')
  if (principal !== null && !principal.tenants.includes(tenantId)) {
    throw new ProblemError('forbidden', 'The token is not good for this tenant.')
  }
  return { tenantId, principal }
}

// What a name was parsed to is remembered, because the same few come with nearly every request.
const MAX_KNOWN_TENANTS = 1_000
const tenantField = uuidSchema.pipe(tenantIdSchema)
const knownTenants = new Map<string, TenantId>()

export const knownTenant = (named: string): TenantId | undefined => knownTenants.get(named)

export const parseTenant = (named: unknown, place: string): TenantId => {
  const known = typeof named === 'string' ? knownTenant(named) : undefined
  if (known !== undefined) return known
  const parsed = tenantField.safeParse(named)
  if (parsed.success) {
    if (knownTenants.size >= MAX_KNOWN_TENANTS) knownTenants.clear()
    knownTenants.set(String(named), parsed.data)
    return parsed.data
  }
  throw new ProblemError('bad-request', `${place} must be one UUID of version 4 or 7.`, {
    errors: [{ field: place, message: 'Must be a UUID of version 4 or 7', code: 'INVALID_FORMAT' }],
  })
}

/** Pets and shelters are public; where they are not, a tenant's own need a token. */
export const createReadGate =
  (publicReads: boolean): Hook =>
  (request, _reply, done) => {
    if (!publicReads && callerOf(request).tenantId !== SHARED_TENANT) {
      requireScope(request, 'read:pets')
    }
    done()
  }
