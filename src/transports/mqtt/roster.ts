// The connections of this process: counted against the limits, and one for each session. They are held
// by principal, who has few of them: who has a session now is looked for among those.
import type { TenantId } from '../../core/ids.ts'
import type { MqttSessionKey } from '../../core/mqtt-sessions.ts'
import type { RefusalReason } from '../feed/types.ts'
import type { MqttLimits } from './limits.ts'

/** The connections of one principal in one tenant. */
export type Seats<C> = {
  readonly tenantId: TenantId
  readonly principal: string
  taken: readonly C[] // as they came
}

type Seated<C> = {
  clientId: string
  seats: Seats<C> | undefined
}

export type SeatRequest = Readonly<{ key: MqttSessionKey; isAnonymous: boolean }>

export type SeatLimit = Extract<RefusalReason, 'total_limit' | 'tenant_limit' | 'principal_limit'>

export type Roster<C> = Readonly<{
  /** `former` had the session until now. Otherwise there are too many, and which limit says so. */
  take: (client: C, request: SeatRequest) => Readonly<{ former: C | undefined }> | SeatLimit
  /** Once, or never if it has no seat. */
  leave: (client: C) => void
}>

export const createRoster = <C extends Seated<C>>(limits: MqttLimits): Roster<C> => {
  const byPrincipal = new Map<string, Seats<C>>()
  const byTenant = new Map<TenantId, number>()
  let total = 0

  const count = (tenantId: TenantId, by: number): void => {
    const now = (byTenant.get(tenantId) ?? 0) + by
    if (now === 0) byTenant.delete(tenantId)
    else byTenant.set(tenantId, now)
    total += by
  }

  const limitReached = (tenantId: TenantId, hasMost: boolean): SeatLimit | undefined => {
    if (total >= limits.connections) return 'total_limit'
    if ((byTenant.get(tenantId) ?? 0) >= limits.connectionsPerTenant) return 'tenant_limit'
    return hasMost ? 'principal_limit' : undefined
  }

  return {
    take(client, { key: { tenantId, principal, clientId }, isAnonymous }) {
      const name = nameOf(tenantId, principal)
      const seats = byPrincipal.get(name) ?? { tenantId, principal, taken: [] }
      const former = seats.taken.findLast((each) => each.clientId === clientId)
      const most = isAnonymous ? limits.connectionsPerAddress : limits.connectionsPerPrincipal
      const reached = limitReached(tenantId, seats.taken.length >= most)
      // Whoever takes over a session takes over its seat.
      if (reached !== undefined && former === undefined) return reached
      byPrincipal.set(name, seats)
      seats.taken = seats.taken.concat(client)
      client.clientId = clientId
      client.seats = seats
      count(tenantId, 1)
      return { former }
    },
    leave(client) {
      const { seats } = client
      if (seats === undefined) return
      client.seats = undefined
      seats.taken = seats.taken.filter((each) => each !== client)
      count(seats.tenantId, -1)
      if (seats.taken.length === 0) byPrincipal.delete(nameOf(seats.tenantId, seats.principal))
    },
  }
}

const nameOf = (tenantId: TenantId, principal: string): string => `${tenantId} ${principal}`
