// From the tail to the live: each event goes into the ring and to the subscriptions it concerns. It
// waits for nothing: a subscription that must read something to tell goes to CATCH-UP for it. A sink
// is corked at its first frame of a slice and let go at the slice's end, so that what comes
// together is sent together.
import type { StoredEvent } from '../../core/event.ts'
import type { EntryMaker } from './entry.ts'
import type { Ring } from './ring.ts'
import type { Delivery, Subscriber } from './subscriber.ts'
import type { SubscriptionIndex } from './subscription-index.ts'

export type FanOutOptions = Readonly<{
  index: SubscriptionIndex<Subscriber>
  ring: Ring
  delivery: Delivery
  make: EntryMaker['make']
  setAside: (subscriber: Subscriber) => void
}>

export const createFanOut = ({ index, ring, delivery, make, setAside }: FanOutOptions) => {
  const corked = new Set<Subscriber>()
  return {
    take(stored: StoredEvent): void {
      const entry = make(stored)
      if (entry !== undefined) {
        ring.push(entry)
        const { event } = entry
        index.forEachUnsure(entry, (subscriber) => {
          if (event.position > subscriber.position) setAside(subscriber)
        })
        index.forEachConcerned(entry, (subscriber) => {
          // It caught up from a page that was ahead of this reader.
          if (event.position <= subscriber.position) return
          if (!corked.has(subscriber)) {
            corked.add(subscriber)
            subscriber.sink.cork(subscriber.to)
          }
          delivery.offer(subscriber, entry)
        })
      }
      index.advance(stored.tenantId, stored.position)
    },
    flush(): void {
      for (const subscriber of corked) {
        if (subscriber.state !== 'closed') subscriber.sink.uncork(subscriber.to)
      }
      corked.clear()
    },
  }
}
