// Reading webhook endpoints, from the log, and the calls that were made to them.
import type { FastifyInstance } from 'fastify'
import type { z } from 'zod'
import { toTimestamp } from '../../../core/clock.ts'
import type { TenantId } from '../../../core/ids.ts'
import type { EndpointStanding, LoggedAttempt } from '../../../core/webhooks.ts'
import { notFound } from '../command-answer.ts'
import { versionTag } from '../conditional.ts'
import { requireScope } from '../host.ts'
import { linkField } from '../link-field.ts'
import { askedPageOf, badCursor, sendList, surroundingsOf } from '../paging.ts'
import { sendPrivate } from '../private-answer.ts'
import type { RequestTypes } from '../validation.ts'
import { only } from './access.ts'
import { webhookDocs } from './docs.ts'
import type { WebhookRouteOptions } from './options.ts'
import {
  deliveriesQuery,
  deliveriesSchema,
  idParams,
  keysParams,
  keysSchema,
  listQuery,
  listSchema,
  noQuery,
  tags,
  webhookSchema,
} from './schema.ts'
import { jwksPath, webhookJson } from './view.ts'

const SCOPE = 'read:webhooks'
const DEAD_LETTERS_SHOWN = 50

export const readRoutes = (app: FastifyInstance, options: WebhookRouteOptions): void => {
  const routes = app.withTypeProvider<RequestTypes>()
  const { webhooks } = options.application
  const shared = { compress: false, onRequest: only(SCOPE) } as const

  routes.get(
    '/v1/webhooks',
    {
      ...shared,
      config: { isJson: true, doc: webhookDocs.list },
      schema: {
        operationId: 'listWebhooks',
        tags,
        querystring: listQuery,
        response: { 200: listSchema },
      },
    },
    async (request, reply) => {
      const { tenantId } = requireScope(request, SCOPE)
      return sendList(request, reply, {
        tenantId,
        eventCursor: options.cursors.encode(tenantId, await options.eventStore.head()),
        base: `${options.settings.publicUrl}/v1/webhooks`,
        paging: request.query,
        load: (asked) => webhooks.list(tenantId, asked),
        view: (view) => webhookJson(tenantId, view.id, view),
      })
    },
  )

  routes.get(
    '/v1/webhooks/:id',
    {
      ...shared,
      config: { isJson: true, doc: webhookDocs.get },
      schema: {
        operationId: 'getWebhook',
        tags,
        params: idParams,
        querystring: noQuery,
        response: { 200: webhookSchema },
      },
    },
    async (request, reply) => {
      const { tenantId } = requireScope(request, SCOPE)
      const eventCursor = options.cursors.encode(tenantId, await options.eventStore.head())
      const view = await webhooks.get(tenantId, request.params.id)
      if (view === undefined) throw notFound('webhook endpoint')
      const json = JSON.stringify(webhookJson(tenantId, view.id, view))
      return sendPrivate(request, reply, {
        ...{ tenantId, json, eventCursor, tag: versionTag(view.version) },
      })
    },
  )
  deliveriesRoute(app, options)
  keysRoute(app, options)
}

const deliveriesRoute = (app: FastifyInstance, options: WebhookRouteOptions): void => {
  const { webhookStore: store, settings } = options
  const { webhooks } = options.application
  app.withTypeProvider<RequestTypes>().get(
    '/v1/webhooks/:id/deliveries',
    {
      compress: false,
      onRequest: only(SCOPE),
      config: { isJson: true, doc: webhookDocs.deliveries },
      schema: {
        operationId: 'listWebhookDeliveries',
        tags,
        params: idParams,
        querystring: deliveriesQuery,
        response: { 200: deliveriesSchema },
      },
    },
    async (request, reply) => {
      const { tenantId } = requireScope(request, SCOPE)
      const { id } = request.params
      const { before, eventId, ...paging } = request.query
      const asked = askedPageOf(paging)
      const standing = await store.standing(tenantId, id)
      if (standing === undefined) throw notFound('webhook endpoint')
      const { limit } = asked
      const place = before === undefined ? asked.place : { before }
      const page = await webhooks.attempts(tenantId, { webhookId: id, eventId, limit, place })
      if (page === 'bad_cursor') throw badCursor()
      const dead = await store.deadLetters(tenantId, id, DEAD_LETTERS_SHOWN)
      const base = `${settings.publicUrl}/v1/webhooks/${id}/deliveries`
      const next = page.nextCursor === null ? undefined : page.items.at(-1)?.id
      const { pagination, headers } = surroundingsOf({ base, filters: { eventId } }, asked, page)
      reply.headers({
        'cache-control': 'no-store',
        ...(before === undefined ? headers : olderLink(base, { before: next, limit, eventId })),
      })
      return reply.send({
        data: page.items.map(attemptJson),
        pagination,
        next,
        standing: standingJson(options, tenantId, standing),
        deadLetters: dead.map(({ position: _, ...letter }) => letter),
      })
    },
  )
}

type Asked = Pick<z.output<typeof deliveriesQuery>, 'before' | 'eventId'>

/** Who goes on by `before` gets to the next page by it. */
const olderLink = (
  base: string,
  { before, limit, eventId }: Asked & Readonly<{ limit: number }>,
): Readonly<{ link?: string }> => {
  if (before === undefined) return {}
  const event = eventId === undefined ? {} : { eventId }
  const parameters = new URLSearchParams({ ...event, before: String(before), limit: String(limit) })
  return linkField({ next: `${base}?${parameters.toString()}` })
}

/** For receivers, who have no token. It says nothing but what every request of the endpoint shows. */
const keysRoute = (app: FastifyInstance, { deliveries }: WebhookRouteOptions): void => {
  app.withTypeProvider<RequestTypes>().get(
    jwksPath(':tenantId', ':id'),
    {
      compress: false,
      config: { isJson: true, doc: webhookDocs.keys },
      schema: {
        operationId: 'getWebhookKeys',
        tags,
        params: keysParams,
        querystring: noQuery,
        response: { 200: keysSchema },
      },
    },
    async (request, reply) => {
      const { tenantId, id } = request.params
      const keys = await deliveries.publicKeys(tenantId, id)
      if (keys === undefined) throw notFound('webhook endpoint with public keys')
      reply.header('cache-control', 'public, max-age=300')
      return reply.send({ keys: [...keys] })
    },
  )
}

const attemptJson = ({ position: _, status, nextAttemptAt, ...attempt }: LoggedAttempt) => ({
  ...attempt,
  status: status ?? undefined,
  nextAttemptAt: nextAttemptAt ?? undefined,
})

const timeJson = (ms: number | null): string | undefined =>
  ms === null ? undefined : toTimestamp(ms)

const standingJson = (
  { cursors }: WebhookRouteOptions,
  tenantId: TenantId,
  { position, health, blocked, deadLetters, replays }: EndpointStanding,
) => {
  const { openUntilMs, failingSinceMs, lastSuccessAtMs } = health
  const bad = openUntilMs === null ? 'failing' : 'held_back'
  return {
    cursor: cursors.encode(tenantId, position),
    health: failingSinceMs === null && openUntilMs === null ? 'good' : bad,
    failingSince: timeJson(failingSinceMs),
    heldBackUntil: timeJson(openUntilMs),
    lastSuccessAt: timeJson(lastSuccessAtMs),
    blockedStreams: blocked,
    deadLetters,
    replays: replays.length,
  }
}
