// What a request is signed with: Standard Webhooks, by every live secret, and beside it the header
// that the documents of this API name. Signed are the exact bytes that are sent.
import type { EndpointFacts, StoredSecret } from '../../core/webhooks.ts'
import { BLOCK_BYTES, hmac, type HmacKey, hmacKey } from './hmac.ts'

export type Signed = Readonly<{ id: string; body: string; attempt: number }>

/** `bytes`: what the secret's text stands for; `text`: the text itself. */
type SigningKey = Readonly<{
  id: string
  text: HmacKey
  bytes: HmacKey
  expiresAt: string | null
}>

/** Oldest first. `until`: from then on they are others. */
export type SigningKeys = Readonly<{
  ids: readonly string[]
  keys: readonly SigningKey[]
  until: string | null
}>

const PREFIX = /^whsec_/

/** Of an endpoint's secrets those that sign at a time, oldest first. */
export const createKeyring = (
  { secrets }: Pick<EndpointFacts, 'secrets'>,
  stored: readonly StoredSecret[],
): Readonly<{ at(time: string): SigningKeys }> => {
  const all = secrets.flatMap(({ id, expiresAt }) =>
    stored.filter((each) => each.id === id).map(({ secret }) => keyOf(id, secret, expiresAt)),
  )
  let known: SigningKeys | undefined
  return {
    at: (time) => {
      if (known === undefined || (known.until !== null && known.until <= time)) {
        known = signingAt(all, time)
      }
      return known
    },
  }
}

const keyOf = (id: string, text: string, expiresAt: string | null): SigningKey => ({
  id,
  text: hmacKey(Buffer.from(text)),
  bytes: hmacKey(Buffer.from(text.replace(PREFIX, ''), 'base64')),
  expiresAt,
})

const signingAt = (all: readonly SigningKey[], time: string): SigningKeys => {
  const keys = all.filter(({ expiresAt }) => expiresAt === null || expiresAt > time)
  const ends = keys.flatMap(({ expiresAt }) => expiresAt ?? []).sort()
  return { ids: keys.map(({ id }) => id), keys, until: ends[0] ?? null }
}

export type Signing = Readonly<{ nowMs: number; keys: SigningKeys; contentType: string }>

export const signedHeaders = (
  { id, body, attempt }: Signed,
  { nowMs, keys: { keys }, contentType }: Signing,
): Readonly<Record<string, string>> => {
  const seconds = String(Math.floor(nowMs / 1_000))
  const { bytes, bodyAt, end } = layOut(`${id}.${seconds}.`, body)
  let signatures = ''
  for (const key of keys) {
    const mac = hmac(key.bytes, { bytes, start: BLOCK_BYTES, end }, 'base64')
    signatures = signatures === '' ? `v1,${mac}` : `v1,${mac} ${signatures}`
  }
  const headers: Record<string, string> = {
    'content-type': contentType,
    'webhook-id': id,
    'webhook-timestamp': seconds,
    'webhook-signature': signatures,
    'webhook-attempt': String(attempt),
  }
  // It has room for one. The oldest that still signs: who takes both while they overlap misses nothing.
  const oldest = keys[0]
  if (oldest !== undefined) {
    const mac = hmac(oldest.text, { bytes, start: bodyAt, end }, 'hex') // last: its room is where the head was
    headers['x-webhook-signature'] = `sha256=${mac}`
  }
  return headers
}

const KEPT_BYTES = 65_536
const MAX_BYTES_A_UNIT = 3 // of UTF-8, for one of a string
const kept = Buffer.allocUnsafeSlow(KEPT_BYTES)

/** What is signed, head and body, with room for a key. Good until the next. */
const layOut = (
  head: string,
  body: string,
): Readonly<{ bytes: Buffer; bodyAt: number; end: number }> => {
  const most = BLOCK_BYTES + (head.length + body.length) * MAX_BYTES_A_UNIT
  const bytes = most <= KEPT_BYTES ? kept : Buffer.allocUnsafeSlow(most)
  const bodyAt = BLOCK_BYTES + bytes.write(head, BLOCK_BYTES)
  return { bytes, bodyAt, end: bodyAt + bytes.write(body, bodyAt) }
}
