// Builds a projection anew beside the live tables and then changes places with them in one transaction. Readers see the
// old rows until then and the new ones from then on, never something between.
import type { Clock } from '../core/clock.ts'
import { type EventStore, type LogPage, MAX_LOG_PAGE } from '../core/event-store.ts'
import type { Position } from '../core/event.ts'
import { Fault } from '../core/fault.ts'
import type { Logger } from '../core/logger.ts'
import type { SqlDatabase } from '../core/sql.ts'
import { createTable } from './install.ts'
import { type Projection, rebuildSubscription, rebuildTarget } from './projection.ts'
import { type Lease, renewLease, takeLease } from './runner/checkpoint.ts'
import { type Decode, isPoison, streamKey } from './runner/isolate.ts'
import { foldPage } from './runner/page.ts'
import { createBackoff, pause } from './runner/wait.ts'
import { dropRebuild, finishTables, switchTables } from './rebuild-switch.ts'

export type RebuildProgress = Readonly<{
  done: Position
  total: Position
  events: number // folded so far
  perSecond: number // events folded
  etaMs: number | null // null before there is something to reckon with
}>

export type RebuildOptions = Readonly<{
  projection: Projection
  eventStore: EventStore
  database: SqlDatabase
  /** As the owner of the tables. Its deadline must leave time to build an index over the whole table. */
  admin: SqlDatabase
  decode: Decode
  owner: string // unique among processes
  clock: Clock
  logger: Logger
  signal: AbortSignal
  onProgress?: (progress: RebuildProgress) => void
  /** Silent for longer: the rebuild was killed, and another may clear up after it. */
  leaseMs?: number
}>

export type RebuildResult = Readonly<{ events: number; position: Position; parked: number }>

type Rebuilding = Readonly<{ options: RebuildOptions; lease: Lease; parked: Set<string> }> & {
  position: Position
  events: number
}

const LEASE_MS = 15_000
const SIGNS_OF_LIFE_A_LEASE = 5
const MAX_SWITCH_ATTEMPTS = 50

/** Throws Fault `fenced` when another rebuild of this projection is running. */
export const rebuildProjection = async (options: RebuildOptions): Promise<RebuildResult> => {
  const rebuilding = await begin(options)
  const fallSilent = giveSignsOfLife(options, rebuilding.lease)
  try {
    await catchUp(rebuilding)
    await finishTables(options.admin, options.projection, rebuildTarget(options.projection))
    await changePlaces(rebuilding)
  } catch (error) {
    // What cannot be cleared up now is cleared up by the next rebuild.
    await dropRebuild(options.admin, options).catch(() => {})
    throw error
  } finally {
    fallSilent()
  }
  const { events, position, parked } = rebuilding
  return { events, position, parked: parked.size }
}

const begin = async (options: RebuildOptions): Promise<Rebuilding> => {
  const { projection, admin, owner, leaseMs = LEASE_MS } = options
  const subscription = rebuildSubscription(projection)
  const taken = await takeLease(admin, { subscription, owner, leaseMs })
  if (taken === undefined) {
    throw new Fault('fenced', `${projection.name} is being rebuilt by another process`)
  }
  await dropRebuild(admin, options)
  const lease = await takeLease(admin, { subscription, owner, leaseMs })
  if (lease === undefined) throw new Fault('fenced', `another rebuild of ${projection.name} began`)
  await admin.transaction(async (tx) => {
    for (const table of projection.tables) {
      await createTable(tx, table, rebuildTarget(projection))
    }
  })
  return { options, lease, parked: new Set(), position: 0, events: 0 }
}

// Pages move the lease too, but an index over a large table, or a wait for its readers, may take many minutes.
const giveSignsOfLife = (
  { admin, leaseMs = LEASE_MS }: RebuildOptions,
  lease: Lease,
): (() => void) => {
  const timer = setInterval(() => {
    renewLease(admin, lease).catch(() => {}) // the next page, or the next sign, says what is wrong
  }, leaseMs / SIGNS_OF_LIFE_A_LEASE)
  return () => clearInterval(timer)
}

/** Folds up to where the log ended when the last page was read; the next page is read while this one is folded. */
const catchUp = async (rebuilding: Rebuilding): Promise<void> => {
  const { options } = rebuilding
  const total = await options.eventStore.head()
  const startedMs = options.clock()
  const [startPosition, startEvents] = [rebuilding.position, rebuilding.events]
  let next = readPage(options, rebuilding.position)
  while (rebuilding.position < total) {
    options.signal.throwIfAborted()
    const page = await next
    next = page.upTo < total ? readPage(options, page.upTo) : next
    next.catch(() => {}) // heard when it is awaited
    await foldOne(rebuilding, page)
    const seconds = (options.clock() - startedMs) / 1_000
    const done = rebuilding.position
    const share = (done - startPosition) / Math.max(1, total - startPosition)
    options.onProgress?.({
      done,
      total,
      events: rebuilding.events,
      perSecond: seconds > 0 ? Math.round((rebuilding.events - startEvents) / seconds) : 0,
      etaMs: share > 0 ? Math.round((seconds * 1_000 * (1 - share)) / share) : null,
    })
  }
}

const readPage = ({ eventStore, projection }: RebuildOptions, after: Position): Promise<LogPage> =>
  eventStore.readAll({ after, limit: MAX_LOG_PAGE, filter: { categories: projection.categories } })

const foldOne = async (rebuilding: Rebuilding, page: LogPage): Promise<void> => {
  const { options, lease, parked } = rebuilding
  const { projection, admin, decode } = options
  const context = { projection, target: rebuildTarget(projection), database: admin, decode, parked }
  const outcome = await foldPage(context, lease, { from: rebuilding.position, page })
  for (const poison of outcome.poisons) {
    parked.add(streamKey(poison))
    options.logger.error({ projection: projection.name, ...poison }, 'stream parked by a rebuild')
  }
  rebuilding.position = page.upTo
  rebuilding.events += outcome.folded
}

// Another transaction may hold a table for a moment; waiting long for it would make every reader wait behind us.
const changePlaces = async (rebuilding: Rebuilding): Promise<void> => {
  const { options } = rebuilding
  const { projection, clock, owner, signal, logger } = options
  const backoff = createBackoff({ firstMs: 100, longestMs: 3_000, seed: owner, clock })
  for (let attempt = 1; ; attempt += 1) {
    signal.throwIfAborted()
    await catchUp(rebuilding)
    try {
      rebuilding.position = await switchTables(options, rebuilding.parked, rebuilding.position)
      return
    } catch (error) {
      if (attempt >= MAX_SWITCH_ATTEMPTS || !isWorthAnotherAttempt(error)) throw error
      const reason = error instanceof Error ? error.message : String(error)
      logger.info(
        { projection: projection.name, attempt, reason },
        'rebuild waits to change places',
      )
      await pause(backoff.next(), signal)
    }
  }
}

// Locked out, or an event that the next catch-up sets aside.
const isWorthAnotherAttempt = (error: unknown): boolean => {
  if (error instanceof Fault && error.code === 'deadline_exceeded') return true
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === '40P01' || code === '55P03' || isPoison(error)
}
