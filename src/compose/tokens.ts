// Who signs tokens and who checks them: this installation's own keys, or an outside identity provider.
import path from 'node:path'
import { createJwksVerifier } from '../adapters/jose/jwks-verifier.ts'
import { loadSigningKeys } from '../adapters/jose/signing-keys.ts'
import { createTokenIssuer } from '../adapters/jose/token-issuer.ts'
import { createTokenVerifier } from '../adapters/jose/token-verifier.ts'
import { systemClock } from '../adapters/system/clock.ts'
import type { Config } from '../config.ts'
import type { TokenIssuer, TokenVerifier } from '../core/auth.ts'
import type { IdGenerator } from '../core/ids.ts'
import type { Logger } from '../core/logger.ts'
import { ensureDataDir } from './data-dir.ts'

// Our own tokens are told by their keys; a fixed name keeps them valid when the address changes.
const OWN_NAME = 'pawtrail'

export type Tokens = Readonly<{ issuer: TokenIssuer; verifier: TokenVerifier }>

export const openTokens = async (
  config: Config,
  { logger, ids }: Readonly<{ logger: Logger; ids: IdGenerator }>,
): Promise<Tokens> => {
  const clock = systemClock
  await ensureDataDir(config)
  const keys = await loadSigningKeys({ directory: path.join(config.dataDir, 'keys'), logger })
  const names = {
    issuer: config.jwtIssuer ?? OWN_NAME,
    audience: config.jwtAudience ?? OWN_NAME,
  }
  const { jwksUrl } = config
  return {
    issuer: createTokenIssuer({ keys, ...names, clock, ids }),
    verifier:
      jwksUrl === undefined
        ? createTokenVerifier({ keys, ...names, clock, logger })
        : createJwksVerifier({ jwksUrl, ...names, clock, logger }),
  }
}
