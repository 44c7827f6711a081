// Who may not be served any more: users whose deletion was seen in the log. Their tokens stay good
// until they expire, so they are remembered for as long. What the process has seen is what it knows:
// after a restart the token's expiry alone bars them.
import type { Clock } from '../../core/clock.ts'
import { SHARED_TENANT } from '../../core/ids.ts'
import { oldestFirst } from '../../core/oldest-first.ts'
import type { FeedLimits } from './limits.ts'

/** Whose it is, and of which tenant: of subscriptions and of connections alike. */
export type Held = Readonly<{ tenantId: string; principal: string }>

export type Barred = Readonly<{
  add: (tenantId: string, userId: string) => void
  has: (held: Held) => boolean
}>

export type BarredOptions = Readonly<{
  clock: Clock
  limits: Pick<FeedLimits, 'barredUsers' | 'barredForMs'>
}>

export const createBarred = ({ clock, limits }: BarredOptions): Barred => {
  const untilMs = new Map<string, number>()
  const isBarred = (key: string): boolean => (untilMs.get(key) ?? 0) > clock()
  const takeOldest = oldestFirst(untilMs)
  return {
    add(tenantId, userId) {
      const key = `${tenantId} ${principalOf(userId)}`
      untilMs.delete(key)
      untilMs.set(key, clock() + limits.barredForMs)
      // In the shared pool users of every tenant listen, who are known there by their id alone.
      const shared = `${SHARED_TENANT} ${principalOf(userId)}`
      untilMs.delete(shared)
      untilMs.set(shared, clock() + limits.barredForMs)
      while (untilMs.size > limits.barredUsers) takeOldest()
    },
    has: ({ tenantId, principal }) => isBarred(`${tenantId} ${principal}`),
  }
}

export const principalOf = (userId: string): string => `user:${userId}`
