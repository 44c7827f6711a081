// The newest events in memory, bounded by number and by bytes: every event in (floor, head] is
// here, without a hole.
import type { Position, StoredEvent } from '../../../core/event.ts'
import type { SizedPage } from './reader.ts'

export type Ring = Readonly<{
  floor(): Position
  head(): Position
  /** Adds the page that follows the head. */
  push(page: SizedPage): void
  /** The index of the first event after the position. */
  indexAfter(position: Position): number
  at(index: number): StoredEvent | undefined
}>

const SLACK_PART = 8

export const createRing = (
  position: Position,
  limits: Readonly<{ tailEvents: number; tailBytes: number }>,
): Ring => {
  const events: StoredEvent[] = []
  const sizes: number[] = []
  let floor = position
  let head = position
  let bytes = 0
  // Many at a time: taking from the front moves all that stays.
  const slack = Math.floor(limits.tailEvents / SLACK_PART)
  const evict = (): void => {
    if (events.length <= limits.tailEvents + slack && bytes <= limits.tailBytes) return
    let count = 0
    while (events.length - count > limits.tailEvents || bytes > limits.tailBytes) {
      floor = events[count]?.position ?? head
      bytes -= sizes[count] ?? 0
      count += 1
    }
    events.splice(0, count)
    sizes.splice(0, count)
  }
  return {
    floor: () => floor,
    head: () => head,
    push: (page) => {
      for (const event of page.events) events.push(event)
      for (const size of page.dataBytes) {
        sizes.push(size)
        bytes += size
      }
      head = page.upTo
      evict()
    },
    indexAfter: (after) => {
      let low = 0
      let high = events.length
      while (low < high) {
        const middle = (low + high) >>> 1
        if ((events[middle]?.position ?? Infinity) <= after) low = middle + 1
        else high = middle
      }
      return low
    },
    at: (index) => events[index],
  }
}
