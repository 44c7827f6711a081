// The one reader at the log's end: every event of every tenant goes from here into the ring and to
// whom it concerns. When the log cannot be read it starts again after the last position it has
// handed out.
import type { EventStore } from '../../core/event-store.ts'
import type { Position, StoredEvent } from '../../core/event.ts'
import type { Logger } from '../../core/logger.ts'
import type { FeedLimits } from './limits.ts'
import { pause } from './pause.ts'

export type TailReader = Readonly<{
  start: () => Promise<void>
  stop: () => Promise<void>
  position: () => Position
}>

export type TailReaderOptions = Readonly<{
  eventStore: EventStore
  logger: Logger
  limits: FeedLimits
  onStart: (head: Position) => void
  /** Hands out one event. In the same turn its position becomes the tail's. */
  onEvent: (event: StoredEvent) => void
  /** After some events in one turn: what was held back to be sent together goes out. */
  onSliceEnd: () => void
}>

export const createTailReader = (options: TailReaderOptions): TailReader => {
  const { eventStore, logger, limits } = options
  const aborter = new AbortController()
  let position: Position = 0
  let running: Promise<void> = Promise.resolve()

  const takePage = async (events: readonly StoredEvent[], upTo: Position): Promise<void> => {
    for (let from = 0; from < events.length; from += limits.sliceEvents) {
      if (from > 0) await new Promise<void>((resolve) => setImmediate(resolve))
      if (aborter.signal.aborted) return
      for (const event of events.slice(from, from + limits.sliceEvents)) {
        options.onEvent(event)
        position = event.position
      }
      options.onSliceEnd()
    }
    position = Math.max(position, upTo)
  }

  const run = async (): Promise<void> => {
    const { signal } = aborter
    let retryMs = limits.retryMinMs
    while (!signal.aborted) {
      try {
        const pageSize = limits.tailPageEvents
        for await (const page of eventStore.subscribe({ after: position, signal, pageSize })) {
          await takePage(page.events, page.upTo)
          retryMs = limits.retryMinMs
        }
      } catch (cause) {
        if (!signal.aborted) logger.error({ cause, position, retryMs }, 'the feed lost the log')
      }
      if (!signal.aborted) await pause(retryMs, signal)
      retryMs = Math.min(limits.retryMaxMs, retryMs * 2)
    }
  }

  return {
    async start() {
      position = await eventStore.head()
      options.onStart(position)
      running = run()
    },
    async stop() {
      aborter.abort()
      await Promise.race([running, pause(limits.stopTimeoutMs)])
    },
    position: () => position,
  }
}
