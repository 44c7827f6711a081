// Webhook endpoints: their events in the log, and beside it their secrets. A secret is stored before the event that
// names it; one that no event names signs nothing. The table that deliveries are made from follows each command.
import type { Application } from '../application.ts'
import type { CommandHandler } from '../commands/handle.ts'
import { REJECTIONS } from '../commands/rejections.ts'
import { webhookAggregate, type WebhookCommand } from '../commands/webhook.ts'
import { type Clock, toTimestamp } from '../core/clock.ts'
import type { CommandContext, CommandResult } from '../core/command.ts'
import type { EventStore } from '../core/event-store.ts'
import type { Version } from '../core/event.ts'
import type { IdGenerator, TenantId } from '../core/ids.ts'
import {
  type EndpointFacts,
  keyIdOf,
  MAX_ENDPOINTS_PER_TENANT,
  type WebhookStore,
} from '../core/webhooks.ts'
import { evolveWebhook, noWebhook, type WebhookState } from '../events/webhook-state.ts'
import type { WebhookEvent } from '../events/webhook.ts'
import { decodeListCursor, encodeListCursor, type ListPlace } from '../projections/paging.ts'
import type { WebhookResult, WebhookView, WithSecret } from './inputs.ts'
import { onlyPresent } from './present.ts'
import { readState } from './read-state.ts'
import { webhookAttempts } from './webhook-attempts.ts'

type Webhooks = Application['webhooks']

export type WebhooksOptions = Readonly<{
  handler: CommandHandler
  eventStore: EventStore
  webhookStore: WebhookStore
  clock: Clock
  ids: IdGenerator
  randomToken: (bytes: number) => string
}>

const SECRET_BYTES = 32

export const createWebhooks = (options: WebhooksOptions): Webhooks => {
  const { eventStore } = options
  const change = async (
    context: CommandContext,
    id: string,
    command: WithoutTime<WebhookCommand>,
  ): Promise<WebhookResult> => {
    const result = onlyPresent(await run(options, context, id, command))
    if (result.kind === 'done') await sync(options, context.tenantId, result.id)
    return result
  }
  return {
    register: (context, input) => register(options, context, input),
    update: async (context, id, changes) => {
      if (changes.asymmetric === true) await addKeys(options, context.tenantId, id)
      return change(context, id, { type: 'update', changes })
    },
    pause: (context, id, { reason }) => change(context, id, { type: 'pause', reason }),
    resume: async (context, id, { reason, after }) => {
      const place = after === 'now' ? await eventStore.head() : after
      return change(context, id, { type: 'resume', reason, after: place })
    },
    disable: (context, id, { reason }) => change(context, id, { type: 'disable', reason }),
    rotateSecret: async (context, id, { overlapMs }) => {
      const secretId = options.ids()
      const previousExpireAt = toTimestamp(options.clock() + overlapMs)
      const command = { type: 'rotate_secret', keyId: secretId, previousExpireAt } as const
      return withNewSecret(options, context, { id, secretId }, () => change(context, id, command))
    },
    remove: async (context, id, { reason }) => {
      const result = await run(options, context, id, { type: 'remove', reason })
      if (result.kind === 'done') await sync(options, context.tenantId, id)
      return result
    },
    get: (tenantId, id) => view(options, tenantId, id),
    list: (tenantId, page) => listWebhooks(options, tenantId, page),
    attempts: (tenantId, query) => webhookAttempts(options.webhookStore, tenantId, query),
    sync: (tenantId, id) => sync(options, tenantId, id),
  }
}

const register = async (
  options: WebhooksOptions,
  context: CommandContext,
  { config, after }: Parameters<Webhooks['register']>[1],
): Promise<WebhookResult & WithSecret> => {
  const { eventStore, webhookStore, ids } = options
  const { tenantId, idempotency } = context
  const isRepeat =
    idempotency !== undefined && (await eventStore.findByKey(tenantId, idempotency)) !== undefined
  if (!isRepeat && (await webhookStore.ids(tenantId)).length >= MAX_ENDPOINTS_PER_TENANT) {
    return limitReached
  }
  const id = ids()
  const secretId = ids()
  const place = after ?? (await eventStore.head())
  return withNewSecret(options, context, { id, secretId }, async () => {
    const command = { type: 'register', config, keyId: secretId, after: place } as const
    const result = onlyPresent(await run(options, context, id, command))
    if (result.kind === 'done') await sync(options, tenantId, result.id)
    return result
  })
}

const limitReached: WebhookResult = {
  kind: 'rejected',
  rejection: { code: 'webhook_limit_reached', detail: REJECTIONS.webhook_limit_reached },
}

type NewSecret = Readonly<{ id: string; secretId: string }>

/** Under a key that was used before the answer has the secret of the first time: whoever lost it asks for it so. */
const withNewSecret = async (
  { webhookStore, randomToken }: WebhooksOptions,
  { tenantId }: CommandContext,
  { id, secretId }: NewSecret,
  record: () => Promise<WebhookResult>,
): Promise<WebhookResult & WithSecret> => {
  const secret = textOf('whsec', randomToken(SECRET_BYTES))
  await webhookStore.putSecret(tenantId, id, { id: secretId, secret })
  await putKey({ webhookStore, randomToken }, tenantId, { id, secretId })
  const result = await record()
  const named = result.kind === 'done' ? result.state.secrets.at(-1)?.id : undefined
  if (named === secretId) return { ...result, secret }
  for (const each of [secretId, keyIdOf(secretId)]) {
    await webhookStore.dropSecret(tenantId, id, each)
  }
  if (result.kind !== 'done' || !result.replayed) return result
  const known = await webhookStore.secrets(tenantId, result.id)
  const first = known.find((each) => each.id === named)?.secret
  return first === undefined ? result : { ...result, secret: first }
}

/** The private key of a pair of Ed25519 is any 32 bytes. */
const putKey = (
  { webhookStore, randomToken }: Pick<WebhooksOptions, 'webhookStore' | 'randomToken'>,
  tenantId: TenantId,
  { id, secretId }: NewSecret,
): Promise<void> => {
  const secret = textOf('whsk', randomToken(SECRET_BYTES))
  return webhookStore.putSecret(tenantId, id, { id: keyIdOf(secretId), secret })
}

/** Secrets from before there were key pairs get theirs. */
const addKeys = async (options: WebhooksOptions, tenantId: TenantId, id: string): Promise<void> => {
  const { state } = await read(options, tenantId, id)
  if (state.kind !== 'present') return
  const known = new Set((await options.webhookStore.secrets(tenantId, id)).map((each) => each.id))
  for (const { id: secretId } of state.secrets) {
    if (!known.has(keyIdOf(secretId))) await putKey(options, tenantId, { id, secretId })
  }
}

/** Standard Webhooks: the prefix, and the bytes in plain base64. */
const textOf = (prefix: 'whsec' | 'whsk', token: string): string =>
  `${prefix}_${token.replaceAll('-', '+').replaceAll('_', '/')}${'='.repeat((4 - (token.length % 4)) % 4)}`

const view = async (
  options: WebhooksOptions,
  tenantId: TenantId,
  id: string,
): Promise<WebhookView | undefined> => {
  const { state, version } = await read(options, tenantId, id)
  return state.kind === 'present' ? { ...state, id, version } : undefined
}

const LIST = 'webhooks'

/** By their ids, which grow with time. A tenant has few, each is read from the log. */
const listWebhooks = async (
  options: WebhooksOptions,
  tenantId: TenantId,
  { limit, place }: Parameters<Webhooks['list']>[1],
): ReturnType<Webhooks['list']> => {
  const after = await idBefore(options, tenantId, place)
  if (after === undefined) return 'bad_cursor'
  const ids = await options.webhookStore.ids(tenantId)
  const views = await Promise.all(ids.map((id) => view(options, tenantId, id)))
  const all = views.filter((each) => each !== undefined)
  const rest = all.filter(({ id }) => id > after)
  const skip = 'page' in place ? (place.page - 1) * limit : 0
  const items = rest.slice(skip, skip + limit)
  const last = items.at(-1)
  const isLast = rest.length <= skip + limit || last === undefined
  const nextCursor = isLast ? null : encodeListCursor(LIST, last.id)
  return { items, totalItems: all.length, nextCursor }
}

/** One that was removed since keeps its place: the log knows it. Undefined for what is not a cursor of this list. */
const idBefore = async (
  options: WebhooksOptions,
  tenantId: TenantId,
  place: ListPlace,
): Promise<string | undefined> => {
  if ('page' in place || place.after === null) return ''
  const id = decodeListCursor(LIST, place.after)
  if (id === undefined) return undefined
  return (await read(options, tenantId, id)).state.kind === 'none' ? undefined : id
}

const sync = async (options: WebhooksOptions, tenantId: TenantId, id: string): Promise<void> => {
  const { state, version } = await read(options, tenantId, id)
  if (state.kind === 'removed') return options.webhookStore.remove(tenantId, id)
  if (state.kind === 'none') return
  const { description: _, ...config } = state.config
  const facts: EndpointFacts = {
    ...config,
    ...{ tenantId, id, version, keeper: await keeperOf(options, tenantId, id) },
    isActive: state.status === 'active',
    secrets: state.secrets.map((secret) => ({ id: secret.id, expiresAt: secret.expiresAt })),
    start: state.start,
  }
  await options.webhookStore.sync(facts, options.clock())
}

/** Who last said where it goes, or that it goes on: for an endpoint of the staff class that has to be somebody. */
const keeperOf = async (
  { eventStore }: WebhooksOptions,
  tenantId: TenantId,
  id: string,
): Promise<string | null> => {
  const stream = { tenantId, category: 'webhook', id }
  const { events } = await eventStore.readStream(stream, { direction: 'backwards' })
  const said = events.find(
    ({ type, data }) =>
      type === 'webhook.registered' ||
      type === 'webhook.updated' ||
      (type === 'webhook.status_changed' && data['status'] === 'active'),
  )
  const actor = said?.metadata.actor
  return actor?.kind === 'user' ? actor.id : null
}

const read = (
  { eventStore }: WebhooksOptions,
  tenantId: TenantId,
  id: string,
): Promise<Readonly<{ state: WebhookState; version: Version }>> =>
  readState<WebhookState, WebhookEvent>(
    eventStore,
    { tenantId, category: 'webhook', id },
    { initial: noWebhook, evolve: evolveWebhook },
  )

type WithoutTime<C> = C extends unknown ? Omit<C, 'occurredAt'> : never

const run = (
  { handler, clock }: WebhooksOptions,
  context: CommandContext,
  id: string,
  command: WithoutTime<WebhookCommand>,
): Promise<CommandResult<WebhookState>> =>
  handler.handle({
    aggregate: webhookAggregate,
    id,
    context,
    command: { ...command, occurredAt: toTimestamp(clock()) },
  })
