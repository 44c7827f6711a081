// For who wants to know how things are and not how they came to be so: of what was missed, the newest
// event of each subject.
import { type FeedEntry, isShown } from './entry.ts'
import { isWanted } from './filter.ts'
import type { Subscriber } from './subscriber.ts'

/**
 * Of the entries that concern the subscriber, in their order. What is left out is followed by a newer
 * one among these, so a cursor between the two still leads to that.
 */
export const newestOfEach = (
  entries: readonly FeedEntry[],
  { filter, visibility }: Pick<Subscriber, 'filter' | 'visibility'>,
): readonly FeedEntry[] => {
  const newest = new Map<string, FeedEntry>()
  for (const entry of entries) {
    if (!isShown(entry, visibility) || isWanted(filter, entry) !== true) continue
    newest.delete(entry.subject) // so that it stands where its newest does
    newest.set(entry.subject, entry)
  }
  return [...newest.values()]
}
