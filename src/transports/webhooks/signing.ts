// What a request is signed with: Standard Webhooks, by every live secret and, when the endpoint asks for it, by the key
// pair beside each; and the header that the documents of this API name. Signed are the exact bytes that are sent.
import { type KeyObject, sign } from 'node:crypto'
import {
  type EndpointFacts,
  keyIdOf,
  type PublicKey,
  type StoredSecret,
} from '../../core/webhooks.ts'
import { privateKeyOf, publicKeyOf } from './ed25519.ts'
import { BLOCK_BYTES, hmac, type HmacKey, hmacKey } from './hmac.ts'

export type Signed = Readonly<{ id: string; body: string; attempt: number }>

/** `bytes`: what the secret's text stands for; `text`: the text itself; `pair`: the private key beside it. */
type SigningKey = Readonly<{
  id: string
  text: HmacKey
  bytes: HmacKey
  pair: KeyObject | undefined
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
  { secrets, asymmetric }: Pick<EndpointFacts, 'secrets' | 'asymmetric'>,
  stored: readonly StoredSecret[],
): Readonly<{ at(time: string): SigningKeys }> => {
  const texts = new Map(stored.map(({ id, secret }) => [id, secret]))
  const all = secrets.flatMap(({ id, expiresAt }): readonly SigningKey[] => {
    const text = texts.get(id)
    if (text === undefined) return []
    const privateKey = asymmetric ? texts.get(keyIdOf(id)) : undefined
    const pair = privateKey === undefined ? undefined : privateKeyOf(privateKey)
    return [{ ...hmacKeysOf(text), id, pair, expiresAt }]
  })
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

const hmacKeysOf = (text: string): Pick<SigningKey, 'text' | 'bytes'> => ({
  text: hmacKey(Buffer.from(text)),
  bytes: hmacKey(Buffer.from(text.replace(PREFIX, ''), 'base64')),
})

/** The newest first: of the pairs that sign. */
export const publicKeysOf = ({ keys }: SigningKeys): readonly PublicKey[] =>
  keys.flatMap(({ id, pair }) => (pair === undefined ? [] : publicKeyOf(pair, id))).reverse()

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
  let signatures = '' // the newest first
  let newestPair: string | undefined
  for (const { pair, id: keyId } of keys) {
    if (pair === undefined) continue
    const signature = sign(null, bytes.subarray(BLOCK_BYTES, end), pair).toString('base64')
    signatures = ` v1a,${signature}${signatures}`
    newestPair = keyId
  }
  for (const key of keys) {
    const mac = hmac(key.bytes, { bytes, start: BLOCK_BYTES, end }, 'base64')
    signatures = ` v1,${mac}${signatures}`
  }
  const headers: Record<string, string> = {
    'content-type': contentType,
    'webhook-id': id,
    'webhook-timestamp': seconds,
    'webhook-signature': signatures.slice(1),
    'webhook-attempt': String(attempt),
  }
  if (newestPair !== undefined) headers['webhook-key-id'] = newestPair
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
