// GET, QUERY and POST /v1/events/stream: the feed as Server-Sent Events. The head of the answer is sent
// with every header that the framework's hooks have set; then its connection leaves HTTP.
import type { Socket } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { toTimestamp } from '../../core/clock.ts'
import type { Position } from '../../core/event.ts'
import type { SubscriptionRequest } from '../feed/types.ts'
import { hasTurn, takeOver } from '../http/host.ts'
import { namedEvent, retryBlock } from './framing.ts'
import { type Audience, refusalProblem, startOf } from './request.ts'
import type { EventRouteOptions, SseSettings } from './settings.ts'
import { SSE_SINK, type SseStream, write } from './sink.ts'
import { type StreamRequest, streamRequestOf } from './stream-request.ts'
import type { Tickets } from './tickets.ts'

const TRANSPORT = 'sse' // in metrics
const STREAM_HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
  connection: 'close', // a stream is the last that is said on it
  'accept-query': 'application/json',
} as const

const RETRY_MIN_MS = 1_000
const RETRY_SPREAD_MS = 3_000
const LIFETIME_SPREAD = 0.2
const KEEP_ALIVE_MS = 30_000
const SNAPSHOT_PATH = '/v1/pets'

export const streamHandler =
  (options: EventRouteOptions, settings: SseSettings, tickets: Tickets) =>
  async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { feed, cursors } = options
    const wanted = streamRequestOf(request, tickets, cursors)
    if (wanted === 'over') return reply.code(204).header('cache-control', 'no-store').send()
    const { tenantId } = wanted.grant.audience
    const head = feed.head()
    const start = startOf(wanted.after, { cursors, tenantId, head })
    // After a gap it goes on from here, and the client fetches what it shows anew: nothing is
    // replayed in part.
    const position = start.kind === 'from' ? start.position : head
    const resumedFrom = start.kind === 'from' ? start.word : cursors.encode(tenantId, head)
    if (request.method === 'HEAD') {
      return reply.headers({ ...STREAM_HEADERS, 'event-resumed-from': resumedFrom }).send()
    }
    if (!(await hasTurn(reply.raw))) return reply.hijack()
    const retryMs = RETRY_MIN_MS + Math.floor(options.random() * RETRY_SPREAD_MS)
    const lifetime = lifetimeOf(wanted.grant.audience, options, settings)
    const seat = { retryMs, lifetime, position }
    const stream = takeSeat(request.raw.socket, wanted, { ...options, settings, tickets, seat })
    // The feed writes nothing in this turn: the opening lines come first.
    open(stream, request, reply, resumedFrom)
    write(stream, retryBlock(retryMs))
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
    write(stream, namedEvent('ready', opening, id))
    if (start.kind === 'gap') {
      const gap = {
        reason: 'other_epoch',
        resumedFrom,
        earliest: 'earliest',
        snapshot: SNAPSHOT_PATH,
      }
      write(stream, namedEvent('gap', gap, id))
    }
    return reply
  }

type Seating = EventRouteOptions &
  Readonly<{
    settings: SseSettings
    tickets: Tickets
    seat: Readonly<{ retryMs: number; lifetime: Lifetime; position: Position }>
  }>

/** A connection and its subscription, or the problem that says why not. */
const takeSeat = (
  socket: Socket,
  { grant, checkpoints, ticket }: StreamRequest,
  { feed, settings, tickets, seat }: Seating,
): SseStream => {
  const { tenantId, visibility, principal, limitKey } = grant.audience
  const { retryMs, lifetime, position } = seat
  const connected = feed.connect({ tenantId, transport: TRANSPORT, principal: limitKey })
  if (connected.kind === 'refused') throw refusalProblem(connected.reason, connected.retryAfterMs)
  const { place } = connected
  const stream: SseStream = {
    socket,
    isChunked: false,
    settings,
    checkpoints,
    retryMs,
    feed,
    place,
    subscription: undefined,
    drop: undefined,
    waiting: undefined,
    waitingBytes: 0,
    leavingBytes: 0,
    isCorked: false,
    isFull: false,
  }
  const outcome = feed.subscribe({
    ...{ tenantId, visibility, filter: grant.filter, after: position },
    lifetime,
    sink: SSE_SINK,
    to: stream,
    transport: TRANSPORT,
    principal: limitKey,
    ...(principal === null ? {} : { expiresAtMs: principal.expiresAtMs }),
  })
  if (outcome.kind === 'refused') {
    feed.disconnect(place)
    throw refusalProblem(outcome.reason, outcome.retryAfterMs)
  }
  stream.subscription = outcome.subscription
  if (ticket !== undefined) stream.drop = tickets.begin(ticket, position, leaving(stream))
  return stream
}

const leaving = (stream: SseStream) => (): void => leave(stream)

const leave = ({ subscription }: SseStream): void => subscription?.close('cancelled')

const open = (
  stream: SseStream,
  request: FastifyRequest,
  reply: FastifyReply,
  resumedFrom: string,
): void => {
  const { socket } = stream
  reply.hijack()
  socket.setKeepAlive(true, KEEP_ALIVE_MS)
  socket.setNoDelay(true)
  const headers = { ...reply.getHeaders(), ...STREAM_HEADERS, 'event-resumed-from': resumedFrom }
  const present = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  )
  reply.raw.writeHead(200, Object.fromEntries(present))
  reply.raw.flushHeaders()
  stream.isChunked = reply.raw.chunkedEncoding
  takeOver(request, reply)
  Object.assign(socket, { stream })
  socket.on('close', gone)
}

function gone(this: Socket & Readonly<{ stream: SseStream }>): void {
  leave(this.stream)
}

type Lifetime = NonNullable<SubscriptionRequest['lifetime']>

const lifetimeOf = (
  { principal }: Audience,
  { clock, random }: EventRouteOptions,
  settings: SseSettings,
): Lifetime => {
  // Spread, so that streams which began together do not all come back together.
  const spread = 1 + LIFETIME_SPREAD * (2 * random() - 1)
  const ms = settings.lifetimeMs * spread
  const tokenMs = principal === null ? Infinity : Math.max(0, principal.expiresAtMs - clock())
  return tokenMs < ms ? { ms: tokenMs, reason: 'token_expired' } : { ms, reason: 'lifetime' }
}
