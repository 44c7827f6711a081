// The port that says when something is to be worked. It holds no work: what there is to do, the worker finds out.
import type { TenantId } from './ids.ts'

export type WorkItem = Readonly<{ tenantId: TenantId; id: string }>

/** Answers when the item is to be worked again, in epoch milliseconds; undefined: not before somebody asks. */
export type Work = (item: WorkItem, signal: AbortSignal) => Promise<number | undefined>

/**
 * Guaranteed: an item is worked at or after the time it was asked for; asked for while it is worked, it is worked once
 * more afterwards; asking many times for what is not worked yet is asking once.
 *
 * Not guaranteed: that an item is worked by one process at a time, or at all when this store loses what it holds: the
 * worker takes a lease, and looks for what is overdue.
 */
export interface WorkQueue {
  /** As soon as can be. */
  wake(item: WorkItem): Promise<void>
  /** Not before the time; replaces the earlier wish for a later time. */
  wakeAt(item: WorkItem, atMs: number): Promise<void>
  start(work: Work): Promise<void>
  /** Signals the work under way, and waits for it. */
  stop(): Promise<void>
}
