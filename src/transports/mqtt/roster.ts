// The connections of this process: counted against the limits, and one for each session. They are held
// by principal, who has few of them: who has a session now is looked for among those.
import type { TenantId } from '../../core/ids.ts'
import type { MqttSessionKey } from '../../core/mqtt-sessions.ts'
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

export type Roster<C> = Readonly<{
  /** Undefined: too many. `former` had the session until now. */
  take: (client: C, request: SeatRequest) => Readonly<{ former: C | undefined }> | undefined
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

  return {
    take(client, { key: { tenantId, principal, clientId }, isAnonymous }) {
      const name = nameOf(tenantId, principal)
      const seats = byPrincipal.get(name) ?? { tenantId, principal, taken: [] }
      const former = seats.taken.findLast((each) => each.clientId === clientId)
      const most = isAnonymous ? limits.connectionsPerAddress : limits.connectionsPerPrincipal
      const isFull =
        total >= limits.connections ||
        (byTenant.get(tenantId) ?? 0) >= limits.connectionsPerTenant ||
        seats.taken.length >= most
      // Whoever takes over a session takes over its seat.
      if (isFull && former === undefined) return undefined
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
