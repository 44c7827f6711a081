// Checks our own access tokens against our own keys: EdDSA only, one issuer, one audience.
import { errors, jwtVerify } from 'jose'
import type { CryptoKey } from 'jose'
import type { TokenVerifier } from '../../core/auth.ts'
import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/logger.ts'
import { principalOfOwnToken } from './claims.ts'
import { SIGNING_ALGORITHM, type SigningKeys } from './signing-keys.ts'
import { cachedVerifier } from './token-cache.ts'
import { ACCESS_TOKEN_TYPE } from './token-issuer.ts'

export type TokenVerifierOptions = Readonly<{
  keys: SigningKeys
  issuer: string
  audience: string
  clock: Clock
  logger: Logger
}>

export const createTokenVerifier = (options: TokenVerifierOptions): TokenVerifier => {
  const { keys, issuer, audience, clock, logger } = options
  const keyNamed = (kid: string | undefined): CryptoKey => {
    const key = kid === undefined ? undefined : keys.publicKeys.get(kid)
    if (key === undefined) throw new errors.JWKSNoMatchingKey()
    return key
  }
  return cachedVerifier({
    clock,
    check: async (token) => {
      try {
        const { payload } = await jwtVerify(token, ({ kid }) => keyNamed(kid), {
          algorithms: [SIGNING_ALGORITHM],
          typ: ACCESS_TOKEN_TYPE,
          issuer,
          audience,
          currentDate: new Date(clock()),
          requiredClaims: ['sub', 'iat', 'exp', 'jti'],
        })
        return principalOfOwnToken(payload)
      } catch (error) {
        if (!(error instanceof errors.JOSEError)) throw error
        logger.debug({ reason: error.code }, 'refused a token')
        return undefined
      }
    },
  })
}
