// Connections of one line that stand and are not used: for a moment, and only as long as their addresses are those that
// were checked last.
import { type Connection, KEPT_IDLE_MS, openConnection } from './connection.ts'
import { headOf } from './exchange.ts'
import type { Way } from './way.ts'

export type Kept = {
  readonly connection: Connection
  readonly way: Way
  readonly head: string // of its requests
  isUsed: boolean // it has carried a call before
  idleSince: number
}

export type KeptConnections = Readonly<{
  take(way: Way, deadlineMs: number): Kept
  giveBack(kept: Kept, isSpent: boolean): void
  clear(): void
}>

export type KeptOptions = Readonly<{
  ca: readonly string[] | undefined
  keepsAlive: boolean
  most: number
  isStopped: () => boolean
}>

export const createKept = ({ ca, keepsAlive, most, isStopped }: KeptOptions): KeptConnections => {
  const idle: Kept[] = [] // the last was used last
  let sweeping: NodeJS.Timeout | undefined
  const sweep = (): void => {
    sweeping = undefined
    const now = performance.now()
    const stale = idle.findIndex(({ idleSince }) => now - idleSince < KEPT_IDLE_MS)
    for (const each of idle.splice(0, stale === -1 ? idle.length : stale)) each.connection.destroy()
    const [oldest] = idle
    if (oldest !== undefined) sweepAfter(oldest.idleSince + KEPT_IDLE_MS - now)
  }
  const sweepAfter = (ms: number): void => {
    sweeping ??= setTimeout(sweep, Math.ceil(ms)).unref()
  }
  return {
    take: (way, deadlineMs) => {
      for (let kept = idle.pop(); kept !== undefined; kept = idle.pop()) {
        if (kept.way === way && kept.connection.isReady()) return kept
        kept.connection.destroy()
      }
      const { origin, addresses } = way
      const connection = openConnection({ origin, addresses, deadlineMs, ca })
      return { connection, way, head: headOf(way, keepsAlive), isUsed: false, idleSince: 0 }
    },
    giveBack: (kept, isSpent) => {
      if (isSpent || isStopped() || !keepsAlive || idle.length >= most) {
        return kept.connection.destroy()
      }
      kept.isUsed = true
      kept.idleSince = performance.now()
      idle.push(kept)
      sweepAfter(KEPT_IDLE_MS)
    },
    clear: () => {
      clearTimeout(sweeping)
      sweeping = undefined
      for (const each of idle.splice(0)) each.connection.destroy()
    },
  }
}
