// Who may come in: nobody once the engine stops, nobody who is barred, and no more than the limits
// allow.
import type { Metrics } from '../../core/metrics.ts'
import type { TenantId } from '../../core/ids.ts'
import type { Barred } from './barred.ts'
import { type Admission, RETRY_AFTER_MS } from './limits.ts'
import type { RefusalReason } from './types.ts'

export type EntranceOptions = Readonly<{
  admission: Admission
  barred: Barred
  metrics: Metrics
}>

type Guest = Readonly<{ tenantId: TenantId; principal: string; transport: string }>
type Refused = Readonly<{ kind: 'refused'; reason: RefusalReason; retryAfterMs: number }>

/** Undefined: admitted and counted. */
export const createEntrance =
  ({ admission, barred, metrics }: EntranceOptions) =>
  (guest: Guest, isStopped: boolean): Refused | undefined => {
    const refusal = isStopped ? 'stopped' : barred.has(guest) ? 'revoked' : undefined
    const reason = refusal ?? admission.admit(guest.tenantId, guest.principal)
    if (reason === undefined) return undefined
    metrics.count('pawtrail_feed_refused_total', 1, { transport: guest.transport, reason })
    return { kind: 'refused', reason, retryAfterMs: RETRY_AFTER_MS[reason] }
  }
