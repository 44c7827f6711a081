// What is done with an endpoint beside changing it: pause, resume, a new secret, a test, a replay.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { z } from 'zod'
import type { WebhookResult, WithSecret } from '../../../application.ts'
import type { CommandContext } from '../../../core/command.ts'
import type { TenantId } from '../../../core/ids.ts'
import type { ReplayRequest } from '../../../core/webhooks.ts'
import { contextOf, doneOrThrow, notFound, type Writer } from '../command-answer.ts'
import { underIfMatch, versionTag } from '../conditional.ts'
import { requireScope } from '../host.ts'
import type { IdempotentRunner } from '../idempotency.ts'
import { ProblemError } from '../problem.ts'
import type { RouteDoc } from '../route-doc.ts'
import type { RequestTypes } from '../validation.ts'
import { mayHave, only, seesStaffEvents } from './access.ts'
import { webhookDocs } from './docs.ts'
import type { WebhookRouteOptions } from './options.ts'
import {
  DEFAULT_OVERLAP,
  idParams,
  noQuery,
  reasonBody,
  type ReplayBody,
  replayBody,
  replaySchema,
  resumeBody,
  rotateBody,
  tags,
  testSchema,
  webhookSchema,
  withSecretSchema,
} from './schema.ts'
import { fieldProblem, positionOf, sendWebhook } from './view.ts'

const SCOPE = 'write:webhooks'
const HOUR_MS = 3_600_000
const shared = { compress: false, onRequest: only(SCOPE) } as const

type Step<Body extends z.ZodType> = Readonly<{
  name: string
  operationId: string
  doc: RouteDoc
  body: Body
  answer: z.ZodType
  /** Throws when this writer may not; answers the version that was judged, when no other will do. */
  check?: (writer: Writer, id: string) => Promise<string | undefined>
  run: (
    context: CommandContext,
    id: string,
    body: z.output<Body>,
  ) => Promise<WebhookResult & WithSecret>
}>

export const stepRoutes = (
  app: FastifyInstance,
  options: WebhookRouteOptions,
  idempotently: IdempotentRunner,
): void => {
  const { webhooks } = options.application
  const add = stepAdder(app, options, idempotently)
  add({
    name: 'pause',
    operationId: 'pauseWebhook',
    doc: webhookDocs.pause,
    body: reasonBody,
    answer: webhookSchema,
    run: (context, id, body) => webhooks.pause(context, id, { reason: body?.reason ?? null }),
  })
  add({
    name: 'resume',
    operationId: 'resumeWebhook',
    doc: webhookDocs.resume,
    body: resumeBody,
    answer: webhookSchema,
    // Who resumes it answers for where it goes: of the staff class, who may see what goes there.
    check: async (writer, id) => {
      if (seesStaffEvents(writer)) return undefined
      const view = await webhooks.get(writer.tenantId, id)
      if (view === undefined) throw notFound('webhook endpoint')
      mayHave(writer, view.config.visibility)
      return versionTag(view.version)
    },
    run: async (context, id, body) => {
      const text = body?.after
      const after =
        text === undefined
          ? null
          : await positionOf(options, context.tenantId, { field: 'after', text })
      return webhooks.resume(context, id, { reason: body?.reason ?? null, after })
    },
  })
  add({
    name: 'rotate-secret',
    operationId: 'rotateWebhookSecret',
    doc: webhookDocs.rotateSecret,
    body: rotateBody,
    answer: withSecretSchema,
    run: (context, id, body) =>
      webhooks.rotateSecret(context, id, {
        overlapMs: (body?.overlapHours ?? DEFAULT_OVERLAP) * HOUR_MS,
      }),
  })
  testRoute(app, options)
  replayRoute(app, options)
}

const stepAdder =
  (app: FastifyInstance, options: WebhookRouteOptions, idempotently: IdempotentRunner) =>
  <Body extends z.ZodType>({
    name,
    operationId,
    doc,
    body,
    answer,
    check,
    run,
  }: Step<Body>): void => {
    const perform = async (
      request: FastifyRequest,
      reply: FastifyReply,
      { id, writer }: Readonly<{ id: string; writer: Writer }>,
    ): Promise<FastifyReply> => {
      const given = request.body as z.output<Body>
      const seen = await check?.(writer, id)
      let secret: string | undefined
      const result = await idempotently({ request, ...writer, content: given }, (idempotency) =>
        underIfMatch(request.headers['if-match'] ?? seen, async (expectedVersion) => {
          const done = await run(
            contextOf(request, writer, { expectedVersion, idempotency }),
            id,
            given,
          )
          secret = done.secret
          return done
        }),
      )
      const done = doneOrThrow(result, 'webhook endpoint')
      return sendWebhook(options, reply, { tenantId: writer.tenantId, done, secret })
    }
    app.withTypeProvider<RequestTypes>().post(
      `/v1/webhooks/:id/${name}`,
      {
        ...shared,
        config: { isJson: true, doc },
        preValidation: missingBodyIsNone,
        schema: {
          operationId,
          tags,
          params: idParams,
          querystring: noQuery,
          body,
          response: { 200: answer },
        },
      },
      (request, reply) => {
        const writer = requireScope(request, SCOPE)
        return perform(request, reply, { id: request.params.id, writer })
      },
    )
  }

const missingBodyIsNone = (request: FastifyRequest, _reply: FastifyReply, done: () => void) => {
  request.body ??= {}
  done()
}

const testRoute = (app: FastifyInstance, { deliveries }: WebhookRouteOptions): void => {
  app.withTypeProvider<RequestTypes>().post(
    '/v1/webhooks/:id/test',
    {
      ...shared,
      config: { isJson: true, doc: webhookDocs.test },
      schema: {
        operationId: 'testWebhook',
        tags,
        params: idParams,
        querystring: noQuery,
        response: { 200: testSchema },
      },
    },
    async (request, reply) => {
      const { tenantId } = requireScope(request, SCOPE)
      const result = await deliveries.test(tenantId, request.params.id)
      if (result === undefined) throw notFound('webhook endpoint')
      const { isDelivered: delivered, status, ...rest } = result
      reply.header('cache-control', 'no-store')
      return reply.send({ delivered, status: status ?? undefined, ...rest })
    },
  )
}

const replayRoute = (app: FastifyInstance, options: WebhookRouteOptions): void => {
  app.withTypeProvider<RequestTypes>().post(
    '/v1/webhooks/:id/replay',
    {
      ...shared,
      config: { isJson: true, doc: webhookDocs.replay },
      schema: {
        operationId: 'replayWebhook',
        tags,
        params: idParams,
        querystring: noQuery,
        body: replayBody,
        response: { 200: replaySchema, 202: replaySchema },
      },
    },
    async (request, reply) => {
      const { tenantId } = requireScope(request, SCOPE)
      const asked = await replayOf(options, tenantId, request.body)
      const outcome = await options.deliveries.replay(tenantId, request.params.id, asked)
      if (outcome === undefined) throw notFound('webhook endpoint')
      reply.header('cache-control', 'no-store')
      switch (outcome.kind) {
        case 'counted':
          return reply.send({ events: outcome.events, complete: outcome.isWhole })
        case 'started': {
          const { events, isWhole: complete, replayId } = outcome
          return reply.code(202).send({ events, complete, replayId })
        }
        case 'unknown_event':
          throw fieldProblem('eventId', 'Is not an event of this tenant that can be found')
        case 'bad_types':
          throw fieldProblem('types', 'Must be patterns such as pet.*')
        case 'bad_subjects':
          throw fieldProblem(
            'subjects',
            'Must be subjects such as pets/<id>, or patterns such as pets/*',
          )
        case 'too_many':
          throw new ProblemError('conflict', 'Too many replays to this endpoint are under way.')
      }
    },
  )
}

const replayOf = async (
  options: WebhookRouteOptions,
  tenantId: TenantId,
  body: ReplayBody,
): Promise<ReplayRequest> => {
  const narrowed = {
    types: body.types ?? null,
    subjects: body.subjects ?? null,
    isDryRun: body.dryRun === true,
  }
  const { eventId, from, to, after = 'earliest', upTo = 'now' } = body
  if (eventId !== undefined) return { what: { kind: 'event', eventId }, ...narrowed }
  if (from !== undefined) return { what: { kind: 'time', from, to }, ...narrowed }
  const range = {
    after: await positionOf(options, tenantId, { field: 'after', text: after }),
    upTo: await positionOf(options, tenantId, { field: 'upTo', text: upTo }),
  }
  if (range.after > range.upTo) throw fieldProblem('after', 'Must not be after upTo')
  return { what: { kind: 'range', ...range }, ...narrowed }
}
