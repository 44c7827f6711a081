// The time from taking the lease to losing it: pages one after the other, the next one being read while this one is
// folded, and between them signs of life, moves over events of no interest, and retries of parked streams.
import type { LogPage } from '../../core/event-store.ts'
import type { Position } from '../../core/event.ts'
import { liveTarget, subscriptionOf } from '../projection.ts'
import { type Lease, moveCheckpoint, notifyMove, releaseLease, renewLease } from './checkpoint.ts'
import { type Poison, streamKey } from './isolate.ts'
import { foldPage } from './page.ts'
import { parkedStreams, requestedRetries } from './parking.ts'
import { retryStream } from './retry.ts'
import type { RunnerOptions, RunnerTiming } from './options.ts'
import { pause } from './wait.ts'

const BACKLOG_EVENTS = 250 // a page of more shows a backlog: the next one is read while it is folded
const MAX_GATHER_MS = 50

type TenureOptions = RunnerOptions &
  Readonly<{ timing: RunnerTiming; onProgress: () => void; grow: (folded: number) => void }>

/** `written` is what the checkpoint row says; `seen` may be further, over events of no interest. */
type Tenure = Readonly<{ options: TenureOptions; lease: Lease; parked: Set<string> }> & {
  written: Position
  seen: Position
  revision: number
  writtenAtMs: number
  housekeptAtMs: number
  passedTo: Position // as far as the log has said that it has nothing of interest
  wake: (() => void) | undefined // while the next page is waited for
}

type Turn = Readonly<{ kind: 'page'; result: IteratorResult<LogPage> }> | Readonly<{ kind: 'idle' }>

export const holdTenure = async (
  options: TenureOptions,
  lease: Lease,
  signal: AbortSignal,
): Promise<void> => {
  const reading = new AbortController()
  const stop = (): void => reading.abort()
  signal.addEventListener('abort', stop)
  if (signal.aborted) stop()
  let tenure: Tenure | undefined
  try {
    tenure = await beginTenure(options, lease)
    await work(tenure, reading.signal)
  } finally {
    signal.removeEventListener('abort', stop)
    stop()
    // One that fails again and again falls behind, and keeps no house. Nothing waits for it.
    if (tenure !== undefined) void measure(tenure).catch(() => {})
    await releaseLease(options.database, lease).catch(() => {}) // it runs out by itself
  }
}

const beginTenure = async (options: TenureOptions, lease: Lease): Promise<Tenure> => {
  const { database, clock } = options
  const parked = await parkedStreams(database, lease.subscription)
  const nowMs = clock()
  return {
    options,
    lease,
    parked: new Set(parked.map(streamKey)),
    written: lease.position,
    seen: lease.position,
    revision: lease.revision,
    writtenAtMs: nowMs,
    housekeptAtMs: nowMs,
    passedTo: lease.position,
    wake: undefined,
  }
}

const work = async (tenure: Tenure, signal: AbortSignal): Promise<void> => {
  const { eventStore, projection, pageSize } = tenure.options
  const pages = eventStore
    .subscribe({
      after: tenure.seen,
      signal,
      filter: { categories: projection.categories },
      onPassedOver: (upTo) => passOver(tenure, upTo),
      ...(pageSize === undefined ? {} : { pageSize }),
    })
    [Symbol.asyncIterator]()
  let next = pages.next()
  try {
    while (!signal.aborted) {
      skip(tenure, tenure.passedTo)
      const turn = await nextTurn(tenure, next, signal)
      if (turn.kind === 'page') {
        if (turn.result.done === true) return
        const page = turn.result.value
        const isBehind = page.events.length >= BACKLOG_EVENTS
        if (isBehind) next = pages.next()
        const startedMs = tenure.options.clock()
        await takePage(tenure, page)
        if (!isBehind) {
          await gather(tenure.options.clock() - startedMs, page, signal)
          next = pages.next()
        }
      }
      await keepHouse(tenure)
    }
  } finally {
    next.catch(() => {}) // whoever ends a tenure does not hear the reader's last word
    void pages.return?.().catch(() => {})
  }
}

/**
 * After a page that is no backlog as long a pause as the page took: what happens meanwhile is folded together, and
 * while many write the read model leaves them half of the time. An event that comes after the pause is folded at once.
 */
const gather = async (tookMs: number, page: LogPage, signal: AbortSignal): Promise<void> => {
  if (page.events.length > 1) await pause(Math.min(tookMs, MAX_GATHER_MS), signal)
}

/** The next page, or `idle` when something else is due first. */
const nextTurn = async (
  tenure: Tenure,
  next: Promise<IteratorResult<LogPage>>,
  signal: AbortSignal,
): Promise<Turn> => {
  let wake: () => void = () => {}
  const idle = new Promise<Turn>((resolve) => {
    wake = () => resolve({ kind: 'idle' })
  })
  tenure.wake = wake
  const timer = setTimeout(wake, dueInMs(tenure))
  signal.addEventListener('abort', wake)
  try {
    return await Promise.race([next.then((result): Turn => ({ kind: 'page', result })), idle])
  } finally {
    tenure.wake = undefined
    clearTimeout(timer)
    signal.removeEventListener('abort', wake)
  }
}

const dueInMs = ({ options, seen, written, writtenAtMs, housekeptAtMs }: Tenure): number => {
  const { timing, clock } = options
  const housekeepingAtMs = housekeptAtMs + timing.housekeepingMs
  const dueAtMs =
    seen > written ? Math.min(housekeepingAtMs, writtenAtMs + timing.skipWriteMs) : housekeepingAtMs
  return Math.max(0, dueAtMs - clock())
}

const takePage = async (tenure: Tenure, page: LogPage): Promise<void> => {
  const { options, lease, parked } = tenure
  const { projection, database, decode, clock, metrics } = options
  const labels = { projection: lease.subscription }
  const startedMs = clock()
  const target = liveTarget(projection)
  const context = { projection, target, database, decode, parked }
  const outcome = await foldPage(context, lease, { from: tenure.written, page })
  for (const poison of outcome.poisons) setAside(tenure, poison)
  tenure.written = outcome.move.position
  tenure.seen = outcome.move.position
  tenure.revision = outcome.move.revision
  tenure.writtenAtMs = clock()
  options.onMove(outcome.move)
  options.onProgress()
  options.grow(outcome.folded)
  metrics.count('pawtrail_projection_events_total', outcome.folded, labels)
  metrics.observe(
    'pawtrail_projection_page_duration_seconds',
    (clock() - startedMs) / 1_000,
    labels,
  )
  metrics.gauge('pawtrail_projection_position', tenure.seen, labels)
}

/**
 * While the next page is waited for, all that was handed out before is folded, and the position moves
 * at once; otherwise when the page in hand is. The first move starts the time until it is written.
 */
const passOver = (tenure: Tenure, upTo: Position): void => {
  tenure.passedTo = upTo
  if (tenure.wake === undefined) return
  const isFirst = tenure.seen === tenure.written
  skip(tenure, upTo)
  if (isFirst) tenure.wake()
}

// No row changes, so a query sees this position already; the row follows when it is time to write.
const skip = (tenure: Tenure, upTo: Position): void => {
  if (upTo <= tenure.seen) return
  tenure.seen = upTo
  const subscription = tenure.lease.subscription
  tenure.options.onMove({ subscription, position: upTo, revision: tenure.revision, tenants: [] })
}

const keepHouse = async (tenure: Tenure): Promise<void> => {
  const { timing, clock } = tenure.options
  const nowMs = clock()
  if (tenure.seen > tenure.written && nowMs - tenure.writtenAtMs >= timing.skipWriteMs) {
    await writeSkipped(tenure)
  }
  if (nowMs - tenure.housekeptAtMs < timing.housekeepingMs) return
  await renewLease(tenure.options.database, tenure.lease)
  await retryParked(tenure)
  await measure(tenure)
  tenure.housekeptAtMs = clock()
}

const writeSkipped = async (tenure: Tenure): Promise<void> => {
  const { lease, seen, options } = tenure
  const from = tenure.written
  await options.database.transaction(async (tx) => {
    const step = { from, position: seen, changesRows: false }
    const revision = await moveCheckpoint(tx, lease, step)
    await notifyMove(tx, {
      subscription: lease.subscription,
      position: seen,
      revision,
      tenants: [],
    })
  })
  tenure.written = seen
  tenure.writtenAtMs = options.clock()
}

const retryParked = async (tenure: Tenure): Promise<void> => {
  const { options, lease, parked } = tenure
  for (const stream of await requestedRetries(options.database, lease.subscription)) {
    if (tenure.seen > tenure.written) await writeSkipped(tenure)
    const context = { ...options, target: liveTarget(options.projection), parked }
    const outcome = await retryStream(context, lease, { stream, at: tenure.written })
    tenure.revision = outcome.move.revision
    if (outcome.poison === undefined) parked.delete(streamKey(stream))
    else setAside(tenure, outcome.poison)
    options.onMove(outcome.move)
  }
}

const setAside = ({ options, parked, lease }: Tenure, poison: Poison): void => {
  const { tenantId, category, streamId, position, error } = poison
  parked.add(`${tenantId} ${category} ${streamId}`)
  options.metrics.count('pawtrail_projection_parked_total', 1, { projection: lease.subscription })
  options.logger.error(
    {
      projection: subscriptionOf(options.projection),
      tenantId,
      category,
      streamId,
      position,
      error,
    },
    'stream parked: one of its events cannot be folded',
  )
}

const measure = async ({ options, lease, seen }: Tenure): Promise<void> => {
  const { metrics, eventStore } = options
  const labels = { projection: lease.subscription }
  metrics.gauge('pawtrail_projection_position', seen, labels)
  const lag = Math.max(0, (await eventStore.head()) - seen)
  metrics.gauge('pawtrail_projection_lag_events', lag, labels)
}
