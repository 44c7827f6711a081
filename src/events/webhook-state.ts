// What a webhook endpoint is after its events: the fold that the decider and the table of endpoints share.
import { assertNever } from '../core/assert-never.ts'
import type { WebhookConfig, WebhookEvent, WebhookStatus } from './webhook.ts'

/** `expiresAt` null: the newest, which signs until there is a newer one. */
export type WebhookSecret = Readonly<{ id: string; createdAt: string; expiresAt: string | null }>

/** Where sending begins. A higher number means: begin anew, and forget what was owed before. */
export type WebhookStart = Readonly<{ number: number; after: number }>

export type PresentWebhook = Readonly<{
  kind: 'present'
  config: WebhookConfig
  status: WebhookStatus
  reason: string | null // why it is not active
  secrets: readonly WebhookSecret[] // oldest first
  start: WebhookStart
  createdAt: string
  updatedAt: string
}>

export type WebhookState =
  Readonly<{ kind: 'none' }> | PresentWebhook | Readonly<{ kind: 'removed'; removedAt: string }>

export const noWebhook: WebhookState = { kind: 'none' }

export const isLiveAt = (secret: WebhookSecret, at: string): boolean =>
  secret.expiresAt === null || secret.expiresAt > at

export const evolveWebhook = (state: WebhookState, event: WebhookEvent): WebhookState => {
  const { occurredAt } = event
  if (event.type === 'webhook.registered') {
    return state.kind === 'removed' ? state : registered(event.data, occurredAt)
  }
  if (state.kind !== 'present') return state
  switch (event.type) {
    case 'webhook.updated': {
      // Decided and stored changes hold no undefined members: an absent field keeps its value.
      const changes = event.data.changes as Partial<WebhookConfig>
      return { ...state, config: { ...state.config, ...changes }, updatedAt: occurredAt }
    }
    case 'webhook.status_changed': {
      const { status, reason, after } = event.data
      const start = after === null ? state.start : { number: state.start.number + 1, after }
      return { ...state, status, reason, start, updatedAt: occurredAt }
    }
    case 'webhook.secret_rotated':
      return { ...state, secrets: rotated(state.secrets, event), updatedAt: occurredAt }
    case 'webhook.removed':
      return { kind: 'removed', removedAt: occurredAt }
    default:
      return assertNever(event)
  }
}

type DataOf<Type extends WebhookEvent['type']> = Extract<WebhookEvent, { type: Type }>['data']

const registered = (
  { config, keyId, after }: DataOf<'webhook.registered'>,
  occurredAt: string,
): PresentWebhook => ({
  kind: 'present',
  config,
  status: 'active',
  reason: null,
  secrets: [{ id: keyId, createdAt: occurredAt, expiresAt: null }],
  start: { number: 1, after },
  createdAt: occurredAt,
  updatedAt: occurredAt,
})

const rotated = (
  secrets: readonly WebhookSecret[],
  { data, occurredAt }: Extract<WebhookEvent, { type: 'webhook.secret_rotated' }>,
): readonly WebhookSecret[] => {
  const { keyId, previousExpireAt } = data
  const earlier = secrets
    .filter((secret) => isLiveAt(secret, occurredAt) && secret.id !== keyId)
    .map((secret) =>
      isLiveAt(secret, previousExpireAt) ? { ...secret, expiresAt: previousExpireAt } : secret,
    )
  return [...earlier, { id: keyId, createdAt: occurredAt, expiresAt: null }]
}
