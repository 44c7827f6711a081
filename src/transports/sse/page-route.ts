// GET /v1/events: the feed in pages, with a long poll at its end. A full page never changes and may
// be kept for ever.
import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Feed, FeedPage, PageRequest, Sink } from '../feed/types.ts'
import { linkField, ProblemError } from '../http/host.ts'
import {
  audienceOf,
  filterOf,
  filterOfQuery,
  filterParameters,
  parseQuery,
  refusalProblem,
  startOf,
} from './request.ts'
import type { EventRouteOptions } from './settings.ts'

const MAX_LIMIT = 500
const DEFAULT_LIMIT = 100
const MAX_WAIT_SECONDS = 25

const integer = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,3}$/, 'Must be an integer')
    .transform(Number)
    .pipe(z.number().min(min).max(max))

const querySchema = z.strictObject({
  ...filterParameters,
  limit: integer(1, MAX_LIMIT).default(DEFAULT_LIMIT),
  wait: integer(0, MAX_WAIT_SECONDS).default(0),
})

const IMMUTABLE = 'private, max-age=31536000, immutable'

export const pageHandler =
  ({ feed, cursors }: EventRouteOptions) =>
  async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { tenantId, visibility, limitKey } = audienceOf(request)
    const query = parseQuery(querySchema, request)
    const filter = filterOf(filterOfQuery(query), 'bad-request')
    const after = query.after ?? 'earliest'
    const start = startOf(after, { cursors, tenantId, head: feed.head() })
    if (start.kind === 'gap') throw gone()
    const wanted: PageRequest = {
      ...{ tenantId, visibility, filter, principal: limitKey },
      after: start.position,
      limit: query.limit,
    }
    let page = await read(feed, wanted)
    if (page.items.length === 0 && page.upToDate && query.wait > 0) {
      const waiting = { ...wanted, after: page.next }
      const waitMs = query.wait * 1000
      if (await somethingNew(feed, waiting, { waitMs, reply })) page = await read(feed, waiting)
    }
    const nextCursor = cursors.encode(tenantId, page.next)
    reply.header('event-cursor', nextCursor)
    reply.headers(linkField({ next: nextPath(request, nextCursor) }))
    const isPlace = after !== 'earliest' && after !== 'now'
    return answer(request, reply, { page, nextCursor, isPlace })
  }

const read = async (feed: Feed, wanted: PageRequest): Promise<FeedPage> => {
  const outcome = await feed.readPage(wanted)
  if (outcome.kind === 'page') return outcome.page
  if (outcome.kind === 'revoked') throw refusalProblem('revoked', 0)
  throw refusalProblem('overloaded', outcome.retryAfterMs)
}

type Answer = Readonly<{ page: FeedPage; nextCursor: string; isPlace: boolean }>

const answer = (
  request: FastifyRequest,
  reply: FastifyReply,
  { page, nextCursor, isPlace }: Answer,
): FastifyReply => {
  // The items are JSON text already, made once for all who may see them.
  const tail = `"nextCursor":${JSON.stringify(nextCursor)},"upToDate":${String(page.upToDate)}`
  const body = `{"data":[${page.items.join(',')}],${tail}}`
  reply.type('application/json; charset=utf-8').header('vary', varyOf(reply))
  if (!page.full) return reply.header('cache-control', 'no-store').send(body)
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`
  // A cursor dies with its log's epoch; the word `earliest` would outlive it, so it is asked for
  // anew.
  reply.header('etag', etag).header('cache-control', isPlace ? IMMUTABLE : 'private, no-cache')
  if (holds(request.headers['if-none-match'], etag)) return reply.code(304).send()
  return reply.send(body)
}

const holds = (ifNoneMatch: string | undefined, etag: string): boolean =>
  (ifNoneMatch ?? '')
    .split(',')
    .map((each) => each.trim().replace(/^W\//, ''))
    .some((each) => each === etag || each === '*')

/** The same URL answers each tenant and class differently. */
const varyOf = (reply: FastifyReply): string =>
  [reply.getHeader('vary') ?? [], 'Authorization', 'X-Tenant-ID'].flat().join(', ')

const nextPath = (request: FastifyRequest, nextCursor: string): string => {
  const [path = '', query = ''] = request.url.split('?')
  const parameters = new URLSearchParams(query)
  parameters.set('after', nextCursor)
  return `${path}?${parameters.toString()}`
}

const gone = (): ProblemError =>
  new ProblemError(
    'gone',
    'The cursor is of an earlier log: fetch the state anew, then read on from now or earliest.',
    { headers: { link: '</v1/events?after=earliest>; rel="first", </v1/pets>; rel="snapshot"' } },
  )

type Waiting = Readonly<{ waitMs: number; reply: FastifyReply }>

/**
 * True as soon as there is one; false when the time is up, the client has gone or the feed stops.
 */
const somethingNew = (
  feed: Feed,
  { tenantId, visibility, filter, after, principal }: PageRequest,
  { waitMs, reply }: Waiting,
): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const outcome = feed.subscribe({
      ...{ tenantId, visibility, filter, after },
      sink: signalSink(() => {
        leave(true)
      }, resolve),
      transport: 'poll',
      principal,
      lifetime: { ms: waitMs, reason: 'lifetime' },
    })
    const leave = (isNew: boolean) => {
      resolve(isNew)
      if (outcome.kind === 'subscribed') outcome.subscription.close('cancelled')
    }
    if (outcome.kind === 'refused') {
      reject(refusalProblem(outcome.reason, outcome.retryAfterMs))
      return
    }
    reply.raw.once('close', () => {
      leave(false)
    })
    if (reply.raw.destroyed) leave(false)
  })

const NOTHING = Buffer.alloc(0)

/** Takes one frame as the signal, and wants no more. */
const signalSink = (onEvent: () => void, onEnd: (isNew: boolean) => void): Sink => ({
  framing: { name: 'signal', event: () => NOTHING },
  write: () => {
    onEvent()
    return false
  },
  checkpoint: () => true,
  heartbeat: () => true,
  lag: () => true,
  onDrain: () => {},
  cork: () => {},
  uncork: () => {},
  close: () => {
    onEnd(false)
  },
})
