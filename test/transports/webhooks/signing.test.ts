// What requests are signed with, against the library of the standard and Node's own HMAC.
import fc from 'fast-check'
import { createHmac } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import t from 'tap'
import { BLOCK_BYTES, hmac, hmacKey } from '../../../src/transports/webhooks/hmac.ts'
import { createKeyring, signedHeaders } from '../../../src/transports/webhooks/signing.ts'

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
  const keys = createKeyring({ secrets }, stored).at(new Date(nowMs).toISOString())
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
