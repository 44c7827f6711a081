// A webhook endpoint is registered, changed and removed.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Partially } from '../../../application.ts'
import type { WebhookConfig } from '../../../events/webhook.ts'
import { contextOf, doneOrThrow, notFound } from '../command-answer.ts'
import { underIfMatch, versionTag } from '../conditional.ts'
import { requireScope } from '../host.ts'
import type { IdempotentRunner } from '../idempotency.ts'
import type { RequestTypes } from '../validation.ts'
import { checkConfig, mayHave, only, seesStaffEvents } from './access.ts'
import { webhookDocs } from './docs.ts'
import type { WebhookRouteOptions } from './options.ts'
import {
  idParams,
  noQuery,
  patchBody,
  registerBody,
  removeQuery,
  replaceBody,
  tags,
  webhookSchema,
  withSecretSchema,
} from './schema.ts'
import { configOf, positionOf, sendWebhook } from './view.ts'

const SCOPE = 'write:webhooks'
const shared = { compress: false, onRequest: only(SCOPE) } as const

export const writeRoutes = (
  app: FastifyInstance,
  options: WebhookRouteOptions,
  idempotently: IdempotentRunner,
): void => {
  registerRoute(app, options, idempotently)
  changeRoutes(app, options)
  removeRoute(app, options)
}

const registerRoute = (
  app: FastifyInstance,
  options: WebhookRouteOptions,
  idempotently: IdempotentRunner,
): void => {
  app.withTypeProvider<RequestTypes>().post(
    '/v1/webhooks',
    {
      ...shared,
      config: { isJson: true, doc: webhookDocs.register },
      schema: {
        operationId: 'createWebhook',
        tags,
        querystring: noQuery,
        body: registerBody,
        response: { 201: withSecretSchema },
      },
    },
    async (request, reply) => {
      const writer = requireScope(request, SCOPE)
      const { tenantId } = writer
      const config = configOf(request.body)
      mayHave(writer, config.visibility)
      await checkConfig(options, config)
      const { after: text } = request.body
      const after =
        text === undefined
          ? undefined
          : await positionOf(options, tenantId, { field: 'after', text })
      const call = { request, ...writer, content: request.body }
      const result = await idempotently(call, (idempotency) =>
        options.application.webhooks.register(contextOf(request, writer, { idempotency }), {
          config,
          after,
        }),
      )
      const done = doneOrThrow(result, 'webhook endpoint')
      reply.code(201).header('location', `/v1/webhooks/${done.id}`)
      return sendWebhook(options, reply, { tenantId, done, secret: result.secret })
    },
  )
}

type Change = Readonly<{ id: string; changes: Partially<WebhookConfig> }>

const changeRoutes = (app: FastifyInstance, options: WebhookRouteOptions): void => {
  const routes = app.withTypeProvider<RequestTypes>()
  const { webhooks } = options.application
  const changed = { tags, params: idParams, querystring: noQuery, response: { 200: webhookSchema } }
  const update = async (
    request: FastifyRequest,
    reply: FastifyReply,
    { id, changes }: Change,
  ): Promise<FastifyReply> => {
    const writer = requireScope(request, SCOPE)
    const { tenantId } = writer
    const before = await webhooks.get(tenantId, id)
    if (before === undefined) throw notFound('webhook endpoint')
    const { url, events, visibility } = before.config
    const after = {
      url: changes.url ?? url,
      events: changes.events ?? events,
      visibility: changes.visibility ?? visibility,
    }
    mayHave(writer, visibility)
    mayHave(writer, after.visibility)
    await checkConfig(options, after)
    // Who may not see the staff class changes what was just seen to be public, and nothing newer.
    const seen = seesStaffEvents(writer) ? undefined : versionTag(before.version)
    const result = await underIfMatch(request.headers['if-match'] ?? seen, (expectedVersion) =>
      webhooks.update(contextOf(request, writer, { expectedVersion }), id, changes),
    )
    return sendWebhook(options, reply, { tenantId, done: doneOrThrow(result, 'webhook endpoint') })
  }

  routes.put(
    '/v1/webhooks/:id',
    {
      ...shared,
      config: { isJson: true, doc: webhookDocs.replace },
      schema: { ...changed, operationId: 'updateWebhook', body: replaceBody },
    },
    (request, reply) =>
      update(request, reply, { id: request.params.id, changes: configOf(request.body) }),
  )
  routes.patch(
    '/v1/webhooks/:id',
    {
      ...shared,
      config: {
        isJson: true,
        acceptPatch: 'application/merge-patch+json, application/json',
        doc: webhookDocs.patch,
      },
      schema: { ...changed, operationId: 'patchWebhook', body: patchBody },
    },
    (request, reply) => {
      const { url, events, description, format, mode, visibility, subjects } = request.body
      const { maxInFlight, asymmetric } = request.body
      const changes = {
        ...{ url, events, description, format, mode, visibility, subjects, maxInFlight },
        asymmetric,
      }
      return update(request, reply, { id: request.params.id, changes })
    },
  )
}

const removeRoute = (app: FastifyInstance, options: WebhookRouteOptions): void => {
  app.withTypeProvider<RequestTypes>().delete(
    '/v1/webhooks/:id',
    {
      onRequest: only(SCOPE),
      config: { isJson: true, doc: webhookDocs.remove },
      schema: { operationId: 'deleteWebhook', tags, params: idParams, querystring: removeQuery },
    },
    async (request, reply) => {
      const writer = requireScope(request, SCOPE)
      const reason = request.query.reason ?? null
      const result = await underIfMatch(request.headers['if-match'], (expectedVersion) =>
        options.application.webhooks.remove(
          contextOf(request, writer, { expectedVersion }),
          request.params.id,
          { reason },
        ),
      )
      const { position } = doneOrThrow(result, 'webhook endpoint')
      reply.header('event-cursor', options.cursors.encode(writer.tenantId, position))
      return reply.code(204).send()
    },
  )
}
