// Connections of transports that keep them open: counted against the limits, and told when their
// principal is barred. What they carry is counted on its own, as subscriptions.
import { createEntrance, type EntranceOptions } from './entrance.ts'
import { createHolders } from './holders.ts'
import type { ConnectionPlace, ConnectionRequest, ConnectOutcome } from './types.ts'

export type Connections = Readonly<{
  connect: <To>(request: ConnectionRequest<To>) => ConnectOutcome
  disconnect: (place: ConnectionPlace) => void
  /** Tells those of a deleted user. */
  bar: (tenantId: string, userId: string) => void
  stop: () => void
  total: () => number
}>

export const createConnections = (options: EntranceOptions): Connections => {
  const { admission, metrics } = options
  const admitted = createEntrance(options)
  const holders = createHolders<ConnectionPlace>()
  const counts = new Map<string, number>()
  let isStopped = false

  const add = (transport: string, by: number): void => {
    const count = (counts.get(transport) ?? 0) + by
    counts.set(transport, count)
    metrics.gauge('pawtrail_feed_connections', count, { transport })
  }

  return {
    connect(request) {
      const { tenantId, principal, transport } = request
      const refused = admitted(request, isStopped)
      if (refused !== undefined) return refused
      // Of its own, so that the same request may be made twice; and small, since it is held for long.
      const place: ConnectionPlace = {
        tenantId,
        principal,
        transport,
        onRevoked: request.onRevoked as ConnectionPlace['onRevoked'],
        to: request.to,
        isOpen: true,
      }
      holders.add(place)
      add(transport, 1)
      return { kind: 'connected', place }
    },
    disconnect(place) {
      if (!place.isOpen) return
      place.isOpen = false
      holders.remove(place)
      admission.leave(place.tenantId, place.principal)
      add(place.transport, -1)
    },
    bar(tenantId, userId) {
      for (const { onRevoked, to } of holders.of(tenantId, userId)) onRevoked?.(to)
    },
    stop() {
      isStopped = true
    },
    total: admission.total,
  }
}
