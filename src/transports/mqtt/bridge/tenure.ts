// From taking the lease to losing it, or the broker: pages of the log one after the other, each published and answered
// before the checkpoint moves over it. Beside it signs of life, which a slow broker must not hold up.
import type { CheckpointLease } from '../../../core/checkpoints.ts'
import type { LogPage } from '../../../core/event-store.ts'
import type { Position } from '../../../core/event.ts'
import { pause } from '../../feed/pause.ts'
import { createFlight, type Flight } from './flight.ts'
import type { BridgeOptions, BridgeTiming } from './options.ts'
import { createRendering, type Rendering } from './rendering.ts'
import { type BridgedStock, createBridgedStock } from './stock.ts'

export type TenureOptions = BridgeOptions &
  Readonly<{ timing: BridgeTiming; onProgress: () => void }>

/** All up to `seen` was published; `written` is what the checkpoint says. */
type Tenure = Readonly<{ options: TenureOptions; lease: CheckpointLease; signal: AbortSignal }> & {
  seen: Position
  written: Position
}

type Publishing = Readonly<{ flight: Flight; stock: BridgedStock; render: Rendering }>

const PAGE_EVENTS = 100 // are published anew when the process ends in the midst of them

export const holdTenure = async (
  options: TenureOptions,
  lease: CheckpointLease,
  stopping: AbortSignal,
): Promise<void> => {
  const over = new AbortController()
  const signal = AbortSignal.any([over.signal, stopping])
  const tenure: Tenure = { options, lease, signal, seen: lease.position, written: lease.position }
  const living = stayAlive(tenure)
  const connecting = options.broker.connect(signal)
  try {
    const connection = await Promise.race([connecting, living])
    const fields = { broker: options.broker.name, position: lease.position }
    options.logger.info(fields, 'the MQTT bridge publishes')
    options.metrics.gauge('pawtrail_mqtt_bridge_connected', 1)
    const flight = createFlight({ ...options, connection, signal })
    const publishing = {
      flight,
      stock: createBridgedStock(options),
      render: createRendering(options),
    }
    await Promise.race([work(tenure, publishing), living])
  } finally {
    over.abort()
    await connecting.then(({ close }) => close()).catch(() => {})
    await measure(tenure).catch(() => {})
    await options.checkpoints.release(lease).catch(() => {}) // it runs out by itself
  }
}

const work = async (tenure: Tenure, publishing: Publishing): Promise<void> => {
  const { options, signal } = tenure
  const { eventStore, choice, pageSize = PAGE_EVENTS } = options
  const { stock } = publishing
  const [tenantId, ...others] = choice.tenants === 'all' ? [] : choice.tenants
  const filter = tenantId === undefined || others.length > 0 ? {} : { filter: { tenantId } }
  const pages = eventStore
    .subscribe({ after: tenure.seen, signal, pageSize, ...filter })
    [Symbol.asyncIterator]()
  let next = pages.next()
  try {
    while (!signal.aborted) {
      const turn = stock.isFull() ? await idle(tenure) : await nextTurn(next, tenure)
      if (turn !== 'idle') {
        if (turn.done === true) break
        await takePage(tenure, publishing, turn.value)
        next = pages.next()
      }
      await tellStock(publishing)
      await write(tenure, stock.safe(tenure.seen))
    }
  } finally {
    next.catch(() => {}) // whoever ends a tenure does not hear the reader's last word
    void pages.return?.().catch(() => {})
  }
}

/** The next page, or `idle` when it takes its time. Asked to stop, the log ends its pages. */
const nextTurn = async (
  next: Promise<IteratorResult<LogPage>>,
  { options }: Tenure,
): Promise<IteratorResult<LogPage> | 'idle'> => {
  const turn = new AbortController()
  const waiting = pause(options.timing.idleMs, turn.signal)
  try {
    return await Promise.race([next, waiting.then(() => 'idle' as const)])
  } finally {
    turn.abort()
  }
}

const idle = async ({ options, signal }: Tenure): Promise<'idle'> => {
  await pause(options.timing.idleMs, signal)
  return 'idle'
}

/** Ends midway when asked to stop; what was published until then is remembered. */
const takePage = async (
  tenure: Tenure,
  { flight, stock, render }: Publishing,
  page: LogPage,
): Promise<void> => {
  let reached = tenure.seen
  for (const event of page.events) {
    if (tenure.signal.aborted) break
    const messages = render.messagesOf(event)
    for (const message of messages) await flight.send(message)
    if (render.isChosen(event)) stock.note(event)
    reached = event.position
  }
  await flight.landed()
  tenure.seen = tenure.signal.aborted ? reached : Math.max(reached, page.upTo)
}

const tellStock = async ({ flight, stock }: Publishing): Promise<void> => {
  for await (const message of stock.moved()) await flight.send(message)
  await flight.landed()
}

const write = async (tenure: Tenure, position: Position): Promise<void> => {
  if (position <= tenure.written) return
  await tenure.options.checkpoints.advance(tenure.lease, position)
  tenure.written = position
  tenure.options.onProgress()
}

/** Never resolves: it rejects when the lease is lost. */
const stayAlive = async (tenure: Tenure): Promise<never> => {
  const { options, lease, signal } = tenure
  for (;;) {
    await pause(options.timing.signOfLifeMs, signal)
    if (signal.aborted) return new Promise<never>(() => {})
    await options.checkpoints.renew(lease)
    await measure(tenure)
  }
}

const measure = async ({ options, seen }: Tenure): Promise<void> => {
  const lag = Math.max(0, (await options.eventStore.head()) - seen)
  options.metrics.gauge('pawtrail_mqtt_bridge_lag_events', lag)
}
