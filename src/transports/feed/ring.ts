// The newest events of all tenants, in log order, bounded by count and bytes. Whoever is not
// further behind than its floor is served from memory, so that a storm of reconnects costs the log
// nothing.
import type { Position } from '../../core/event.ts'
import { type FeedEntry, keep } from './entry.ts'

export type Ring = Readonly<{
  push: (entry: FeedEntry) => void
  /** Every known event after this position is in the ring. */
  floor: () => Position
  /** Forgets everything; what comes next is after this position. */
  reset: (floor: Position) => void
  /** The tenant's entries after a position, oldest first, at most `limit`. */
  after: (tenantId: string, position: Position, limit: number) => readonly FeedEntry[]
  size: () => Readonly<{ ringEvents: number; ringBytes: number }>
}>

/**
 * A queue over an array: taking from the front moves `start`, and the dead part is cut off now and
 * then.
 */
type Queue = { items: FeedEntry[]; start: number }

const COMPACT_FROM = 512

export const createRing = (limits: Readonly<{ events: number; bytes: number }>): Ring => {
  let all: Queue = { items: [], start: 0 }
  const byTenant = new Map<string, Queue>()
  const account = { bytes: 0 }
  let floor: Position = 0

  const evictOldest = (): void => {
    const entry = takeFirst(all)
    if (entry === undefined) return
    const tenant = byTenant.get(entry.event.tenantId)
    if (tenant !== undefined) {
      takeFirst(tenant)
      if (lengthOf(tenant) === 0) byTenant.delete(entry.event.tenantId)
    }
    floor = entry.event.position
    account.bytes -= entry.bytes
    entry.account = undefined
  }

  return {
    push(entry) {
      keep(entry, account)
      all.items.push(entry)
      const tenant = byTenant.get(entry.event.tenantId)
      if (tenant === undefined) byTenant.set(entry.event.tenantId, { items: [entry], start: 0 })
      else tenant.items.push(entry)
      while (lengthOf(all) > limits.events || (account.bytes > limits.bytes && lengthOf(all) > 0)) {
        evictOldest()
      }
    },
    floor: () => floor,
    reset(position) {
      for (const entry of all.items.slice(all.start)) entry.account = undefined
      all = { items: [], start: 0 }
      byTenant.clear()
      account.bytes = 0
      floor = position
    },
    after(tenantId, position, limit) {
      const queue = byTenant.get(tenantId)
      if (queue === undefined) return []
      const from = firstAfter(queue, position)
      return queue.items.slice(from, from + limit)
    },
    size: () => ({ ringEvents: lengthOf(all), ringBytes: account.bytes }),
  }
}

const lengthOf = (queue: Queue): number => queue.items.length - queue.start

const takeFirst = (queue: Queue): FeedEntry | undefined => {
  const entry = queue.items[queue.start]
  if (entry === undefined) return undefined
  queue.start += 1
  if (queue.start >= COMPACT_FROM && queue.start * 2 >= queue.items.length) {
    queue.items = queue.items.slice(queue.start)
    queue.start = 0
  }
  return entry
}

const firstAfter = (queue: Queue, position: Position): number => {
  let low = queue.start
  let high = queue.items.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const entry = queue.items[middle]
    if (entry !== undefined && entry.event.position > position) high = middle
    else low = middle + 1
  }
  return low
}
