// Signs our own access tokens: short-lived JWTs that list the tenants they are good for.
import { SignJWT } from 'jose'
import type { TokenIssuer } from '../../core/auth.ts'
import type { Clock } from '../../core/clock.ts'
import type { IdGenerator } from '../../core/ids.ts'
import { SIGNING_ALGORITHM, type SigningKeys } from './signing-keys.ts'

/** The media type of an access token (RFC 9068): keeps other things that we may sign from passing as one. */
export const ACCESS_TOKEN_TYPE = 'at+jwt'

export type TokenIssuerOptions = Readonly<{
  keys: SigningKeys
  issuer: string
  audience: string
  clock: Clock
  ids: IdGenerator
}>

export const createTokenIssuer = (options: TokenIssuerOptions): TokenIssuer => {
  const { keys, issuer, audience, clock, ids } = options
  return {
    issue: async ({ subject, kind, tenants, scopes, lifetimeSeconds, clientId }) => {
      const issuedAtSeconds = Math.floor(clock() / 1000)
      const expiresAtSeconds = issuedAtSeconds + lifetimeSeconds
      const claims = { kind, tenants: [...tenants], scope: scopes.join(' ') }
      const token = await new SignJWT({
        ...claims,
        ...(clientId === undefined ? {} : { client_id: clientId }),
      })
        .setProtectedHeader({
          alg: SIGNING_ALGORITHM,
          kid: keys.current.kid,
          typ: ACCESS_TOKEN_TYPE,
        })
        .setIssuer(issuer)
        .setAudience(audience)
        .setSubject(subject)
        .setIssuedAt(issuedAtSeconds)
        .setExpirationTime(expiresAtSeconds)
        .setJti(ids())
        .sign(keys.current.privateKey)
      return { token, expiresAtMs: expiresAtSeconds * 1000 }
    },
    jwks: () => keys.jwks,
  }
}
