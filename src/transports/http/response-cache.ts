// Finished answers to public reads, kept as bytes. An answer is good only while the tenant's read model generation is
// the one captured before its query ran, so a reader never sees a pet as it was before a write the model has taken in.
import type { Clock } from '../../core/clock.ts'
import type { TenantId } from '../../core/ids.ts'
import type { Metrics } from '../../core/metrics.ts'
import { oldestFirst } from '../../core/oldest-first.ts'
import type { Answer } from './answer.ts'

const MAX_AGE_MS = 300_000
const TOUCH_EVERY_MS = 1_000
const ENTRY_OVERHEAD_BYTES = 1_024
const MAX_ENTRY_SHARE = 8 // no answer may take more than an eighth of the cache

type Entry = Readonly<{
  answer: Answer
  generation: number
  storedAtMs: number
  bytes: number
}> & { touchedAtMs: number }

export type ResponseCache = Readonly<{
  /** A finished answer that is still exact, without waiting. */
  find(tenantId: TenantId, key: string): Answer | undefined
  /** To be called when an answer that `find` gave is sent: it counts as a hit. */
  served(): void
  /** The same, or made now; callers who ask for the same at the same time share one making. Undefined is not kept. */
  load(
    tenantId: TenantId,
    key: string,
    make: () => Promise<Answer | undefined>,
  ): Promise<Answer | undefined>
  /** To be called when an answer grew by a compressed variant. */
  grew(tenantId: TenantId, key: string, answer: Answer): void
}>

type Options = Readonly<{
  maxBytes: number
  generation: (tenantId: TenantId) => number
  clock: Clock
  metrics: Metrics
}>

export const createResponseCache = (options: Options): ResponseCache => {
  const { generation, clock, metrics } = options
  const shelf = createShelf(options)
  const making = new Map<string, Promise<Answer | undefined>>()

  const find: ResponseCache['find'] = (tenantId, key) => {
    const id = idOf(tenantId, key)
    const entry = shelf.get(id)
    if (entry === undefined) return undefined
    const nowMs = clock()
    if (entry.generation !== generation(tenantId) || nowMs - entry.storedAtMs >= MAX_AGE_MS) {
      shelf.drop(id)
      return undefined
    }
    shelf.touch(id, entry, nowMs)
    return entry.answer
  }
  const served = (): void => metrics.count('pawtrail_cache_requests_total', 1, HIT)

  const load: ResponseCache['load'] = async (tenantId, key, make) => {
    const found = find(tenantId, key)
    if (found !== undefined) {
      served()
      return found
    }
    metrics.count('pawtrail_cache_requests_total', 1, MISS)
    const id = idOf(tenantId, key)
    const before = generation(tenantId)
    const flight = `${before}\n${id}`
    const underway = making.get(flight)
    if (underway !== undefined) return underway
    const made = make().then((answer) => {
      if (answer !== undefined && before === generation(tenantId)) {
        shelf.keep(id, newEntry(id, { answer, generation: before, nowMs: clock() }))
      }
      return answer
    })
    making.set(flight, made)
    try {
      return await made
    } finally {
      making.delete(flight)
    }
  }

  const grew: ResponseCache['grew'] = (tenantId, key, answer) => {
    const id = idOf(tenantId, key)
    const entry = shelf.get(id)
    if (entry?.answer === answer) shelf.keep(id, { ...entry, bytes: sizeOf(id, answer) })
  }
  return { find, served, load, grew }
}

const newEntry = (
  id: string,
  made: Readonly<{ answer: Answer; generation: number; nowMs: number }>,
): Entry => ({
  answer: made.answer,
  generation: made.generation,
  storedAtMs: made.nowMs,
  touchedAtMs: made.nowMs,
  bytes: sizeOf(id, made.answer),
})

type Shelf = Readonly<{
  get(id: string): Entry | undefined
  keep(id: string, entry: Entry): void
  touch(id: string, entry: Entry, nowMs: number): void
  drop(id: string): void
}>

/** The entries, as many as fit; those go first whose last use is longest ago, to the second. */
const createShelf = ({ maxBytes, metrics }: Options): Shelf => {
  const entries = new Map<string, Entry>() // oldest use first
  const takeOldest = oldestFirst(entries)
  let bytes = 0
  const remove = (id: string): void => {
    bytes -= entries.get(id)?.bytes ?? 0
    entries.delete(id)
  }
  const tell = (): void => {
    metrics.gauge('pawtrail_cache_bytes', bytes)
    metrics.gauge('pawtrail_cache_entries', entries.size)
  }
  return {
    get: (id) => entries.get(id),
    drop: (id) => {
      remove(id)
      tell()
    },
    keep: (id, entry) => {
      remove(id)
      if (entry.bytes <= maxBytes / MAX_ENTRY_SHARE) {
        entries.set(id, entry)
        bytes += entry.bytes
      }
      while (bytes > maxBytes) bytes -= takeOldest()?.[1].bytes ?? bytes
      tell()
    },
    // Moving an entry to the end costs more than the rest of a hit: not more than once a second.
    touch: (id, entry, nowMs) => {
      if (nowMs - entry.touchedAtMs < TOUCH_EVERY_MS) return
      entry.touchedAtMs = nowMs
      entries.delete(id)
      entries.set(id, entry)
    },
  }
}

const HIT = { result: 'hit' } as const
const MISS = { result: 'miss' } as const

const idOf = (tenantId: TenantId, key: string): string => `${tenantId}\n${key}`

const sizeOf = (id: string, answer: Answer): number => {
  let size = ENTRY_OVERHEAD_BYTES + id.length
  for (const variant of answer.variants.values()) size += variant.body.length
  return size
}
