// Finished answers to public reads, kept as bytes. An answer is good only while the tenant's read model generation is
// the one captured before its query ran, so a reader never sees a pet as it was before a write the model has taken in.
import type { Clock } from '../../core/clock.ts'
import type { TenantId } from '../../core/ids.ts'
import type { Metrics } from '../../core/metrics.ts'
import type { Answer } from './answer.ts'

const MAX_AGE_MS = 300_000
const ENTRY_OVERHEAD_BYTES = 1_024
const MAX_ENTRY_SHARE = 8 // no answer may take more than an eighth of the cache

type Entry = { answer: Answer; generation: number; storedAtMs: number; bytes: number }

export type ResponseCache = Readonly<{
  /** A finished answer that is still exact, without waiting. */
  find(tenantId: TenantId, key: string): Answer | undefined
  /** The same, or made now; callers who ask for the same at the same time share one making. Undefined is not kept. */
  load(
    tenantId: TenantId,
    key: string,
    make: () => Promise<Answer | undefined>,
  ): Promise<Answer | undefined>
  /** To be called when an answer grew by a compressed variant. */
  grew(tenantId: TenantId, key: string, answer: Answer): void
}>

export const createResponseCache = (
  options: Readonly<{
    maxBytes: number
    generation: (tenantId: TenantId) => number
    clock: Clock
    metrics: Metrics
  }>,
): ResponseCache => {
  const { maxBytes, generation, clock, metrics } = options
  const entries = new Map<string, Entry>() // oldest use first
  const making = new Map<string, Promise<Answer | undefined>>()
  let bytes = 0

  const drop = (id: string, entry: Entry): void => {
    if (entries.delete(id)) bytes -= entry.bytes
  }
  const report = (): void => {
    metrics.gauge('pawtrail_cache_bytes', bytes)
    metrics.gauge('pawtrail_cache_entries', entries.size)
  }
  const keep = (id: string, entry: Entry): void => {
    const earlier = entries.get(id)
    if (earlier !== undefined) drop(id, earlier)
    if (entry.bytes <= maxBytes / MAX_ENTRY_SHARE) {
      entries.set(id, entry)
      bytes += entry.bytes
    }
    for (const [oldest, candidate] of entries) {
      if (bytes <= maxBytes) break
      drop(oldest, candidate)
    }
    report()
  }
  const find = (tenantId: TenantId, key: string): Answer | undefined => {
    const id = idOf(tenantId, key)
    const entry = entries.get(id)
    if (entry === undefined) return undefined
    const isExact =
      entry.generation === generation(tenantId) && clock() - entry.storedAtMs < MAX_AGE_MS
    if (!isExact) {
      drop(id, entry)
      return undefined
    }
    entries.delete(id)
    entries.set(id, entry)
    metrics.count('pawtrail_cache_requests_total', 1, HIT)
    return entry.answer
  }

  const load: ResponseCache['load'] = async (tenantId, key, make) => {
    const found = find(tenantId, key)
    if (found !== undefined) return found
    metrics.count('pawtrail_cache_requests_total', 1, MISS)
    const id = idOf(tenantId, key)
    const before = generation(tenantId)
    const flight = `${before}\n${id}`
    const underway = making.get(flight)
    if (underway !== undefined) return underway
    const made = make().then((answer) => {
      if (answer !== undefined && before === generation(tenantId)) {
        const entry = { answer, generation: before, storedAtMs: clock(), bytes: sizeOf(id, answer) }
        keep(id, entry)
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
    const entry = entries.get(id)
    if (entry?.answer === answer) keep(id, { ...entry, bytes: sizeOf(id, answer) })
  }
  return { find, load, grew }
}

const HIT = { result: 'hit' } as const
const MISS = { result: 'miss' } as const

const idOf = (tenantId: TenantId, key: string): string => `${tenantId}\n${key}`

const sizeOf = (id: string, answer: Answer): number => {
  let size = ENTRY_OVERHEAD_BYTES + id.length
  for (const variant of answer.variants.values()) size += variant.body.length
  return size
}
