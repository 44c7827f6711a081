// What the cases of the event store's contract are made of: requests with sound defaults, and ways
// to read a store dry.
import assert from 'node:assert/strict'
import type {
  AppendOutcome,
  AppendRequest,
  EventStore,
  LogFilter,
  LogSubscription,
} from '../../../src/core/event-store.ts'
import type { NewEvent, StoredEvent, StreamRef } from '../../../src/core/event.ts'
import { SHARED_TENANT, tenantIdSchema } from '../../../src/core/ids.ts'

/** A case rejects when its store, with an empty log, breaks the promise in its title. */
export type Case = readonly [title: string, run: (store: EventStore) => Promise<void>]

export const OTHER_TENANT = tenantIdSchema.parse('0191f3c0-0000-7000-8000-000000000001')

let made = 0
/** A new UUID v7, the next number of this process in its tail. */
export const nextId = (): string => {
  made += 1
  return `0191f3c0-0000-7000-8000-${made.toString(16).padStart(12, '0')}`
}

export const petStream = (part: Partial<StreamRef> = {}): StreamRef => ({
  tenantId: SHARED_TENANT,
  category: 'pet',
  id: nextId(),
  ...part,
})

export const newEvent = (part: Partial<NewEvent> = {}): NewEvent => ({
  eventId: nextId(),
  type: 'pet.admitted',
  schemaVersion: 1,
  data: { name: 'Rex' },
  occurredAt: '2026-08-22T10:00:00.123Z',
  ...part,
})

export const newEvents = (count: number, part: Partial<NewEvent> = {}): NewEvent[] =>
  Array.from({ length: count }, (_, index) => newEvent({ data: { number: index }, ...part }))

export const METADATA: AppendRequest['metadata'] = {
  actor: { kind: 'user', id: 'u-1' },
  correlationId: 'c-1',
  causationId: null,
}

export const request = (part: Partial<AppendRequest> = {}): AppendRequest => ({
  stream: petStream(),
  expectedVersion: 'any',
  events: [newEvent()],
  metadata: METADATA,
  ...part,
})

type Appended = Extract<AppendOutcome, { kind: 'appended' }>

/** Appends what must be stored. */
export const store1 = async (
  store: EventStore,
  part: Partial<AppendRequest> = {},
): Promise<Appended> => {
  const outcome = await store.append(request(part))
  if (outcome.kind !== 'appended') assert.fail(`not appended but ${outcome.kind}`)
  return outcome
}

export const readLog = async (
  store: EventStore,
  { filter, limit = 100 }: Readonly<{ filter?: LogFilter; limit?: number }> = {},
): Promise<StoredEvent[]> => {
  const events: StoredEvent[] = []
  let after = 0
  for (;;) {
    const page = await store.readAll({ after, limit, ...(filter && { filter }) })
    assert.ok(page.upTo >= after, 'upTo never moves back')
    events.push(...page.events)
    if (page.events.length === 0) return events
    after = page.upTo
  }
}

/** Takes events from a subscription until there are so many; fails when it ends before. */
export const take = async (
  store: EventStore,
  count: number,
  subscription: Partial<LogSubscription> = {},
): Promise<StoredEvent[]> => {
  const ending = new AbortController()
  const events: StoredEvent[] = []
  const pages = store.subscribe({ after: 0, signal: ending.signal, ...subscription })
  let upTo = subscription.after ?? 0
  for await (const page of pages) {
    assert.ok(page.upTo > upTo, 'each page moves on')
    upTo = page.upTo
    events.push(...page.events)
    if (events.length >= count) break
  }
  assert.equal(events.length, count)
  return events
}

export const positions = (events: readonly StoredEvent[]): number[] =>
  events.map(({ position }) => position)

export const numbers = (events: readonly StoredEvent[]): unknown[] =>
  events.map(({ data }) => data['number'])

export const isRising = (values: readonly number[]): boolean =>
  values.every((value, index) => index === 0 || value > (values[index - 1] ?? Infinity))

/** Settles as the work does, or fails after a generous time. May be awaited later. */
export const soon = <T>(work: Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('not settled within 20 s')), 20_000)
  })
  const settled = Promise.race([work, late]).finally(() => clearTimeout(timer))
  settled.catch(() => {}) // a case that fails before it awaits this one fails for its own reason
  return settled
}
