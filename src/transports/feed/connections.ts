// Connections of transports that keep them open: counted against the limits, and told when their
// principal is barred. What they carry is counted on its own, as subscriptions.
import { createEntrance, type EntranceOptions } from './entrance.ts'
import { createHolders } from './holders.ts'
import type { ConnectionRequest, ConnectOutcome } from './types.ts'

export type Connections = Readonly<{
  connect: (request: ConnectionRequest) => ConnectOutcome
  /** Tells those of a deleted user. */
  bar: (tenantId: string, userId: string) => void
  stop: () => void
  total: () => number
}>

export const createConnections = (options: EntranceOptions): Connections => {
  const { admission, metrics } = options
  const admitted = createEntrance(options)
  const holders = createHolders<ConnectionRequest>()
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
      const { onRevoked = () => {} } = request
      const held = { tenantId, principal, transport, onRevoked }
      holders.add(held)
      add(transport, 1)
      let isOpen = true
      const disconnect = () => {
        if (!isOpen) return
        isOpen = false
        holders.remove(held)
        admission.leave(tenantId, principal)
        add(transport, -1)
      }
      return { kind: 'connected', disconnect }
    },
    bar(tenantId, userId) {
      for (const held of holders.of(tenantId, userId)) held.onRevoked?.()
    },
    stop() {
      isStopped = true
    },
    total: admission.total,
  }
}
