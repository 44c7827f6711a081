// A feed over the memory log, and sinks that remember what they were given.
import type { Test } from 'tap'
import type { Clock } from '../../../src/core/clock.ts'
import type { CursorCodec } from '../../../src/core/cursor.ts'
import type { Position, StoredEvent } from '../../../src/core/event.ts'
import type { EventStore } from '../../../src/core/event-store.ts'
import { SHARED_TENANT, tenantIdSchema, type TenantId } from '../../../src/core/ids.ts'
import { silentLogger, type Logger } from '../../../src/core/logger.ts'
import { noMetrics, type Metrics } from '../../../src/core/metrics.ts'
import { createMemoryEventStore } from '../../../src/adapters/memory/event-store.ts'
import { uuidV7 } from '../../../src/adapters/system/ids.ts'
import { decodeEvent } from '../../../src/events/codec.ts'
import { definitionOf, publicDataOf, subjectOf } from '../../../src/events/registry.ts'
import { fixedClock } from '../../support/fixed-clock.ts'
import { createFeed } from '../../../src/transports/feed/feed.ts'
import { compileFilter, type FeedFilter } from '../../../src/transports/feed/filter.ts'
import type { FeedLimits } from '../../../src/transports/feed/limits.ts'
import type {
  Checkpoint,
  Closing,
  EventCatalogue,
  Feed,
  Sink,
  Subscription,
  SubscriptionRequest,
} from '../../../src/transports/feed/types.ts'

export { SHARED_TENANT }
export const TENANT = tenantIdSchema.parse('0199f3a0-7c1e-7a01-8000-00000000000a')
export const OTHER_TENANT = tenantIdSchema.parse('0199f3a0-7c1e-7a01-8000-00000000000b')

/** Cursors that can be read, with the same refusals as the real ones. */
export const plainCursors = (epoch = 1): CursorCodec => ({
  encode: (tenantId, position) => `${String(epoch)}-${tenantId.slice(-4)}-${String(position)}`,
  encodeAll: (tenantId, positions) =>
    positions.map((position) => plainCursors(epoch).encode(tenantId, position)),
  decode: (tenantId, cursor) => {
    const [itsEpoch, tenant, position, ...rest] = cursor.split('-')
    if (tenant !== tenantId.slice(-4) || rest.length > 0) return { kind: 'invalid' }
    if (position === undefined || !/^\d+$/.test(position)) return { kind: 'invalid' }
    if (itsEpoch !== String(epoch)) return { kind: 'other_epoch' }
    return { kind: 'position', position: Number(position) }
  },
})

export const catalogue: EventCatalogue = { decode: decodeEvent, subjectOf, publicDataOf }

const newId = uuidV7(() => 1_790_000_000_000)

export type Written = Readonly<{
  tenantId?: TenantId
  type?: string
  id?: string
  schemaVersion?: number
  data?: StoredEvent['data']
}>

/** Appends the sample of an event, a pet's update unless told otherwise. Answers its position. */
export const write = async (store: EventStore, written: Written = {}): Promise<Position> => {
  const { tenantId = TENANT, type = 'pet.updated', id = 'p1' } = written
  const definition = definitionOf(type)
  const outcome = await store.append({
    stream: { tenantId, category: type.split('.')[0] ?? '', id },
    expectedVersion: 'any',
    events: [
      {
        eventId: newId(),
        type,
        schemaVersion: written.schemaVersion ?? definition?.version ?? 1,
        data: written.data ?? (definition?.sample as StoredEvent['data'] | undefined) ?? {},
        occurredAt: '2026-08-22T10:00:00.000Z',
      },
    ],
    metadata: { actor: { kind: 'user', id: 'u1' }, correlationId: 'c1', causationId: null },
  })
  if (outcome.kind !== 'appended') throw new Error(`the log answered ${outcome.kind}`)
  return outcome.position
}

export const writeMany = async (store: EventStore, count: number, written: Written = {}) => {
  for (let n = 0; n < count; n += 1) await write(store, { id: `p${String(n % 7)}`, ...written })
}

export type FeedHarness = Readonly<{ store: EventStore; feed: Feed; cursors: CursorCodec }>

export type HarnessOptions = Readonly<{
  settings?: Partial<FeedLimits>
  store?: EventStore
  before?: (store: EventStore) => Promise<void>
  logger?: Logger
  metrics?: Metrics
  catalogue?: EventCatalogue
  clock?: Clock
}>

export const feedHarness = async (t: Test, options: HarnessOptions = {}): Promise<FeedHarness> => {
  const clock = options.clock ?? fixedClock()
  const store = options.store ?? createMemoryEventStore({ clock })
  await options.before?.(store)
  const cursors = plainCursors()
  const feed = createFeed({
    eventStore: store,
    catalogue: options.catalogue ?? catalogue,
    cursors,
    logger: options.logger ?? silentLogger,
    metrics: options.metrics ?? noMetrics,
    clock,
    ...(options.settings === undefined ? {} : { settings: options.settings }),
  })
  await feed.start()
  t.teardown(async () => {
    await feed.stop()
    await store.close()
  })
  return { store, feed, cursors }
}

export type RecordingSink = Readonly<{
  sink: Sink
  positions: Position[]
  frames: Buffer[]
  checkpoints: Checkpoint[]
  closings: Closing[]
  lags: number[]
  heartbeats: () => number
  /** From now on every write is answered with false, until `thaw`. */
  freeze: () => void
  thaw: () => void
}>

/** `room`: takes so many frames, then is full until the next turn. Frozen: full until thawed. */
export const recordingSink = (options: Readonly<{ room?: () => number }> = {}): RecordingSink => {
  const positions: Position[] = []
  const frames: Buffer[] = []
  const checkpoints: Checkpoint[] = []
  const closings: Closing[] = []
  const lags: number[] = []
  let heartbeats = 0
  let isFrozen = false
  let isFull = false
  let left = options.room?.() ?? Infinity
  let resume = () => {}
  const taken = (): boolean => {
    if (closings.length > 0) throw new Error('written to after close')
    if (isFull) throw new Error('written to while full')
    left -= 1
    if (!isFrozen && left > 0) return true
    isFull = true
    if (!isFrozen) setImmediate(drain)
    return false
  }
  const drain = () => {
    if (isFrozen || !isFull) return
    isFull = false
    left = options.room?.() ?? Infinity
    resume()
  }
  const sink: Sink = {
    framing: { name: 'plain', event: ({ json }) => Buffer.from(json) },
    write: (frame, event) => {
      positions.push(event.position)
      frames.push(frame)
      return taken()
    },
    checkpoint: (checkpoint) => {
      checkpoints.push(checkpoint)
      return taken()
    },
    heartbeat: () => {
      heartbeats += 1
      return taken()
    },
    lag: (behindMs) => {
      lags.push(behindMs)
      return taken()
    },
    onDrain: (callback) => {
      resume = callback
    },
    cork: () => {},
    uncork: () => {},
    close: (closing) => {
      closings.push(closing)
    },
  }
  return {
    ...{ sink, positions, frames, checkpoints, closings, lags },
    heartbeats: () => heartbeats,
    freeze: () => {
      isFrozen = true
    },
    thaw: () => {
      isFrozen = false
      drain()
    },
  }
}

type Spoken = Readonly<Record<string, unknown>> & Readonly<{ data: Record<string, unknown> }>
/** The CloudEvent in a frame. */
export const spoken = (frame: Buffer | string | undefined): Spoken =>
  JSON.parse(String(frame)) as Spoken

export const compiled = (filter: FeedFilter = {}) => {
  const result = compileFilter(filter)
  if (result.kind !== 'filter') throw new Error(result.message)
  return result.filter
}

export const subscribe = (
  feed: Feed,
  sink: Sink,
  request: Partial<SubscriptionRequest> = {},
): Subscription => {
  const outcome = feed.subscribe({
    tenantId: TENANT,
    visibility: 'staff',
    filter: compiled(),
    after: 0,
    transport: 'test',
    principal: 'user:u1',
    ...request,
    sink,
  })
  if (outcome.kind !== 'subscribed') throw new Error(`refused: ${outcome.reason}`)
  return outcome.subscription
}

const WAIT_DEADLINE_MS = 10_000

/** Resolves when the condition holds; it is looked at after every turn. */
export const until = async (condition: () => boolean, what: string): Promise<void> => {
  const deadline = performance.now() + WAIT_DEADLINE_MS
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`never came: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

/** Everything that was set in motion by now has happened. */
export const settle = async (feed: Feed, store: EventStore): Promise<void> => {
  const head = await store.head()
  await until(() => feed.head() >= head && feed.stats().catchUp === 0, 'everybody live at the head')
}

/** Notes the labels of what is counted as refused. */
export const countingRefused = (refused: unknown[]): Metrics => ({
  ...noMetrics,
  count: (name, _by, labels) => {
    if (name === 'pawtrail_feed_refused_total') refused.push(labels)
  },
})
