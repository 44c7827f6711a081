// The way of a public read: a finished answer straight from the cache when there is one, otherwise made once for
// everybody who asks for the same at that moment.
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Answer, makeVariant, readyVariant, sendVariant } from './answer.ts'
import type { Hook } from './guard.ts'
import { callerOf } from './host.ts'
import type { CacheScope, RouteParts } from './options.ts'
import type { ResponseCache } from './response-cache.ts'
import type { UrlMemo } from './url-memo.ts'

export const createShortcut =
  (memo: UrlMemo, cache: ResponseCache): Hook =>
  (request, reply, done) => {
    const known = memo.find(request.raw.url ?? '')
    if (known === undefined || request.raw.headers['wait-for-cursor'] !== undefined) return done()
    const answer = cache.find(callerOf(request).tenantId, known.key)
    const variant = answer === undefined ? undefined : readyVariant(answer, request.raw)
    if (answer === undefined || variant === undefined) return done()
    cache.served()
    sendVariant(request, reply, { answer, variant })
  }

export type CachedRead = CacheScope &
  Readonly<{ make: () => Promise<Answer | undefined>; headers?: Readonly<Record<string, string>> }>

/** Sends the answer; undefined when there is nothing to answer with. */
export const sendCached = async (
  parts: RouteParts,
  request: FastifyRequest,
  reply: FastifyReply,
  read: CachedRead,
): Promise<FastifyReply | undefined> => {
  const answer = await parts.cache.load(read.tenantId, read.key, read.make)
  if (answer === undefined) return undefined
  const known = answer.variants.size
  const variant = await makeVariant(answer, request)
  if (answer.variants.size > known) parts.cache.grew(read.tenantId, read.key, answer)
  return sendVariant(request, reply.headers(read.headers ?? {}), { answer, variant })
}
