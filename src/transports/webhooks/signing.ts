// What a request is signed with: Standard Webhooks, by every live secret, and beside it the header
// that the documents of this API name. Signed are the exact bytes that are sent.
import { createHmac } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import type { StoredSecret } from '../../core/webhooks.ts'

export type Signed = Readonly<{ id: string; body: string; attempt: number; nowMs: number }>

/** `secrets`: oldest first. */
export const signatureHeaders = (
  { id, body, attempt, nowMs }: Signed,
  secrets: readonly StoredSecret[],
): Readonly<Record<string, string>> => {
  const at = new Date(nowMs)
  const signatures = secrets.map(({ secret }) => new Webhook(secret).sign(id, at, body)).reverse()
  const oldest = secrets[0]
  return {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(nowMs / 1_000)),
    'webhook-signature': signatures.join(' '),
    'webhook-attempt': String(attempt),
    // It has room for one. The oldest that still signs: who takes both while they overlap misses nothing.
    ...(oldest === undefined ? {} : { 'x-webhook-signature': plainSignature(oldest.secret, body) }),
  }
}

/** Keyed by the secret's text as it was given out. */
const plainSignature = (secret: string, body: string): string =>
  `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
