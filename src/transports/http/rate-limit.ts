// Requests a minute for each principal or address, and the header fields that tell callers where they stand.
import type { IncomingMessage } from 'node:http'
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import type { Clock } from '../../core/clock.ts'
import type { Metrics } from '../../core/metrics.ts'
import { networkOf } from './network.ts'

const WINDOW_SECONDS = 60

export type RateLimitVerdict = Readonly<{
  isAllowed: boolean
  retryAfterSeconds: number
  perMinute: number
  remaining: number
  resetAtSeconds: number // a unix time
}>
type Fields = Readonly<Record<string, string>>
export type RateLimit = Readonly<{
  perMinute: number
  /** By an address, or by the name of a principal. */
  consume(key: string): Promise<RateLimitVerdict>
}>

/** Refusals of requests that were counted before a guard met them: it does not count them again. */
export const refusedBefore = new WeakMap<IncomingMessage, RateLimitVerdict>()

/** Undefined when there is no limit. */
export const createRateLimit = (
  options: Readonly<{ perMinute: number; clock: Clock; metrics: Metrics }>,
): RateLimit | undefined => {
  const { perMinute, clock, metrics } = options
  if (perMinute <= 0) return undefined
  const limiter = new RateLimiterMemory({ points: perMinute, duration: WINDOW_SECONDS })
  const verdict = (isAllowed: boolean, state: RateLimiterRes): RateLimitVerdict => {
    const seconds = Math.max(1, Math.ceil(state.msBeforeNext / 1000))
    return {
      isAllowed,
      retryAfterSeconds: seconds,
      perMinute,
      remaining: state.remainingPoints,
      resetAtSeconds: Math.ceil((clock() + state.msBeforeNext) / 1000),
    }
  }
  return {
    perMinute,
    consume: async (key) => {
      try {
        return verdict(true, await limiter.consume(networkOf(key)))
      } catch (refusal) {
        if (!(refusal instanceof RateLimiterRes)) throw refusal
        metrics.count('pawtrail_rate_limited_total')
        return verdict(false, refusal)
      }
    },
  }
}

export const rateFields = (verdict: RateLimitVerdict): Fields => ({
  'ratelimit-limit': String(verdict.perMinute),
  'ratelimit-remaining': String(verdict.remaining),
  // A unix time, as the contract has it; the pair below follows the current IETF draft and counts seconds.
  'ratelimit-reset': String(verdict.resetAtSeconds),
  'ratelimit-policy': `"default";q=${verdict.perMinute};w=${WINDOW_SECONDS}`,
  ratelimit: `"default";r=${verdict.remaining};t=${verdict.retryAfterSeconds}`,
})

/** The same of the same count, as the classic profile calls it. */
export const classicRateFields = (verdict: RateLimitVerdict): Fields => ({
  'x-ratelimit-limit': String(verdict.perMinute),
  'x-ratelimit-remaining': String(verdict.remaining),
  'x-ratelimit-reset': String(verdict.resetAtSeconds),
})
