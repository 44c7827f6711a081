// What may be done with a webhook endpoint, and what comes of it.
import { assertNever } from '../core/assert-never.ts'
import { accept, type Decider, type Decision, type Rejection } from '../core/decider.ts'
import {
  evolveWebhook,
  isLiveAt,
  noWebhook,
  type PresentWebhook,
  type WebhookState,
} from '../events/webhook-state.ts'
import type { WebhookConfig, WebhookEvent, WebhookStatus } from '../events/webhook.ts'
import { changedFields, type Partially, sameJson } from './changes.ts'
import type { Aggregate } from './handle.ts'
import { refuse, type WebhookRejectionCode } from './rejections.ts'

/** Each of them is a signature in every request's header. */
export const MAX_LIVE_SECRETS = 4

type Command<Type extends string, Input> = Readonly<{ type: Type; occurredAt: string } & Input>
type Reason = { reason: string | null }

type Register = Command<
  'register',
  { config: WebhookConfig; keyId: string; after: number } // the log position to begin after
>
type Update = Command<'update', { changes: Partially<WebhookConfig> }>
type Pause = Command<'pause', Reason>
/** `after` null: from where it stopped. */
type Resume = Command<'resume', Reason & { after: number | null }>
type Disable = Command<'disable', Reason>
type RotateSecret = Command<'rotate_secret', { keyId: string; previousExpireAt: string }>
type Remove = Command<'remove', Reason>

export type WebhookCommand = Register | Update | Pause | Resume | Disable | RotateSecret | Remove

type WebhookDecision = Decision<WebhookEvent, Rejection<WebhookRejectionCode>>

const decide = (command: WebhookCommand, state: WebhookState): WebhookDecision => {
  if (state.kind === 'removed') {
    return command.type === 'remove' ? accept() : refuse('webhook_not_found')
  }
  if (command.type === 'register') return register(command, state)
  if (state.kind === 'none') return refuse('webhook_not_found')
  const { occurredAt } = command
  switch (command.type) {
    case 'update':
      return update(command, state)
    case 'pause':
      if (state.status === 'disabled') return refuse('invalid_webhook_transition')
      return become('paused', { ...command, after: null }, state)
    case 'resume':
      return become('active', command, state)
    case 'disable':
      return become('disabled', { ...command, after: null }, state)
    case 'rotate_secret':
      return rotate(command, state)
    case 'remove':
      return accept({ type: 'webhook.removed', data: { reason: command.reason }, occurredAt })
    default:
      return assertNever(command)
  }
}

export const webhookDecider = {
  initialState: noWebhook,
  decide,
  evolve: evolveWebhook,
} satisfies Decider<WebhookCommand, WebhookState, WebhookEvent, Rejection<WebhookRejectionCode>>

export const webhookAggregate = {
  category: 'webhook',
  decider: webhookDecider,
  creates: (command) => command.type === 'register',
  exists: (state) => state.kind === 'present',
} satisfies Aggregate<WebhookCommand, WebhookState, WebhookEvent, Rejection<WebhookRejectionCode>>

const register = (
  { config, keyId, after, occurredAt }: Register,
  state: Exclude<WebhookState, { kind: 'removed' }>,
): WebhookDecision => {
  if (state.kind === 'none') {
    return accept({ type: 'webhook.registered', data: { config, keyId, after }, occurredAt })
  }
  return sameJson(state.config, config) ? accept() : refuse('webhook_already_registered')
}

const update = ({ changes, occurredAt }: Update, webhook: PresentWebhook): WebhookDecision => {
  const changed = changedFields(webhook.config, changes)
  if (changed === undefined) return accept()
  return accept({ type: 'webhook.updated', data: { changes: changed }, occurredAt })
}

type Change = Readonly<{ reason: string | null; after: number | null; occurredAt: string }>

const become = (
  status: WebhookStatus,
  { reason, after, occurredAt }: Change,
  { status: previousStatus }: PresentWebhook,
): WebhookDecision => {
  if (status === previousStatus) return accept()
  const data = { previousStatus, status, reason, after }
  return accept({ type: 'webhook.status_changed', data, occurredAt })
}

const rotate = (
  { keyId, previousExpireAt, occurredAt }: RotateSecret,
  { secrets }: PresentWebhook,
): WebhookDecision => {
  if (secrets.some(({ id }) => id === keyId)) return accept()
  // Without an overlap the ones before end at once, however many there are.
  const overlapping = secrets.filter((secret) => isLiveAt(secret, occurredAt))
  if (previousExpireAt > occurredAt && overlapping.length >= MAX_LIVE_SECRETS) {
    return refuse('secret_limit_reached')
  }
  return accept({
    type: 'webhook.secret_rotated',
    data: { keyId, previousExpireAt },
    occurredAt,
  })
}
