// The way of a public read: a finished answer straight from the cache when there is one, otherwise made once for
// everybody who asks for the same at that moment.
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Answer, makeVariant, readyVariant, sendVariant } from './answer.ts'
import type { Hook } from './guard.ts'
import { callerOf } from './host.ts'
import type { CacheScope, RouteParts } from './options.ts'
import type { ResponseCache } from './response-cache.ts'

const MAX_REMEMBERED_URLS = 10_000

export type Planned = Readonly<{ key: string; needsStaff?: boolean }>

/** Remembers what a URL asked for, so that asking again costs no parsing and no validation. */
export type UrlMemo<Plan extends Planned> = Readonly<{
  remember(request: FastifyRequest, plan: Plan): void
  /** Answers from the cache before the request is even parsed; goes on when it cannot. */
  shortcut: Hook
}>

export const createUrlMemo = <Plan extends Planned>(cache: ResponseCache): UrlMemo<Plan> => {
  const plans = new Map<string, Plan>()
  return {
    remember: ({ raw }, plan) => {
      if (raw.url === undefined || plan.needsStaff === true) return
      if (plans.size >= MAX_REMEMBERED_URLS) plans.clear()
      plans.set(raw.url, plan)
    },
    shortcut: (request, reply, done) => {
      const plan = plans.get(request.raw.url ?? '')
      if (plan === undefined || request.raw.headers['wait-for-cursor'] !== undefined) return done()
      const answer = cache.find(callerOf(request).tenantId, plan.key)
      const variant = answer === undefined ? undefined : readyVariant(answer, request)
      if (answer === undefined || variant === undefined) return done()
      sendVariant(request, reply, { answer, variant })
    },
  }
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
