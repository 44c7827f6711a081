// Our own tokens: what is issued passes, and everything that was bent in any way does not.
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import t from 'tap'
import { createTokenIssuer } from '../../../src/adapters/jose/token-issuer.ts'
import { createTokenVerifier } from '../../../src/adapters/jose/token-verifier.ts'
import type { Logger } from '../../../src/core/logger.ts'
import { silentLogger } from '../../../src/core/logger.ts'
import { tenantIdSchema } from '../../../src/core/ids.ts'
import {
  AUDIENCE,
  encoded,
  goodClaims,
  ISSUER,
  NOW_MS,
  scratchKeys,
  signed,
  TENANT,
} from './tokens.ts'

const keys = await scratchKeys(t)
const verifierAt = (clock: () => number, logger: Logger = silentLogger) =>
  createTokenVerifier({ keys, issuer: ISSUER, audience: AUDIENCE, clock, logger })
const verify = (token: string) => verifierAt(() => NOW_MS).verify(token)

t.test('an issued token says who, which tenants, which scopes and until when', async (t) => {
  const issuer = createTokenIssuer({
    keys,
    issuer: ISSUER,
    audience: AUDIENCE,
    clock: () => NOW_MS,
    ids: () => 'token-1',
  })
  const tenant = tenantIdSchema.parse(TENANT)
  const issued = await issuer.issue({
    subject: 'user-1',
    kind: 'user',
    tenants: [tenant],
    scopes: ['read:pets', 'write:pets'],
    lifetimeSeconds: 3600,
  })
  t.equal(issued.expiresAtMs, NOW_MS + 3_600_000)
  t.strictSame(await verify(issued.token), {
    subject: 'user-1',
    kind: 'user',
    tenants: [tenant],
    scopes: new Set(['read:pets', 'write:pets']),
    expiresAtMs: NOW_MS + 3_600_000,
  })
  t.strictSame(issuer.jwks(), keys.jwks)
})

t.test('a token whose payload or signature was changed is refused', async (t) => {
  const token = await signed(keys, {})
  const [header = '', , signature = ''] = token.split('.')
  t.ok(await verify(token))
  t.equal(
    await verify(`${header}.${encoded({ ...goodClaims(), scope: 'admin' })}.${signature}`),
    undefined,
  )
  const flipped = signature.startsWith('A') ? `B${signature.slice(1)}` : `A${signature.slice(1)}`
  t.equal(await verify(token.replace(signature, flipped)), undefined)
  t.equal(await verify(token.replace(signature, '')), undefined)
})

t.test('a token signed by another key is refused, under any key name', async (t) => {
  const { privateKey } = await generateKeyPair('EdDSA')
  for (const kid of [keys.current.kid, 'unknown', undefined]) {
    const token = await new SignJWT(goodClaims())
      .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', ...(kid === undefined ? {} : { kid }) })
      .sign(privateKey)
    t.equal(await verify(token), undefined)
  }
})

t.test('a token without a signature (alg none) is refused', async (t) => {
  for (const alg of ['none', 'None', 'NONE']) {
    const header = encoded({ alg, kid: keys.current.kid, typ: 'at+jwt' })
    t.equal(await verify(`${header}.${encoded(goodClaims())}.`), undefined)
  }
})

t.test('a token signed with our public key as an HS256 secret is refused', async (t) => {
  const [jwk] = keys.jwks['keys'] as unknown as [{ x: string }]
  for (const secret of [Buffer.from(jwk.x, 'base64url'), Buffer.from(JSON.stringify(jwk))]) {
    const token = await new SignJWT(goodClaims())
      .setProtectedHeader({ alg: 'HS256', kid: keys.current.kid, typ: 'at+jwt' })
      .sign(secret)
    t.equal(await verify(token), undefined)
  }
})

t.test('a token that brings its own key is refused', async (t) => {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { extractable: true })
  const token = await new SignJWT(goodClaims())
    .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', jwk: await exportJWK(publicKey) })
    .sign(privateKey)
  t.equal(await verify(token), undefined)
})

t.test('each wrong or missing claim refuses the token', async (t) => {
  const cases: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
    'another issuer': { iss: 'https://elsewhere.test' },
    'no issuer': { iss: undefined },
    'another audience': { aud: 'elsewhere' },
    'no audience': { aud: undefined },
    'no subject': { sub: undefined },
    'an empty subject': { sub: '' },
    'no expiry': { exp: undefined },
    'an expiry that is no number': { exp: 'tomorrow' },
    expired: { exp: NOW_MS / 1000 },
    'not valid yet': { nbf: NOW_MS / 1000 + 1 },
    'no id': { jti: undefined },
    'no tenants': { tenants: undefined },
    'empty tenants': { tenants: [] },
    'tenants that are no list': { tenants: TENANT },
    'a tenant that is no tenant': { tenants: [TENANT, 'everything'] },
    'more tenants than there can be': { tenants: Array.from({ length: 101 }, () => TENANT) },
    'no scope': { scope: undefined },
    'a scope that is no text': { scope: ['admin'] },
    'no kind': { kind: undefined },
    'another kind': { kind: 'root' },
  }
  for (const [name, claims] of Object.entries(cases)) {
    t.equal(await verify(await signed(keys, claims)), undefined, name)
  }
})

t.test('a signed text of another type is not an access token', async (t) => {
  t.equal(await verify(await signed(keys, {}, { typ: 'JWT' })), undefined)
})

t.test('scopes that mean nothing here are left out', async (t) => {
  const principal = await verify(await signed(keys, { scope: 'read:pets  openid write:world' }))
  t.strictSame(principal?.scopes, new Set(['read:pets']))
})

t.test('text that is no token is refused', async (t) => {
  const token = await signed(keys, {})
  for (const text of [
    '',
    '.',
    '..',
    'x',
    'a.b.c',
    `${token}.x`,
    ` ${token}`,
    '\u0000',
    encoded({}),
    '💥.💥.💥',
  ]) {
    t.equal(await verify(text), undefined)
  }
})

t.test('a token of more than 8 KiB is refused unread', async (t) => {
  const huge = await signed(keys, { padding: 'x'.repeat(8 * 1024) })
  const messages: string[] = []
  const logger: Logger = { ...silentLogger, debug: (_, message) => void messages.push(message) }
  t.equal(await verifierAt(() => NOW_MS, logger).verify(huge), undefined)
  t.strictSame(messages, [], 'nothing looked into it')
})

t.test('a token that was good is refused from the second of its expiry on', async (t) => {
  let nowMs = NOW_MS
  const verifier = verifierAt(() => nowMs)
  const token = await signed(keys, {})
  t.ok(await verifier.verify(token))
  nowMs += 3_599_999
  t.ok(await verifier.verify(token), 'from memory')
  nowMs += 1
  t.equal(await verifier.verify(token), undefined)
})

t.test('a token of a retired key passes and one of a removed key does not', async (t) => {
  const old = await scratchKeys(t)
  const token = await signed(old, {})
  const rotated = { ...keys, publicKeys: new Map([...old.publicKeys, ...keys.publicKeys]) }
  const verifier = createTokenVerifier({
    keys: rotated,
    issuer: ISSUER,
    audience: AUDIENCE,
    clock: () => NOW_MS,
    logger: silentLogger,
  })
  t.ok(await verifier.verify(token))
  t.equal(await verify(token), undefined)
})

t.test('what is logged about a refused token does not contain it', async (t) => {
  const lines: string[] = []
  const logger: Logger = {
    ...silentLogger,
    debug: (...line) => void lines.push(JSON.stringify(line)),
  }
  const token = await signed(keys, { aud: 'elsewhere' })
  await verifierAt(() => NOW_MS, logger).verify(token)
  t.equal(lines.length, 1)
  for (const part of token.split('.')) t.notOk(lines.join('').includes(part))
})
