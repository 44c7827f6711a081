// What a request is signed with: Standard Webhooks, by every live secret, and beside it the header
// that the documents of this API name. Signed are the exact bytes that are sent.
import { createHmac } from 'node:crypto'
import type { EndpointFacts, StoredSecret } from '../../core/webhooks.ts'

export type Signed = Readonly<{ id: string; body: string; attempt: number; nowMs: number }>

/** `bytes`: what the secret's text stands for. */
export type SigningKey = Readonly<{
  id: string
  text: string
  bytes: Buffer
  expiresAt: string | null
}>

const PREFIX = /^whsec_/

/** Of an endpoint's secrets those that sign at a time, oldest first. */
export const createKeyring = (
  { secrets }: Pick<EndpointFacts, 'secrets'>,
  stored: readonly StoredSecret[],
): Readonly<{ at(time: string): readonly SigningKey[] }> => {
  const keys = secrets.flatMap(({ id, expiresAt }) =>
    stored
      .filter((each) => each.id === id)
      .map(({ secret: text }) => {
        return { id, text, expiresAt, bytes: Buffer.from(text.replace(PREFIX, ''), 'base64') }
      }),
  )
  return {
    at: (time) => keys.filter(({ expiresAt }) => expiresAt === null || expiresAt > time),
  }
}

/** `keys`: oldest first. */
export const signatureHeaders = (
  { id, body, attempt, nowMs }: Signed,
  keys: readonly SigningKey[],
): Readonly<Record<string, string>> => {
  const seconds = String(Math.floor(nowMs / 1_000))
  const content = `${id}.${seconds}.${body}`
  const signatures = keys.map((key) => `v1,${hmac(key.bytes, content, 'base64')}`).reverse()
  const oldest = keys[0]
  return {
    'webhook-id': id,
    'webhook-timestamp': seconds,
    'webhook-signature': signatures.join(' '),
    'webhook-attempt': String(attempt),
    // It has room for one. The oldest that still signs: who takes both while they overlap misses nothing.
    ...(oldest === undefined
      ? {}
      : { 'x-webhook-signature': `sha256=${hmac(oldest.text, body, 'hex')}` }),
  }
}

const hmac = (key: string | Buffer, content: string, encoding: 'base64' | 'hex'): string =>
  createHmac('sha256', key).update(content).digest(encoding)
