// GET, QUERY and POST /v1/events/stream: the feed as Server-Sent Events. The response is taken over
// from the framework, with every header that its hooks have set.
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { toTimestamp } from '../../core/clock.ts'
import type { FeedFilter } from '../feed/filter.ts'
import { namedEvent, retryBlock } from './framing.ts'
import {
  type Audience,
  audienceOf,
  filterOf,
  filterParameters,
  parseFilterBody,
  parseQuery,
  refusalProblem,
  startOf,
} from './request.ts'
import type { EventRouteOptions, SseSettings } from './settings.ts'
import { createSseSink } from './sink.ts'

const querySchema = z.strictObject({
  ...filterParameters,
  last_event_id: z.string().optional(),
  lastEventId: z.string().optional(),
  checkpoints: z.enum(['id', 'event']).default('id'),
})

const STREAM_HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
  'accept-query': 'application/json',
} as const

const RETRY_MIN_MS = 1_000
const RETRY_SPREAD_MS = 3_000
const LIFETIME_SPREAD = 0.2
const KEEP_ALIVE_MS = 30_000
const SNAPSHOT_PATH = '/v1/pets'

type StreamRequest = Readonly<{
  audience: Audience
  filter: ReturnType<typeof filterOf>
  after: string
  checkpoints: 'id' | 'event'
}>

export const streamHandler =
  (options: EventRouteOptions, settings: SseSettings) =>
  async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const wanted = streamRequestOf(request)
    const { tenantId } = wanted.audience
    const { feed, cursors } = options
    const head = feed.head()
    const start = startOf(wanted.after, { cursors, tenantId, head })
    // After a gap it goes on from here, and the client fetches what it shows anew: nothing is
    // replayed in part.
    const position = start.kind === 'from' ? start.position : head
    const resumedFrom = start.kind === 'from' ? start.word : cursors.encode(tenantId, head)
    if (request.method === 'HEAD') {
      return reply.headers({ ...STREAM_HEADERS, 'event-resumed-from': resumedFrom }).send()
    }
    const retryMs = RETRY_MIN_MS + Math.floor(options.random() * RETRY_SPREAD_MS)
    const lifetime = lifetimeOf(wanted.audience, options, settings)
    const response = reply.raw
    const { closeGraceMs, maxBufferedBytes } = settings
    const { checkpoints } = wanted
    const outcome = feed.subscribe({
      tenantId,
      visibility: wanted.audience.visibility,
      filter: wanted.filter,
      after: position,
      sink: createSseSink({ response, checkpoints, maxBufferedBytes, closeGraceMs, retryMs }),
      transport: 'sse',
      principal: wanted.audience.limitKey,
      lifetime,
    })
    if (outcome.kind === 'refused') throw refusalProblem(outcome.reason, outcome.retryAfterMs)
    // The feed writes nothing in this turn: the opening lines come first.
    open(request, reply, resumedFrom)
    response.write(retryBlock(retryMs))
    const opening = {
      head: cursors.encode(tenantId, head),
      resumedFrom,
      heartbeatMs: settings.heartbeatMs,
      expiresAt: toTimestamp(options.clock() + lifetime.ms),
      delivered: 0,
    }
    // With an id, so that a client which loses the connection before its first event comes back to
    // this place.
    const id = cursors.encode(tenantId, position)
    response.write(namedEvent('ready', opening, id))
    if (start.kind === 'gap') {
      const gap = {
        reason: 'other_epoch',
        resumedFrom,
        earliest: 'earliest',
        snapshot: SNAPSHOT_PATH,
      }
      response.write(namedEvent('gap', gap, id))
    }
    const leave = () => {
      outcome.subscription.close('cancelled')
    }
    response.once('close', leave)
    // The client may have gone while its token was checked; `close` was told then.
    if (response.destroyed || request.raw.socket.destroyed) leave()
    return reply
  }

const open = (request: FastifyRequest, reply: FastifyReply, resumedFrom: string): void => {
  reply.hijack()
  request.raw.socket.setKeepAlive(true, KEEP_ALIVE_MS)
  request.raw.socket.setNoDelay(true)
  const headers = { ...reply.getHeaders(), ...STREAM_HEADERS, 'event-resumed-from': resumedFrom }
  const present = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  )
  reply.raw.writeHead(200, Object.fromEntries(present))
}

/** The header is the browser's own and the newest; the parameters are those of its replacements. */
const streamRequestOf = (request: FastifyRequest): StreamRequest => {
  const audience = audienceOf(request)
  const query = parseQuery(querySchema, request)
  const hasBody = request.method === 'QUERY' || request.method === 'POST'
  const body: FeedFilter & Readonly<{ after?: string }> = hasBody
    ? parseFilterBody(request.body)
    : {}
  const header = request.headers['last-event-id']
  const resume = [header, query.last_event_id, query.lastEventId, body.after, query.after]
    .flat()
    .find((each) => each !== undefined && each !== '')
  const filter = filterOf(
    { types: body.types ?? query.types ?? [], subjects: body.subjects ?? query.subject ?? [] },
    hasBody ? 'validation-error' : 'bad-request',
  )
  return { audience, filter, after: resume ?? 'now', checkpoints: query.checkpoints }
}

const lifetimeOf = (
  { principal }: Audience,
  { clock, random }: EventRouteOptions,
  settings: SseSettings,
) => {
  // Spread, so that streams which began together do not all come back together.
  const spread = 1 + LIFETIME_SPREAD * (2 * random() - 1)
  const ms = settings.lifetimeMs * spread
  const tokenMs = principal === null ? Infinity : Math.max(0, principal.expiresAtMs - clock())
  return tokenMs < ms
    ? ({ ms: tokenMs, reason: 'token_expired' } as const)
    : ({ ms, reason: 'lifetime' } as const)
}
