// A webhook endpoint as it is answered, and what its places in the log mean.
import type { FastifyReply } from 'fastify'
import type { WebhookView } from '../../../application.ts'
import type { Position } from '../../../core/event.ts'
import { SHARED_TENANT, type TenantId } from '../../../core/ids.ts'
import { DEFAULT_IN_FLIGHT } from '../../../core/webhooks.ts'
import type { WebhookConfig } from '../../../events/webhook.ts'
import { JSON_TYPE } from '../answer.ts'
import type { Done } from '../command-answer.ts'
import { versionTag } from '../conditional.ts'
import { ProblemError } from '../problem.ts'
import type { WebhookRouteOptions } from './options.ts'

type State = Omit<WebhookView, 'id' | 'version'>

export const webhookJson = (tenantId: TenantId, id: string, state: State) => ({
  id,
  ...state.config,
  description: state.config.description ?? undefined,
  subjects: state.config.subjects ?? undefined,
  status: state.status,
  statusReason: state.reason ?? undefined,
  secrets: state.secrets.map((secret) => ({
    ...secret,
    expiresAt: secret.expiresAt ?? undefined,
  })),
  jwksUrl: state.config.asymmetric ? jwksPath(tenantId, id) : undefined,
  tenantId: tenantId === SHARED_TENANT ? undefined : tenantId,
  createdAt: state.createdAt,
  updatedAt: state.updatedAt,
})

/** Where receivers find the public keys of an endpoint. */
export const jwksPath = (tenantId: string, id: string): string =>
  `/.well-known/webhooks/${tenantId}/${id}/jwks.json`

type Sent = Readonly<{ tenantId: TenantId; done: Done<State>; secret?: string | undefined }>

export const sendWebhook = (
  { cursors }: WebhookRouteOptions,
  reply: FastifyReply,
  { tenantId, done, secret }: Sent,
): FastifyReply => {
  reply.headers({
    'content-type': JSON_TYPE,
    'cache-control': 'no-store',
    etag: versionTag(done.version),
    'event-cursor': cursors.encode(tenantId, done.position),
  })
  if (done.replayed) reply.header('idempotent-replayed', 'true')
  return reply.send({ ...webhookJson(tenantId, done.id, done.state), secret })
}

type Given = Readonly<{
  url: string
  events: readonly string[]
  description?: string | null | undefined
  format?: WebhookConfig['format'] | undefined
  mode?: WebhookConfig['mode'] | undefined
  visibility?: WebhookConfig['visibility'] | undefined
  subjects?: WebhookConfig['subjects'] | undefined
  maxInFlight?: number | undefined
  asymmetric?: boolean | undefined
}>

export const configOf = (body: Given): WebhookConfig => ({
  url: body.url,
  events: [...body.events],
  description: body.description ?? null,
  format: body.format ?? 'cloudevents',
  mode: body.mode ?? 'parallel',
  visibility: body.visibility ?? 'public',
  subjects: body.subjects ?? null,
  maxInFlight: body.maxInFlight ?? DEFAULT_IN_FLIGHT,
  asymmetric: body.asymmetric ?? false,
})

/** The position that a cursor or one of its words stands for. */
export const positionOf = async (
  { cursors, eventStore }: WebhookRouteOptions,
  tenantId: TenantId,
  { field, text }: Readonly<{ field: string; text: string }>,
): Promise<Position> => {
  if (text === 'earliest') return 0
  if (text === 'now') return eventStore.head()
  const decoded = cursors.decode(tenantId, text)
  if (decoded.kind === 'position') return decoded.position
  throw fieldProblem(
    field,
    decoded.kind === 'other_epoch'
      ? 'Is a cursor from before this log was restored'
      : 'Must be a cursor of this tenant, earliest or now',
  )
}

export const fieldProblem = (field: string, message: string): ProblemError =>
  new ProblemError('validation-error', 'The request body contains validation errors', {
    errors: [{ field, message, code: 'INVALID_VALUE' }],
  })
