// The time from taking a policy's lease to losing it: pages one after the other, each event of a page one after the
// other, then the checkpoint. Between them signs of life, and tries of what was set aside.
import type { CheckpointLease } from '../core/checkpoints.ts'
import type { LogPage } from '../core/event-store.ts'
import type { Position, StoredEvent } from '../core/event.ts'
import type { Tenure, TenureOptions } from './options.ts'
import { setAside, streamKey, tryParked } from './parking.ts'
import { reactTo } from './reaction.ts'
import { backoffMs } from './wait.ts'

/** A reason of our own is cheaper than the error that is made without one. */
const OVER = 'over'

export const holdTenure = async (
  options: TenureOptions,
  lease: CheckpointLease,
  signal: AbortSignal,
): Promise<void> => {
  const { checkpoints } = options
  const reading = new AbortController()
  const stop = (): void => reading.abort()
  signal.addEventListener('abort', stop)
  if (signal.aborted) stop()
  let tenure: Tenure | undefined
  try {
    tenure = await beginTenure(options, lease, reading.signal)
    await work(tenure)
    if (tenure.seen > tenure.written) await write(tenure)
  } finally {
    signal.removeEventListener('abort', stop)
    stop()
    // One that fails again and again falls behind, and keeps no house. Nothing waits for it.
    if (tenure !== undefined) void measure(tenure).catch(() => {})
    await checkpoints.release(lease).catch(() => {}) // it runs out by itself
  }
}

const beginTenure = async (
  options: TenureOptions,
  lease: CheckpointLease,
  signal: AbortSignal,
): Promise<Tenure> => {
  const parked = await options.checkpoints.parked(lease.subscription)
  const nowMs = options.clock()
  return {
    options,
    lease,
    parked: new Map(parked.map((stream) => [streamKey(stream), stream] as const)),
    signal,
    written: lease.position,
    seen: lease.position,
    writtenAtMs: nowMs,
    signOfLifeAtMs: nowMs,
    parkedTriedAtMs: nowMs,
    wake: undefined,
  }
}

const work = async (tenure: Tenure): Promise<void> => {
  const { options, signal } = tenure
  const { policy, pageSize } = options
  const pages = options.eventStore
    .subscribe({
      after: tenure.seen,
      signal,
      filter: { categories: policy.categories, types: policy.types },
      onPassedOver: (upTo) => passOver(tenure, upTo),
      ...(pageSize === undefined ? {} : { pageSize }),
    })
    [Symbol.asyncIterator]()
  let next = pages.next()
  try {
    while (!signal.aborted) {
      const turn = await nextTurn(tenure, next)
      if (turn !== 'idle') {
        if (turn.done === true) return
        await takePage(tenure, turn.value)
        next = pages.next()
      }
      await keepHouse(tenure)
    }
  } finally {
    next.catch(() => {}) // whoever ends a tenure does not hear the reader's last word
    void pages.return?.().catch(() => {})
  }
}

/** The next page, or `idle` when something else is due first. */
const nextTurn = async (
  tenure: Tenure,
  next: Promise<IteratorResult<LogPage>>,
): Promise<IteratorResult<LogPage> | 'idle'> => {
  const { wait } = tenure.options
  const waiting = new AbortController()
  const end = (): void => waiting.abort(OVER)
  tenure.signal.addEventListener('abort', end)
  if (tenure.signal.aborted) end()
  tenure.wake = end
  const idle = wait(dueInMs(tenure), waiting.signal).then(() => 'idle' as const)
  try {
    return await Promise.race([next, idle])
  } finally {
    tenure.wake = undefined
    tenure.signal.removeEventListener('abort', end)
    end()
  }
}

const dueInMs = (tenure: Tenure): number => {
  const { timing, clock } = tenure.options
  const aliveAtMs = tenure.signOfLifeAtMs + timing.signOfLifeMs
  const writeAtMs =
    tenure.seen > tenure.written ? tenure.writtenAtMs + timing.skipWriteMs : Infinity
  return Math.max(0, Math.min(aliveAtMs, writeAtMs) - clock())
}

/** The page before is dealt with by now. The first move starts the time until it is written. */
const passOver = (tenure: Tenure, upTo: Position): void => {
  const isFirst = tenure.seen === tenure.written
  tenure.seen = Math.max(tenure.seen, upTo)
  if (isFirst) tenure.wake?.()
}

/** Ends midway when asked to stop; what was dealt with until then is remembered. */
const takePage = async (tenure: Tenure, page: LogPage): Promise<void> => {
  for (const event of page.events) {
    if (!(await dealWith(tenure, event))) return
    tenure.seen = event.position
    await keepHouse(tenure) // a page may take longer than a lease
  }
  tenure.seen = Math.max(tenure.seen, page.upTo)
  await write(tenure)
}

/** False: asked to stop before it was done. */
const dealWith = async (tenure: Tenure, event: StoredEvent): Promise<boolean> => {
  const { options, parked, signal } = tenure
  const { maxTries, firstRetryMs: firstMs, longestRetryMs: longestMs } = options.timing
  await untilDue(tenure, event)
  for (let tries = 1; !signal.aborted; tries += 1) {
    if (parked.has(streamKey(event))) return true // what is parked is taken from its first event on
    const outcome = await reactTo(tenure, event)
    if (outcome.kind === 'done') return true
    if (outcome.kind === 'later' || tries >= maxTries) {
      await setAside(tenure, event, outcome)
      return true
    }
    await pauseUntil(tenure, options.clock() + backoffMs(tries, { firstMs, longestMs }))
  }
  return false
}

const untilDue = async (tenure: Tenure, event: StoredEvent): Promise<void> => {
  const { policy, clock } = tenure.options
  if (policy.delayMs === undefined) return
  const dueAtMs = Date.parse(event.recordedAt) + policy.delayMs
  if (dueAtMs <= clock()) return
  if (tenure.seen > tenure.written) await write(tenure)
  await pauseUntil(tenure, dueAtMs)
}

const pauseUntil = async (tenure: Tenure, atMs: number): Promise<void> => {
  const { clock, wait, timing } = tenure.options
  for (let leftMs = atMs - clock(); leftMs > 0; leftMs = atMs - clock()) {
    await wait(Math.min(leftMs, timing.signOfLifeMs), tenure.signal)
    if (tenure.signal.aborted) return
    await keepHouse(tenure)
  }
}

const write = async (tenure: Tenure): Promise<void> => {
  const { checkpoints, clock, onProgress } = tenure.options
  const position = tenure.seen
  await checkpoints.advance(tenure.lease, position)
  tenure.written = position
  tenure.writtenAtMs = clock()
  onProgress?.()
}

const keepHouse = async (tenure: Tenure): Promise<void> => {
  const { options, lease } = tenure
  const { timing, clock, checkpoints } = options
  const nowMs = clock()
  if (tenure.seen > tenure.written && nowMs - tenure.writtenAtMs >= timing.skipWriteMs) {
    await write(tenure)
  }
  if (nowMs - tenure.parkedTriedAtMs >= timing.parkedRetryMs) {
    await tryParked(tenure)
    tenure.parkedTriedAtMs = clock()
  }
  if (nowMs - tenure.signOfLifeAtMs < timing.signOfLifeMs) return
  await checkpoints.renew(lease)
  tenure.signOfLifeAtMs = clock()
  await measure(tenure)
}

const measure = async ({ options, seen, parked }: Tenure): Promise<void> => {
  const { policy, eventStore, metrics } = options
  const labels = { policy: policy.name }
  const lag = Math.max(0, (await eventStore.head()) - seen)
  metrics.gauge('pawtrail_policy_lag_events', lag, labels)
  metrics.gauge('pawtrail_policy_parked_streams', parked.size, labels)
}
