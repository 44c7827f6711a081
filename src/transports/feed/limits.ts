// Every limit of the live engine by name, and the count of who holds how many subscriptions.
import type { RefusalReason } from './types.ts'

export type FeedLimits = Readonly<{
  ringEvents: number
  ringBytes: number
  tailPageEvents: number // events of one read by the tail reader
  catchUpPageEvents: number // events of one read for a subscription that is behind
  sliceEvents: number // handed out in one go before other work gets its turn
  concurrentReads: number // log reads in flight for subscriptions and pages together
  queuedPageReads: number // pages that may wait for one; more are refused
  pageScanEvents: number // events a filtered page may look at before it answers with what it has
  subscriptions: number
  subscriptionsPerTenant: number
  subscriptionsPerPrincipal: number
  heartbeatMs: number
  stallTimeoutMs: number // a sink that takes nothing for so long is closed
  lagNoticeMs: number // a sink that was full for so long is told that it lags
  retryMinMs: number
  retryMaxMs: number
  stopTimeoutMs: number
}>

export const FEED_LIMITS: FeedLimits = {
  ringEvents: 10_000,
  ringBytes: 32 * 1024 * 1024,
  tailPageEvents: 500,
  catchUpPageEvents: 500,
  sliceEvents: 200,
  concurrentReads: 4,
  queuedPageReads: 500,
  pageScanEvents: 20_000,
  subscriptions: 20_000,
  subscriptionsPerTenant: 5_000,
  subscriptionsPerPrincipal: 100,
  heartbeatMs: 15_000,
  stallTimeoutMs: 30_000,
  lagNoticeMs: 1_000,
  retryMinMs: 100,
  retryMaxMs: 5_000,
  stopTimeoutMs: 5_000,
}

export type Admission = Readonly<{
  /** Undefined: admitted and counted. */
  admit: (tenantId: string, principal: string) => RefusalReason | undefined
  leave: (tenantId: string, principal: string) => void
}>

export const createAdmission = (limits: FeedLimits): Admission => {
  let total = 0
  const tenants = new Map<string, number>()
  const principals = new Map<string, number>()
  const principalKey = (tenantId: string, principal: string) => `${tenantId}\n${principal}`
  return {
    admit(tenantId, principal) {
      const key = principalKey(tenantId, principal)
      if ((principals.get(key) ?? 0) >= limits.subscriptionsPerPrincipal) return 'principal_limit'
      if ((tenants.get(tenantId) ?? 0) >= limits.subscriptionsPerTenant) return 'tenant_limit'
      if (total >= limits.subscriptions) return 'total_limit'
      total += 1
      add(tenants, tenantId, 1)
      add(principals, key, 1)
      return undefined
    },
    leave(tenantId, principal) {
      total -= 1
      add(tenants, tenantId, -1)
      add(principals, principalKey(tenantId, principal), -1)
    },
  }
}

const add = (counts: Map<string, number>, key: string, by: number): void => {
  const count = (counts.get(key) ?? 0) + by
  if (count === 0) counts.delete(key)
  else counts.set(key, count)
}
