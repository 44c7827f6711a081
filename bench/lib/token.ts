// A staff token of the shared pool, signed with the keys of the server under load.
import { join } from 'node:path'
import { loadSigningKeys } from '../../src/adapters/jose/signing-keys.ts'
import { createTokenIssuer } from '../../src/adapters/jose/token-issuer.ts'
import { systemClock } from '../../src/adapters/system/clock.ts'
import { uuidV7 } from '../../src/adapters/system/ids.ts'
import { SHARED_TENANT } from '../../src/core/ids.ts'
import { silentLogger } from '../../src/core/logger.ts'

/** Signs as the server does whose data is in this folder. */
export const tokenIssuer = async (dataDir: string) => {
  const keys = await loadSigningKeys({ directory: join(dataDir, 'keys'), logger: silentLogger })
  return createTokenIssuer({
    keys,
    issuer: 'pawtrail',
    audience: 'pawtrail',
    clock: systemClock,
    ids: uuidV7(systemClock),
  })
}

export const staffToken = async (dataDir: string): Promise<string> => {
  const { token } = await (
    await tokenIssuer(dataDir)
  ).issue({
    subject: 'bench',
    kind: 'client',
    tenants: [SHARED_TENANT],
    scopes: ['write:pets'],
    lifetimeSeconds: 3_600,
  })
  return token
}
