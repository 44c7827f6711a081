// Checks the tokens of an outside identity provider against the keys it publishes. A token that fails is `undefined`; a
// provider that cannot be asked, when its last known keys do not settle the matter, is a fault.
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  customFetch,
  decodeJwt,
  errors,
  jwtVerify,
} from 'jose'
import type { FetchImplementation, JWTVerifyGetKey, RemoteJWKSet } from 'jose'
import type { TokenVerifier } from '../../core/auth.ts'
import type { Clock } from '../../core/clock.ts'
import { Fault } from '../../core/fault.ts'
import type { Logger } from '../../core/logger.ts'
import { principalOfOutsideToken } from './claims.ts'
import { cachedVerifier } from './token-cache.ts'

/** Asymmetric ones only: with HS256 a public key would pass as the secret. */
const ALGORITHMS = [
  'EdDSA',
  'Ed25519',
  'ES256',
  'ES384',
  'ES512',
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
]
const FETCH_TIMEOUT_MS = 3_000
const REFETCH_COOLDOWN_MS = 30_000 // between two fetches because of an unknown key
const OUTAGE_COOLDOWN_MS = 2_000 // after a fetch that failed
const KEYS_FRESH_MS = 10 * 60_000
const KEYS_STALE_MS = 60 * 60_000 // how long an outage may last before known keys are no longer trusted
const CLOCK_TOLERANCE_SECONDS = 5 // a provider's clock may be ahead of ours; expiry is judged without it

export type JwksVerifierOptions = Readonly<{
  jwksUrl: string
  issuer: string
  audience: string
  clock: Clock
  logger: Logger
  refetchCooldownMs?: number
  outageCooldownMs?: number
  keysFreshMs?: number
}>

export const createJwksVerifier = (options: JwksVerifierOptions): TokenVerifier => {
  const { issuer, audience, clock, logger } = options
  const keyFor = createKeyLookup(options)
  return cachedVerifier({
    clock,
    check: async (token) => {
      try {
        // Before any key is looked up: a token of somebody else must not make us ask the provider.
        if (decodeJwt(token).iss !== issuer) return undefined
        const { payload } = await jwtVerify(token, keyFor, {
          algorithms: ALGORITHMS,
          issuer,
          audience,
          currentDate: new Date(clock()),
          clockTolerance: CLOCK_TOLERANCE_SECONDS,
          requiredClaims: ['sub', 'exp'],
        })
        return principalOfOutsideToken(payload)
      } catch (error) {
        if (!(error instanceof errors.JOSEError)) throw error
        logger.debug({ reason: error.code }, 'refused a token')
        return undefined
      }
    },
  })
}

const createKeyLookup = (options: JwksVerifierOptions): JWTVerifyGetKey => {
  const { clock, logger } = options
  const source = createKeySource(clock, options.outageCooldownMs ?? OUTAGE_COOLDOWN_MS)
  const remote = createRemoteJWKSet(new URL(options.jwksUrl), {
    timeoutDuration: FETCH_TIMEOUT_MS,
    cooldownDuration: options.refetchCooldownMs ?? REFETCH_COOLDOWN_MS,
    cacheMaxAge: options.keysFreshMs ?? KEYS_FRESH_MS,
    [customFetch]: source.fetch,
  })
  return async (header, token) => {
    try {
      return await remote(header, token)
    } catch (error) {
      if (isAboutTheToken(error)) throw error
      logger.warn({ error }, 'the identity provider did not give its keys')
      const known = lastKnownKeys(remote, clock() - source.fetchedAtMs())
      if (known === undefined) throw unavailable(error)
      // A key that is not among the last known ones may be a new one: only the provider could tell.
      return known(header, token).catch((cause: unknown) => {
        throw unavailable(cause)
      })
    }
  }
}

const isAboutTheToken = (error: unknown): boolean =>
  error instanceof errors.JWKSNoMatchingKey ||
  error instanceof errors.JWKSMultipleMatchingKeys ||
  error instanceof errors.JOSENotSupported

const lastKnownKeys = (
  remote: RemoteJWKSet,
  ageMs: number,
): ReturnType<typeof createLocalJWKSet> | undefined => {
  const jwks = remote.jwks()
  return jwks === undefined || ageMs > KEYS_STALE_MS ? undefined : createLocalJWKSet(jwks)
}

const unavailable = (cause: unknown): Fault =>
  new Fault('identity_provider_unavailable', 'the identity provider cannot be asked for its keys', {
    cause,
  })

/** After a failure it refuses at once for a while, so that an outage does not cost every request a timeout. */
const createKeySource = (
  clock: Clock,
  outageCooldownMs: number,
): Readonly<{ fetch: FetchImplementation; fetchedAtMs: () => number }> => {
  let fetchedAtMs = 0
  let failedAtMs = Number.NEGATIVE_INFINITY
  return {
    fetchedAtMs: () => fetchedAtMs,
    fetch: async (url, init) => {
      if (clock() - failedAtMs < outageCooldownMs) throw new Error('it failed a moment ago')
      try {
        const response = await fetch(url, init)
        if (response.status === 200) fetchedAtMs = clock()
        else failedAtMs = clock()
        return response
      } catch (error) {
        failedAtMs = clock()
        throw error
      }
    },
  }
}
