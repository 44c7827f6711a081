// Who did what to a pet and why: its events with what each of them changed and says.
// For auditors; removed pets keep theirs.
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { HistoryEntry } from '../../../application.ts'
import { notFound } from '../command-answer.ts'
import { DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE, petIdParams, queryInteger } from '../fields.ts'
import { requireScope } from '../host.ts'
import type { RouteParts } from '../options.ts'
import { petDocs } from './docs.ts'
import { petHistorySchema } from './schema.ts'
import { petPath } from './single.ts'
import type { RequestTypes } from '../validation.ts'

const historyQuery = z.strictObject({
  after: queryInteger(0, 1_000_000_000).optional(), // a version; its events come later
  limit: queryInteger(1, MAX_PAGE_SIZE).optional(),
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
      const { after = 0, limit = DEFAULT_PAGE_SIZE } = request.query
      const { id } = request.params
      const eventCursor = parts.eventCursors.ofReadModel(tenantId)
      const page = await parts.application.pets.history(tenantId, id, { after, limit })
      if (page === undefined) throw notFound('pet')
      const nextAfter = page.hasMore ? (page.entries.at(-1)?.event.version ?? null) : null
      reply.headers({ 'cache-control': 'private, no-store', 'event-cursor': eventCursor })
      if (nextAfter !== null) {
        const next = `${parts.settings.publicUrl}${petPath(id)}/history?after=${nextAfter}&limit=${limit}`
        reply.header('link', `<${next}>; rel="next"`)
      }
      return reply.send({
        data: page.entries.map(publicEntry),
        pagination: { limit, version: page.version, nextAfter },
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
