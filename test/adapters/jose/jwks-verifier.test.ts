// The tokens of an outside identity provider, whose keys come from a real server on the loopback: claims,
// rotation, outage.
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose'
import t from 'tap'
import type { Test } from 'tap'
import { createJwksVerifier } from '../../../src/adapters/jose/jwks-verifier.ts'
import { Fault } from '../../../src/core/fault.ts'
import { silentLogger } from '../../../src/core/logger.ts'
import { AUDIENCE, encoded, goodClaims, ISSUER, NOW_MS, TENANT } from './tokens.ts'

type Key = Readonly<{ kid: string; alg: string; privateKey: CryptoKey; jwk: JWK }>

const makeKey = async (kid: string, alg = 'ES256'): Promise<Key> => {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
  return { kid, alg, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, use: 'sig' } }
}

const signedBy = (key: Key, claims: Readonly<Record<string, unknown>> = {}): Promise<string> =>
  new SignJWT({ ...goodClaims(), ...claims })
    .setProtectedHeader({ alg: key.alg, kid: key.kid })
    .sign(key.privateKey)

/** A provider whose keys and health the test changes as it goes. */
const startProvider = async (t: Test, keys: readonly Key[]) => {
  const provider = { keys, status: 200, requests: 0 }
  const server: Server = createServer((_, response) => {
    provider.requests += 1
    response.statusCode = provider.status
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ keys: provider.keys.map(({ jwk }) => jwk) }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  t.teardown(close)
  const jwksUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`
  return { provider, jwksUrl, close }
}

const verifierOf = (jwksUrl: string, clock = (): number => NOW_MS, refetchCooldownMs = 0) =>
  createJwksVerifier({
    jwksUrl,
    issuer: ISSUER,
    audience: AUDIENCE,
    clock,
    logger: silentLogger,
    refetchCooldownMs,
  })

t.test('a token of the provider passes under any asymmetric algorithm', async (t) => {
  const keys = await Promise.all(
    ['EdDSA', 'ES256', 'ES384', 'PS256'].map((alg) => makeKey(alg, alg)),
  )
  const { jwksUrl, provider } = await startProvider(t, keys)
  const verifier = verifierOf(jwksUrl)
  for (const key of keys) t.match(await verifier.verify(await signedBy(key)), { subject: 'user-1' })
  t.equal(provider.requests, 1, 'the keys were fetched once')
})

t.test('claims are understood in the forms that providers use', async (t) => {
  const key = await makeKey('one')
  const { jwksUrl } = await startProvider(t, [key])
  const verifier = verifierOf(jwksUrl)
  const verify = async (claims: Readonly<Record<string, unknown>>) =>
    verifier.verify(await signedBy(key, { kind: undefined, ...claims }))

  t.match(await verify({}), { kind: 'user', tenants: [TENANT], scopes: new Set(['read:pets']) })
  t.match(await verify({ scope: undefined, scp: ['read:pets', 'x'] }), {
    scopes: new Set(['read:pets']),
  })
  t.match(await verify({ scope: undefined, scp: 'write:pets' }), {
    scopes: new Set(['write:pets']),
  })
  t.match(await verify({ scope: undefined }), { scopes: new Set() })
  t.match(await verify({ tenants: undefined, tenant: TENANT.toUpperCase() }), { tenants: [TENANT] })
  t.match(await verify({ client_id: 'user-1' }), { kind: 'client' })
  t.match(await verify({ client_id: 'an app' }), { kind: 'user' })
  t.match(await verify({ jti: undefined, iat: undefined }), { subject: 'user-1' })
  const bare = await verify({ tenants: undefined })
  t.strictSame(bare?.tenants, [], 'without tenants a token is good for none')
})

t.test('a bent token is refused', async (t) => {
  const key = await makeKey('one')
  const stranger = await makeKey('one')
  const { jwksUrl, provider } = await startProvider(t, [key])
  const verifier = verifierOf(jwksUrl)
  const none = `${encoded({ alg: 'none', kid: 'one' })}.${encoded(goodClaims())}.`
  const secret = Buffer.from(JSON.stringify(key.jwk))
  const confused = await new SignJWT(goodClaims())
    .setProtectedHeader({ alg: 'HS256', kid: 'one' })
    .sign(secret)
  for (const token of [
    none,
    confused,
    await signedBy(stranger),
    await signedBy(key, { aud: 'elsewhere' }),
    await signedBy(key, { exp: NOW_MS / 1000 }),
    await signedBy(key, { exp: undefined }),
    await signedBy(key, { nbf: NOW_MS / 1000 + 6 }),
    await signedBy(key, { sub: undefined }),
    await signedBy(key, { tenants: ['everything'] }),
    await signedBy(key, { scope: undefined, scp: [1] }),
    await signedBy(key, { scope: undefined, scp: { admin: true } }),
    'a.b.c',
  ]) {
    t.equal(await verifier.verify(token), undefined)
  }
  provider.requests = 0
  t.equal(await verifier.verify(await signedBy(key, { iss: 'https://elsewhere.test' })), undefined)
  t.equal(provider.requests, 0, 'a token of another issuer asks nobody for keys')
})

t.test(
  'a provider whose clock is a little ahead is understood, and expiry is still exact',
  async (t) => {
    const key = await makeKey('one')
    const { jwksUrl } = await startProvider(t, [key])
    const verifier = verifierOf(jwksUrl)
    t.ok(await verifier.verify(await signedBy(key, { nbf: NOW_MS / 1000 + 5 })))
    t.equal(await verifier.verify(await signedBy(key, { exp: NOW_MS / 1000 - 1 })), undefined)
  },
)

t.test('a new key of the provider is found, and one it withdrew no longer passes', async (t) => {
  const [old, fresh] = [await makeKey('old'), await makeKey('fresh')]
  const { jwksUrl, provider } = await startProvider(t, [old])
  const verifier = verifierOf(jwksUrl)
  t.ok(await verifier.verify(await signedBy(old)))
  provider.keys = [fresh]
  t.ok(await verifier.verify(await signedBy(fresh)))
  t.equal(await verifier.verify(await signedBy(old, { jti: 'later' })), undefined)
})

t.test('made-up key names make one fetch, not one each', async (t) => {
  const key = await makeKey('one')
  const { jwksUrl, provider } = await startProvider(t, [key])
  const verifier = verifierOf(jwksUrl, () => NOW_MS, 60_000)
  t.ok(await verifier.verify(await signedBy(key)))
  for (let index = 0; index < 5; index += 1) {
    t.equal(await verifier.verify(await signedBy({ ...key, kid: `made up ${index}` })), undefined)
  }
  t.equal(provider.requests, 1)
})

t.test(
  'a provider that cannot be asked is a fault, and is asked again when it is back',
  async (t) => {
    let nowMs = NOW_MS
    const key = await makeKey('one')
    const { jwksUrl, provider } = await startProvider(t, [key])
    const verifier = verifierOf(jwksUrl, () => nowMs)
    const token = await signedBy(key)
    provider.status = 503
    await t.rejects(verifier.verify(token), { code: 'identity_provider_unavailable' })
    await t.rejects(verifier.verify(token), Fault)
    t.equal(provider.requests, 1, 'a failure a moment ago is not repeated')
    provider.status = 200
    nowMs += 2_000
    t.ok(await verifier.verify(token))
  },
)

t.test(
  'in an outage the known keys still pass, and a token they cannot settle is a fault',
  async (t) => {
    let nowMs = NOW_MS
    const [known, fresh] = [await makeKey('known'), await makeKey('fresh')]
    const { jwksUrl, close } = await startProvider(t, [known])
    const verifier = verifierOf(jwksUrl, () => nowMs)
    t.ok(await verifier.verify(await signedBy(known)))
    await close()
    t.ok(await verifier.verify(await signedBy(known, { jti: 'another' })))
    await t.rejects(verifier.verify(await signedBy(fresh)), {
      code: 'identity_provider_unavailable',
    })
    nowMs += 5_000
    t.equal(
      await verifier.verify(await signedBy(known, { aud: 'elsewhere' })),
      undefined,
      'what is wrong without asking anybody is refused',
    )
  },
)

t.test(
  'in an outage keys that are no longer fresh are trusted for an hour, and then not',
  async (t) => {
    let nowMs = NOW_MS
    const key = await makeKey('one')
    const { jwksUrl, provider, close } = await startProvider(t, [key])
    const verifier = createJwksVerifier({
      jwksUrl,
      issuer: ISSUER,
      audience: AUDIENCE,
      clock: () => nowMs,
      logger: silentLogger,
      keysFreshMs: 0,
    })
    const tokenOf = (jti: string) => signedBy(key, { jti, exp: NOW_MS / 1000 + 86_400 })
    t.ok(await verifier.verify(await tokenOf('first')))
    t.ok(await verifier.verify(await tokenOf('second')))
    t.equal(provider.requests, 2, 'keys that are not fresh are asked for again')
    await close()
    nowMs += 3_600_000
    t.ok(await verifier.verify(await tokenOf('third')))
    nowMs += 1
    await t.rejects(verifier.verify(await tokenOf('fourth')), {
      code: 'identity_provider_unavailable',
    })
  },
)
