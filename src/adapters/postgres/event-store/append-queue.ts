// Appends that wait to be sent. A batch never holds two commands of one stream or of one key: the
// function that stores it judges all of them against the state before it.
import type { AppendOutcome } from '../../../core/event-store.ts'
import type { BatchCommand } from './batch.ts'
import type { EventStoreLimits } from './limits.ts'

export type QueuedAppend = BatchCommand &
  Readonly<{
    streamKey: string
    idempotencyKey: string | undefined // with its tenant
    bytes: number
    deadlineMs: number
    resolve: (outcome: AppendOutcome) => void
    reject: (fault: Error) => void
  }>

export type AppendQueue = Readonly<{
  length(): number
  /** False when there is no room. */
  add(append: QueuedAppend): boolean
  /** In their order: as many as fit and may travel together. */
  takeBatch(): QueuedAppend[]
  /** Back at the front, each to travel alone. */
  putBack(appends: readonly QueuedAppend[]): void
  /** Removes those whose deadline has come. */
  takeExpired(nowMs: number): QueuedAppend[]
  nextDeadlineMs(): number | undefined
  takeAll(): QueuedAppend[]
}>

// Bounds the work of looking for the next batch when most of the queue waits for one busy stream.
const MAX_LOOKED_AT_PER_BATCH = 2_048

export const createAppendQueue = (limits: EventStoreLimits): AppendQueue => {
  let alone: QueuedAppend[] = []
  let waiting: QueuedAppend[] = []
  let bytes = 0
  const forget = (appends: QueuedAppend[]): QueuedAppend[] => {
    for (const append of appends) bytes -= append.bytes
    return appends
  }
  return {
    length: () => alone.length + waiting.length,
    add: (append) => {
      const isFull =
        alone.length + waiting.length >= limits.maxQueuedCommands ||
        bytes + append.bytes > limits.maxQueuedBytes
      if (isFull) return false
      waiting.push(append)
      bytes += append.bytes
      return true
    },
    takeBatch: () => {
      if (alone.length > 0) return forget(alone.splice(0, 1))
      const { batch, rest } = split(waiting, limits)
      waiting = rest
      return forget(batch)
    },
    putBack: (appends) => {
      for (const append of appends) bytes += append.bytes
      alone = [...appends, ...alone]
    },
    takeExpired: (nowMs) => {
      // All have the same time to wait, so the first in line is the first to be late.
      if (!isLate(alone[0], nowMs) && !isLate(waiting[0], nowMs)) return []
      const expired = [...alone, ...waiting].filter(({ deadlineMs }) => deadlineMs <= nowMs)
      if (expired.length === 0) return expired
      alone = alone.filter(({ deadlineMs }) => deadlineMs > nowMs)
      waiting = waiting.filter(({ deadlineMs }) => deadlineMs > nowMs)
      return forget(expired)
    },
    // The first in line came first, and all have the same time to wait.
    nextDeadlineMs: () => (alone[0] ?? waiting[0])?.deadlineMs,
    takeAll: () => {
      const all = [...alone, ...waiting]
      alone = []
      waiting = []
      return forget(all)
    },
  }
}

const isLate = (append: QueuedAppend | undefined, nowMs: number): boolean =>
  append !== undefined && append.deadlineMs <= nowMs

type Split = Readonly<{ batch: QueuedAppend[]; rest: QueuedAppend[] }>

const split = (waiting: readonly QueuedAppend[], limits: EventStoreLimits): Split => {
  const batch: QueuedAppend[] = []
  const passedOver: QueuedAppend[] = []
  const taken = new Set<string>()
  let bytes = 0
  let index = 0
  for (; index < waiting.length && index < MAX_LOOKED_AT_PER_BATCH; index += 1) {
    const append = waiting[index]
    if (append === undefined) break
    const isFull =
      batch.length === limits.maxBatchCommands ||
      (batch.length > 0 && bytes + append.bytes > limits.maxBatchBytes)
    if (isFull) break
    const { streamKey, idempotencyKey } = append
    const mayTravel =
      !taken.has(streamKey) && (idempotencyKey === undefined || !taken.has(idempotencyKey))
    // Also what is passed over blocks its stream and key: what comes behind it must not overtake
    // it.
    taken.add(streamKey)
    if (idempotencyKey !== undefined) taken.add(idempotencyKey)
    if (!mayTravel) {
      passedOver.push(append)
      continue
    }
    batch.push(append)
    bytes += append.bytes
  }
  return { batch, rest: [...passedOver, ...waiting.slice(index)] }
}
