// Who did what to a pet and why: its events with what each of them changed and says.
// For auditors; removed pets keep theirs.
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { HistoryEntry } from '../../../application.ts'
import { notFound } from '../command-answer.ts'
import { petIdParams, queryInteger } from '../fields.ts'
import { requireScope } from '../host.ts'
import type { RouteParts } from '../options.ts'
import {
  askedPageOf,
  badCursor,
  clash,
  listParameters,
  notBoth,
  surroundingsOf,
} from '../paging.ts'
import { petDocs } from './docs.ts'
import { petHistorySchema } from './schema.ts'
import { petPath } from './single.ts'
import type { RequestTypes } from '../validation.ts'

const historyQuery = z
  .strictObject({
    after: queryInteger(0, 1_000_000_000).optional(), // a version; its events come later
    ...listParameters,
  })
  .refine(notBoth, clash)
  .refine(({ after, page, cursor }) => after === undefined || (page ?? cursor) === undefined, {
    path: ['after'],
    error: 'Cannot be combined with page or cursor',
    params: { code: 'INVALID_VALUE' },
  })

export const historyRoute = (app: FastifyInstance, parts: RouteParts): void => {
  app.withTypeProvider<RequestTypes>().get(
    '/v1/pets/:id/history',
    {
      config: { isJson: true, doc: petDocs.history },
      schema: {
        operationId: 'getPetHistory',
        tags: ['pets'],
        params: petIdParams,
        querystring: historyQuery,
        response: { 200: petHistorySchema },
      },
      preHandler: parts.eventCursors.waitForCursor,
    },
    async (request, reply) => {
      const { tenantId } = requireScope(request, 'read:audit')
      const { after, ...paging } = request.query
      const { id } = request.params
      const asked = askedPageOf(paging)
      const { limit } = asked
      const place = after === undefined ? asked.place : { version: after }
      const eventCursor = parts.eventCursors.ofReadModel(tenantId)
      const page = await parts.application.pets.history(tenantId, id, { limit, place })
      if (page === undefined) throw notFound('pet')
      if (page === 'bad_cursor') throw badCursor()
      const base = `${parts.settings.publicUrl}${petPath(id)}/history`
      const { pagination, headers } = surroundingsOf({ base }, asked, page)
      const isLast = page.nextCursor === null
      const nextAfter = isLast ? null : (page.items.at(-1)?.event.version ?? null)
      const next = `<${base}?after=${String(nextAfter)}&limit=${limit}>; rel="next"`
      reply.headers({
        'cache-control': 'private, no-store',
        'event-cursor': eventCursor,
        ...(after === undefined ? headers : nextAfter === null ? {} : { link: next }),
      })
      return reply.send({
        data: page.items.map(publicEntry),
        pagination: { ...pagination, version: page.version, nextAfter },
      })
    },
  )
}

const publicEntry = ({ event, changes, details }: HistoryEntry) => ({
  eventId: event.eventId,
  type: event.type,
  version: event.version,
  occurredAt: event.occurredAt,
  recordedAt: event.recordedAt,
  actor: event.metadata.actor,
  correlationId: event.metadata.correlationId,
  causationId: event.metadata.causationId,
  changes,
  details,
})
