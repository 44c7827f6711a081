// The connections of this process: counted against the limits, and one for each session.
import type { MqttSessionKey } from '../../core/mqtt-sessions.ts'
import type { MqttLimits } from './limits.ts'

export type Connected = Readonly<{
  /** Ends it because somebody else has its session now; resolves when it is stored. */
  takeOver: () => Promise<void>
}>

export type Seat = Readonly<{ leave: () => void }>

export type SeatRequest<C extends Connected> = Readonly<{
  key: MqttSessionKey
  isAnonymous: boolean
  connection: C
}>

export type Roster<C extends Connected> = Readonly<{
  /** Undefined: too many. `former` had the session until now. */
  take: (request: SeatRequest<C>) => (Seat & Readonly<{ former: C | undefined }>) | undefined
  all: () => readonly C[]
}>

export const createRoster = <C extends Connected>(limits: MqttLimits): Roster<C> => {
  const bySession = new Map<string, C>()
  const all = new Set<C>()
  const counts = new Map<string, number>()
  const count = (name: string, by: number) => {
    const now = (counts.get(name) ?? 0) + by
    if (now === 0) counts.delete(name)
    else counts.set(name, now)
  }
  return {
    take({ key, isAnonymous, connection }) {
      const session = JSON.stringify([key.tenantId, key.principal, key.clientId])
      const former = bySession.get(session)
      const perPrincipal = isAnonymous
        ? limits.connectionsPerAddress
        : limits.connectionsPerPrincipal
      const bounds: readonly (readonly [string, number])[] = [
        ['', limits.connections],
        [key.tenantId, limits.connectionsPerTenant],
        [`${key.tenantId} ${key.principal}`, perPrincipal],
      ]
      // Whoever takes over a session takes over its seat.
      const isFull = bounds.some(([name, limit]) => (counts.get(name) ?? 0) >= limit)
      if (isFull && former === undefined) return undefined
      bySession.set(session, connection)
      all.add(connection)
      for (const [name] of bounds) count(name, 1)
      let isSeated = true
      return {
        former,
        leave: () => {
          if (!isSeated) return
          isSeated = false
          all.delete(connection)
          for (const [name] of bounds) count(name, -1)
          if (bySession.get(session) === connection) bySession.delete(session)
        },
      }
    },
    all: () => [...all],
  }
}
