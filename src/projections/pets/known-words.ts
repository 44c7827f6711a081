// The words that this process knows to be stored, so that a page of events looks for new ones only.
// A tenant's row names the transaction that wrote it last; what is known holds as long as that is
// the one this process saw. A transaction that was rolled back, another process's work and a
// rebuild all leave another name there, and the words are forgotten.
import { oldestFirst } from '../../core/oldest-first.ts'

export type KnownWords = Readonly<{
  /** The tenant's words as of that transaction: empty when anything else was seen last. May be added to. */
  of: (tenant: string, writtenBy: string | undefined) => Set<string>
  keep: (tenant: string, writtenBy: string, words: Set<string>) => void
}>

/** Keeps at most so many words, those of the tenants that were seen last. */
export const createKnownWords = (limit: number): KnownWords => {
  const known = new Map<string, Readonly<{ writtenBy: string; words: Set<string>; size: number }>>()
  const takeOldest = oldestFirst(known)
  let total = 0

  const forget = (tenant: string): void => {
    total -= known.get(tenant)?.size ?? 0
    known.delete(tenant)
  }

  return {
    of: (tenant, writtenBy) => {
      const found = known.get(tenant)
      if (found?.writtenBy === writtenBy) return found?.words ?? new Set()
      forget(tenant)
      return new Set()
    },
    keep: (tenant, writtenBy, words) => {
      forget(tenant) // the newest stand last
      known.set(tenant, { writtenBy, words, size: words.size })
      total += words.size
      while (total > limit) total -= takeOldest()?.[1].size ?? total
    },
  }
}
