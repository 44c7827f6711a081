// Every limit of the live engine by name, and the count of who holds how many connections and
// subscriptions.
import type { RefusalReason } from './types.ts'

export type FeedLimits = Readonly<{
  ringEvents: number
  ringBytes: number
  tailPageEvents: number // events of one read by the tail reader
  catchUpPageEvents: number // events of one read for a subscription that is behind
  sliceEvents: number // handed out in one go before other work gets its turn
  latestEvents: number // looked through in one go for the newest of each subject
  concurrentReads: number // log reads in flight for subscriptions and pages together
  queuedPageReads: number // pages that may wait for one; more are refused
  pageScanEvents: number // events a filtered page may look at before it answers with what it has
  subscriptions: number
  subscriptionsPerTenant: number
  subscriptionsPerPrincipal: number
  connections: number
  connectionsPerTenant: number
  connectionsPerPrincipal: number
  traitPets: number // pets whose species and shelter are remembered
  barredUsers: number // deleted users who are remembered,
  barredForMs: number // for as long as a token of theirs may still be good
  heartbeatMs: number
  stallTimeoutMs: number // a sink that takes nothing for so long is closed
  lagReportMs: number // between two measurements of who is how far behind
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
  latestEvents: 5_000,
  concurrentReads: 4,
  queuedPageReads: 500,
  pageScanEvents: 20_000,
  subscriptions: 20_000,
  subscriptionsPerTenant: 5_000,
  subscriptionsPerPrincipal: 200,
  connections: 20_000,
  connectionsPerTenant: 5_000,
  connectionsPerPrincipal: 100,
  traitPets: 20_000,
  barredUsers: 10_000,
  barredForMs: 24 * 3_600_000,
  heartbeatMs: 15_000,
  stallTimeoutMs: 30_000,
  lagReportMs: 5_000,
  lagNoticeMs: 1_000,
  retryMinMs: 100,
  retryMaxMs: 5_000,
  stopTimeoutMs: 5_000,
}

export const RETRY_AFTER_MS: Readonly<Record<RefusalReason, number>> = {
  principal_limit: 30_000,
  tenant_limit: 30_000,
  total_limit: 10_000,
  stopped: 1_000,
  revoked: 3_600_000,
}

export type Admission = Readonly<{
  /** Undefined: admitted and counted. */
  admit: (tenantId: string, principal: string) => RefusalReason | undefined
  leave: (tenantId: string, principal: string) => void
  total: () => number
}>

export type AdmissionLimits = Readonly<{ total: number; perTenant: number; perPrincipal: number }>

export const createAdmission = (limits: AdmissionLimits): Admission => {
  let total = 0
  const tenants = new Map<string, number>()
  const principals = new Map<string, number>()
  const principalKey = (tenantId: string, principal: string) => `${tenantId}\n${principal}`
  return {
    admit(tenantId, principal) {
      const key = principalKey(tenantId, principal)
      if ((principals.get(key) ?? 0) >= limits.perPrincipal) return 'principal_limit'
      if ((tenants.get(tenantId) ?? 0) >= limits.perTenant) return 'tenant_limit'
      if (total >= limits.total) return 'total_limit'
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
    total: () => total,
  }
}

const add = (counts: Map<string, number>, key: string, by: number): void => {
  const count = (counts.get(key) ?? 0) + by
  if (count === 0) counts.delete(key)
  else counts.set(key, count)
}
