// What a request is signed with: Standard Webhooks, by every live secret, and beside it the header
// that the documents of this API name. Signed are the exact bytes that are sent.
import { createHmac, createSecretKey, type KeyObject } from 'node:crypto'
import type { EndpointFacts, StoredSecret } from '../../core/webhooks.ts'

export type Signed = Readonly<{ id: string; body: string; attempt: number }>

/** `bytes`: what the secret's text stands for; `text`: the text itself. */
type SigningKey = Readonly<{
  id: string
  text: KeyObject
  bytes: KeyObject
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
  text: createSecretKey(text, 'utf8'),
  bytes: createSecretKey(Buffer.from(text.replace(PREFIX, ''), 'base64')),
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
  const head = `${id}.${seconds}.`
  let signatures = ''
  for (const { bytes } of keys) {
    const mac = createHmac('sha256', bytes).update(head).update(body).digest('base64')
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
    const mac = createHmac('sha256', oldest.text).update(body).digest('hex')
    headers['x-webhook-signature'] = `sha256=${mac}`
  }
  return headers
}
