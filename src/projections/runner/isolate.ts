// Finds the events that cannot be folded, so that only their streams are set aside. The way without errors costs
// nothing; on the error path savepoints and halving need about log(streams) attempts for each culprit.
import type { Position, StoredEvent } from '../../core/event.ts'
import { Fault } from '../../core/fault.ts'
import type { SqlExecutor } from '../../core/sql.ts'

export type Decode = (stored: StoredEvent) => StoredEvent

export type Poison = Readonly<{
  tenantId: string
  category: string
  streamId: string
  position: Position
  error: string
}>

export type Decoded = Readonly<{ events: readonly StoredEvent[]; poisons: readonly Poison[] }>

type Apply = (tx: SqlExecutor, events: readonly StoredEvent[]) => Promise<void>

const MAX_ERROR_CHARACTERS = 2_000

export const streamKey = (
  event: Readonly<{ tenantId: string; category: string; streamId: string }>,
): string => `${event.tenantId} ${event.category} ${event.streamId}`

/** Decodes a page; a stream with an event that this build does not know ends before that event. */
export const decodePage = (decode: Decode, stored: readonly StoredEvent[]): Decoded => {
  const events: StoredEvent[] = []
  const poisons: Poison[] = []
  const ended = new Set<string>()
  for (const event of stored) {
    const key = streamKey(event)
    if (ended.has(key)) continue
    try {
      events.push(decode(event))
    } catch (error) {
      if (!isPoison(error)) throw error
      ended.add(key)
      poisons.push(poisonOf(event, error))
    }
  }
  return { events, poisons }
}

/** Applies all that can be applied and answers which streams could not be, each from its first bad event. */
export const applyIsolated = async (
  tx: SqlExecutor,
  apply: Apply,
  events: readonly StoredEvent[],
): Promise<readonly Poison[]> => {
  const streams = [...groupByStream(events).values()]
  const poisons: Poison[] = []
  const pending = streams.length === 0 ? [] : [streams]
  for (let part = pending.pop(); part !== undefined; part = pending.pop()) {
    const error = await attempt(tx, apply, inLogOrder(part))
    if (error === undefined) continue
    const [first] = part
    if (part.length === 1 && first !== undefined) {
      const poison = await applyUntilPoison(tx, apply, first)
      if (poison !== undefined) poisons.push(poison)
      continue
    }
    const middle = part.length >> 1
    pending.push(part.slice(middle), part.slice(0, middle)) // the first half is done first
  }
  return poisons
}

/** True for what will fail again however often it is tried: a bug of the fold, or a value the database refuses. */
export const isPoison = (error: unknown): boolean => {
  if (error instanceof Fault) return error.code === 'unknown_event'
  if (!(error instanceof Error)) return true
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  // 22 data exception, 23 constraint, 54 program limit (a value too long for an index)
  return code === undefined || /^(22|23|54)[0-9A-Z]{3}$/.test(code)
}

const applyUntilPoison = async (
  tx: SqlExecutor,
  apply: Apply,
  events: readonly StoredEvent[],
): Promise<Poison | undefined> => {
  for (const event of events) {
    const error = await attempt(tx, apply, [event])
    if (error !== undefined) return poisonOf(event, error)
  }
  return undefined
}

const attempt = async (
  tx: SqlExecutor,
  apply: Apply,
  events: readonly StoredEvent[],
): Promise<Error | undefined> => {
  await tx.query('savepoint part')
  try {
    await apply(tx, events)
    await tx.query('release savepoint part')
    return undefined
  } catch (error) {
    if (!isPoison(error)) throw error
    await tx.query('rollback to savepoint part')
    return error instanceof Error ? error : new Error(String(error))
  }
}

const groupByStream = (events: readonly StoredEvent[]): Map<string, StoredEvent[]> => {
  const streams = new Map<string, StoredEvent[]>()
  for (const event of events) {
    const key = streamKey(event)
    const stream = streams.get(key)
    if (stream === undefined) streams.set(key, [event])
    else stream.push(event)
  }
  return streams
}

const inLogOrder = (streams: readonly (readonly StoredEvent[])[]): readonly StoredEvent[] =>
  streams.flat().sort((left, right) => left.position - right.position)

const poisonOf = (event: StoredEvent, error: unknown): Poison => ({
  tenantId: event.tenantId,
  category: event.category,
  streamId: event.streamId,
  position: event.position,
  error: (error instanceof Error ? error.message : String(error))
    .replaceAll('\0', '')
    .slice(0, MAX_ERROR_CHARACTERS),
})
