// What a request for a stream asks for: with a token or without, by parameters, by a body, or by a
// ticket, which brings its caller and its filter with it.
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { CursorCodec } from '../../core/cursor.ts'
import type { Position } from '../../core/event.ts'
import type { TenantId } from '../../core/ids.ts'
import type { FeedFilter } from '../feed/filter.ts'
import { ProblemError } from '../http/host.ts'
import {
  audienceOf,
  filterOf,
  filterOfQuery,
  filterParameters,
  parseFilterBody,
  parseQuery,
} from './request.ts'
import type { Grant, Ticket, Tickets } from './tickets.ts'

const MAX_TICKET_LENGTH = 100

const querySchema = z.strictObject({
  ...filterParameters,
  last_event_id: z.string().optional(),
  lastEventId: z.string().optional(),
  ticket: z.string().max(MAX_TICKET_LENGTH).optional(),
  checkpoints: z.enum(['id', 'event']).default('id'),
})

export type StreamRequest = Readonly<{
  grant: Grant
  after: string
  checkpoints: 'id' | 'event'
  ticket?: Ticket
}>

export const streamRequestOf = (
  request: FastifyRequest,
  tickets: Tickets,
  cursors: CursorCodec,
): StreamRequest | 'over' => {
  const query = parseQuery(querySchema, request)
  const { checkpoints } = query
  // The header is the browser's own and the newest; the parameters are those of its replacements.
  const resume = firstOf(request.headers['last-event-id'], query.last_event_id, query.lastEventId)
  if (query.ticket !== undefined) {
    refuseBesideTicket(request, query)
    const found = tickets.find(query.ticket, ({ audience }) =>
      positionOf(cursors, audience.tenantId, resume),
    )
    if (found.kind === 'over') return 'over'
    if (found.kind === 'refused') throw badTicket()
    const { grant } = found.ticket
    const after = firstOf(resume, query.after) ?? grant.after
    return { grant, after, checkpoints, ticket: found.ticket }
  }
  const audience = audienceOf(request)
  const hasBody = request.method === 'QUERY' || request.method === 'POST'
  const body: FeedFilter & Readonly<{ after?: string }> = hasBody
    ? parseFilterBody(request.body)
    : {}
  const given = filterOfQuery(query)
  const { after: start, ...named } = body
  const filter = filterOf({ ...given, ...named }, hasBody ? 'validation-error' : 'bad-request')
  const after = firstOf(resume, start, query.after) ?? 'now'
  return { grant: { audience, filter, after }, after, checkpoints }
}

const firstOf = (...given: readonly (string | readonly string[] | undefined)[]) =>
  given.flat().find((each) => each !== undefined && each !== '')

/** A broken one, or one of another tenant, shows nothing. One of an earlier log cannot be known here. */
const positionOf = (
  cursors: CursorCodec,
  tenantId: TenantId,
  cursor: string | undefined,
): Position | undefined => {
  const decoded = cursor === undefined ? undefined : cursors.decode(tenantId, cursor)
  return decoded?.kind === 'position' ? decoded.position : undefined
}

const refuseBesideTicket = (
  { method, headers }: FastifyRequest,
  query: z.output<typeof querySchema>,
): void => {
  const named = (['types', 'subject', 'shelter', 'species'] as const).filter(
    (name) => query[name] !== undefined,
  )
  const others = headers.authorization === undefined ? named : [...named, 'Authorization']
  if (others.length > 0) {
    throw new ProblemError('bad-request', 'A ticket brings its caller and its filter with it.', {
      errors: others.map((field) => beside(field, 'Must not be sent with a ticket')),
    })
  }
  if (method !== 'GET' && method !== 'HEAD') {
    throw new ProblemError('bad-request', 'A ticket is for GET.', {
      errors: [beside('ticket', 'Must not be sent with a body')],
    })
  }
}

const beside = (field: string, message: string) => ({ field, message, code: 'INVALID_VALUE' })

const badTicket = (): ProblemError =>
  new ProblemError(
    'unauthorized',
    'The ticket is unknown, too late or in use: ask for a new one and go on from your last cursor.',
    { headers: { 'www-authenticate': 'Bearer error="invalid_token"' } },
  )
