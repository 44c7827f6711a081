// Keys in a scratch folder, and tokens that an attacker or a careless issuer might make.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type JWTPayload, SignJWT } from 'jose'
import type { Test } from 'tap'
import { loadSigningKeys, type SigningKeys } from '../../../src/adapters/jose/signing-keys.ts'
import { silentLogger } from '../../../src/core/logger.ts'

export const NOW_MS = Date.UTC(2026, 7, 22, 10)
export const ISSUER = 'https://pawtrail.test'
export const AUDIENCE = 'pawtrail'
export const TENANT = '018f6f3a-0000-7000-8000-000000000001'

export const scratchFolder = async (t: Test): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'pawtrail-keys-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return folder
}

export const scratchKeys = async (t: Test): Promise<SigningKeys> =>
  loadSigningKeys({ directory: await scratchFolder(t), logger: silentLogger })

export const goodClaims = (): JWTPayload => ({
  iss: ISSUER,
  aud: AUDIENCE,
  sub: 'user-1',
  iat: NOW_MS / 1000,
  exp: NOW_MS / 1000 + 3600,
  jti: 'token-1',
  kind: 'user',
  tenants: [TENANT],
  scope: 'read:pets',
})

/** Signs any claims with our own key, as a faulty issuer would. A claim that is undefined is left out. */
export const signed = (
  keys: SigningKeys,
  claims: Readonly<Record<string, unknown>>,
  header: Readonly<Record<string, string>> = {},
): Promise<string> =>
  new SignJWT({ ...goodClaims(), ...claims })
    .setProtectedHeader({ alg: 'EdDSA', kid: keys.current.kid, typ: 'at+jwt', ...header })
    .sign(keys.current.privateKey)

export const encoded = (value: unknown): string =>
  Buffer.from(JSON.stringify(value)).toString('base64url')
