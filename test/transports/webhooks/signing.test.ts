// What requests are signed with, against the library of the standard and Node's own HMAC.
import fc from 'fast-check'
import { createHmac, createPublicKey, verify } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import t from 'tap'
import { keyIdOf } from '../../../src/core/webhooks.ts'
import { privateKeyOf, publicKeyOf } from '../../../src/transports/webhooks/ed25519.ts'
import { BLOCK_BYTES, hmac, hmacKey } from '../../../src/transports/webhooks/hmac.ts'
import {
  createKeyring,
  publicKeysOf,
  signedHeaders,
} from '../../../src/transports/webhooks/signing.ts'

const seeded = { seed: 20_260_822, numRuns: 500 }
const secretOf = (bytes: number, fill: number): string =>
  `whsec_${Buffer.alloc(bytes, fill).toString('base64')}`

t.test('an HMAC is that of RFC 2104, whatever the length of its key', (t) => {
  const bytes = fc.uint8Array({ maxLength: 3 * BLOCK_BYTES })
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(bytes, bytes, fc.constantFrom('base64', 'hex'), (secret, message, encoding) => {
        const roomy = Buffer.concat([Buffer.alloc(BLOCK_BYTES, 0xff), message, Buffer.from('rest')])
        const span = { bytes: roomy, start: BLOCK_BYTES, end: BLOCK_BYTES + message.length }
        const expected = createHmac('sha256', secret).update(message).digest(encoding)
        const key = hmacKey(secret)
        return hmac(key, span, encoding) === expected && hmac(key, span, encoding) === expected
      }),
      seeded,
    ),
  )
  t.end()
})

t.test('every live secret verifies a request, and the oldest its other header', (t) => {
  const nowMs = Date.now()
  const secrets = [
    { id: 's1', expiresAt: '2099-01-01T00:00:00.000Z' },
    { id: 's2', expiresAt: '2099-01-01T00:00:00.000Z' },
    { id: 's3', expiresAt: null },
  ]
  const stored = [
    { id: 's1', secret: secretOf(24, 1) },
    { id: 's2', secret: secretOf(64, 2) },
    { id: 's3', secret: secretOf(100, 3) },
  ]
  const endpoint = { secrets, asymmetric: false }
  const keys = createKeyring(endpoint, stored).at(new Date(nowMs).toISOString())
  const bodies = [
    '',
    '{"a":1}',
    '{"name":"Ünïcødé 🐈"}',
    JSON.stringify({ long: '猫'.repeat(50_000) }),
  ]
  for (const body of [...bodies, '{"a":1}']) {
    const headers = signedHeaders(
      { id: 'evt_1', body, attempt: 3 },
      { nowMs, keys, contentType: 'application/json' },
    )
    const [first] = stored
    const expected = createHmac('sha256', first?.secret ?? '')
      .update(body)
      .digest('hex')
    t.equal(headers['x-webhook-signature'], `sha256=${expected}`)
    t.equal(headers['webhook-attempt'], '3')
    const signatures = String(headers['webhook-signature']).split(' ')
    t.equal(signatures.length, 3)
    for (const [index, { secret }] of stored.entries()) {
      const alone = { ...headers, 'webhook-signature': signatures[2 - index] ?? '' }
      t.doesNotThrow(() => new Webhook(secret).verify(body, alone, { jsonParse: false }), secret)
    }
  }
  t.end()
})

t.test('a key pair is that of RFC 8032', (t) => {
  const seed = '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60'
  const text = `whsk_${Buffer.from(seed, 'hex').toString('base64')}`
  const { x } = publicKeyOf(privateKeyOf(text), 'k1')
  const expected = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a'
  t.equal(Buffer.from(x, 'base64url').toString('hex'), expected)
  t.end()
})

t.test('each pair that signs is verified by its public key alone, and no other is', (t) => {
  const nowMs = Date.parse('2026-08-22T10:00:00.000Z')
  const secrets = [
    { id: 's0', expiresAt: '2026-08-22T09:00:00.000Z' },
    { id: 's1', expiresAt: '2026-08-22T11:00:00.000Z' },
    { id: 's2', expiresAt: null },
  ]
  const stored = secrets.flatMap(({ id }, n) => [
    { id, secret: secretOf(32, n + 1) },
    { id: keyIdOf(id), secret: `whsk_${Buffer.alloc(32, n + 10).toString('base64')}` },
  ])
  const body = '{"name":"Ünïcødé 🐈"}'
  const headersAt = (asymmetric: boolean, ms: number) => {
    const keys = createKeyring({ secrets, asymmetric }, stored).at(new Date(ms).toISOString())
    const signed = { id: 'evt_1', body, attempt: 1 }
    const headers = signedHeaders(signed, { nowMs: ms, keys, contentType: 'application/json' })
    return { headers, published: publicKeysOf(keys) }
  }
  const { headers, published } = headersAt(true, nowMs)
  t.strictSame(
    published.map(({ kid }) => kid),
    ['s2', 's1'],
  )
  t.equal(headers['webhook-key-id'], 's2')
  const signatures = String(headers['webhook-signature']).split(' ')
  t.strictSame(
    signatures.map((each) => each.split(',')[0]),
    ['v1', 'v1', 'v1a', 'v1a'],
  )
  const content = Buffer.from(`evt_1.${String(headers['webhook-timestamp'])}.${body}`)
  const matrix = published.map((jwk) =>
    signatures.slice(2).map((each) => {
      const key = createPublicKey({ key: jwk, format: 'jwk' })
      return verify(null, content, key, Buffer.from(each.slice('v1a,'.length), 'base64'))
    }),
  )
  t.strictSame(matrix, [
    [true, false],
    [false, true],
  ])
  t.strictSame(
    headersAt(true, nowMs + 3_600_000).published.map(({ kid }) => kid),
    ['s2'],
    'the one before is over with its secret',
  )
  const without = headersAt(false, nowMs)
  t.notMatch(without.headers['webhook-signature'], 'v1a')
  t.strictSame([without.headers['webhook-key-id'], without.published], [undefined, []])
  t.end()
})
