// POST /v1/events/tickets: a ticket for the stream's URL, where the caller's browser can send no
// header.
import type { FastifyReply, FastifyRequest } from 'fastify'
import { toTimestamp } from '../../core/clock.ts'
import { RETRY_AFTER_MS } from '../feed/limits.ts'
import { requireCaller } from '../http/host.ts'
import {
  audienceOf,
  filterOf,
  parseFilterBody,
  refuseParameters,
  refusalProblem,
  startOf,
} from './request.ts'
import type { EventRouteOptions } from './settings.ts'
import type { Tickets } from './tickets.ts'

export const ticketHandler =
  ({ feed, cursors }: EventRouteOptions, tickets: Tickets, streamPath: string) =>
  async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    requireCaller(request)
    refuseParameters(request)
    const audience = audienceOf(request)
    const { after = 'now', ...wanted } = parseFilterBody(request.body)
    const filter = filterOf(wanted, 'validation-error')
    // A cursor that is none is refused here, where somebody can read why.
    startOf(after, { cursors, tenantId: audience.tenantId, head: feed.head() })
    const issued = tickets.issue({ audience, filter, after })
    if (issued.kind === 'refused') {
      throw refusalProblem(issued.reason, RETRY_AFTER_MS[issued.reason], 'tickets')
    }
    const { ticket } = issued
    const url = `${streamPath}?ticket=${ticket}`
    return reply
      .code(201)
      .headers({ 'cache-control': 'no-store', location: url })
      .send({ ticket, url, expiresAt: toTimestamp(issued.expiresAtMs) })
  }
