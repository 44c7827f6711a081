// The work queue in this process's memory: what it holds is gone with the process.
import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/logger.ts'
import type { Work, WorkItem, WorkQueue } from '../../core/work-queue.ts'

export type MemoryWorkQueueOptions = Readonly<{ clock: Clock; logger: Logger; atOnce?: number }>

/** `poke`: looks at the clock now, for a clock that is moved by hand. `idle`: nothing is worked or due. */
export type MemoryWorkQueue = WorkQueue & Readonly<{ poke(): void; isIdle(): boolean }>

const DEFAULT_AT_ONCE = 16
const MAX_TIMER_MS = 60_000

type Entry = { item: WorkItem; soon: boolean; atMs: number | undefined; isRunning: boolean }

export const createMemoryWorkQueue = (options: MemoryWorkQueueOptions): MemoryWorkQueue => {
  const { clock, logger, atOnce = DEFAULT_AT_ONCE } = options
  const entries = new Map<string, Entry>()
  const running = new Set<Promise<void>>()
  const stopping = new AbortController()
  let work: Work | undefined
  let timer: NodeJS.Timeout | undefined

  const entryOf = (item: WorkItem): Entry => {
    const key = `${item.tenantId} ${item.id}`
    const entry = entries.get(key) ?? { item, soon: false, atMs: undefined, isRunning: false }
    entries.set(key, entry)
    return entry
  }
  const isDue = ({ soon, atMs }: Entry): boolean => soon || (atMs !== undefined && atMs <= clock())
  const run = async (entry: Entry, doWork: Work): Promise<void> => {
    Object.assign(entry, { soon: false, atMs: undefined, isRunning: true })
    try {
      const againAtMs = await doWork(entry.item, stopping.signal)
      if (againAtMs !== undefined) entry.atMs = againAtMs
    } catch (error) {
      logger.error({ error }, 'work failed')
    } finally {
      entry.isRunning = false
      if (!entry.soon && entry.atMs === undefined) {
        entries.delete(`${entry.item.tenantId} ${entry.item.id}`)
      }
    }
  }
  const pump = (): void => {
    clearTimeout(timer)
    if (work === undefined || stopping.signal.aborted) return
    for (const entry of entries.values()) {
      if (running.size >= atOnce) return
      if (entry.isRunning || !isDue(entry)) continue
      const one = run(entry, work).finally(() => {
        running.delete(one)
        pump()
      })
      running.add(one)
    }
    const times = [...entries.values()].flatMap(({ atMs, isRunning }) =>
      atMs === undefined || isRunning ? [] : [atMs],
    )
    if (times.length === 0) return
    const waitMs = Math.max(1, Math.min(...times) - clock())
    timer = setTimeout(pump, Math.min(waitMs, MAX_TIMER_MS)).unref()
  }
  return {
    wake: async (item) => {
      entryOf(item).soon = true
      pump()
    },
    wakeAt: async (item, atMs) => {
      entryOf(item).atMs = atMs
      pump()
    },
    start: async (given) => {
      work = given
      pump()
    },
    stop: async () => {
      stopping.abort()
      clearTimeout(timer)
      await Promise.all(running)
    },
    poke: pump,
    isIdle: () => running.size === 0 && ![...entries.values()].some(isDue),
  }
}
