// The memory adapter keeps the event store's contract, and the contract's cases are worth
// something: an adapter that does nothing fails every one of them.
import t from 'tap'
import { createMemoryEventStore } from '../../../src/adapters/memory/event-store.ts'
import type { EventStore } from '../../../src/core/event-store.ts'
import { contractCases, eventStoreContract } from '../../contracts/event-store.ts'
import { request, store1 } from '../../contracts/event-store/support.ts'

const FEATURES = { densePositions: true }
const clock = (): number => performance.timeOrigin + performance.now()

t.test('keeps the contract', (t) =>
  eventStoreContract(t, {
    make: async () => createMemoryEventStore({ clock }),
    features: FEATURES,
  }),
)

const createDoNothingStore = (): EventStore => ({
  append: async () => ({ kind: 'appended', version: 1, position: 1, recordedAt: '' }),
  findByKey: async () => undefined,
  readStream: async () => ({ version: 0, events: [] }),
  readAll: async ({ after }) => ({ events: [], upTo: after }),
  subscribe: async function* () {},
  head: async () => 0,
  close: async () => {},
})

for (const [title, run] of contractCases(FEATURES)) {
  t.test(`a store that does nothing fails: ${title}`, (t) => t.rejects(run(createDoNothingStore())))
}

t.test('recordedAt stays when the clock goes back', async (t) => {
  const times = [2_000, 1_000, 3_000]
  const store = createMemoryEventStore({ clock: () => times.shift() ?? 0 })
  const recorded = []
  for (let index = 0; index < 3; index += 1) recorded.push((await store1(store)).recordedAt)
  t.same(recorded, [
    '1970-01-01T00:00:02.000Z',
    '1970-01-01T00:00:02.000Z',
    '1970-01-01T00:00:03.000Z',
  ])
})

t.test('a full memory answers overloaded and stores nothing', async (t) => {
  const store = createMemoryEventStore({ clock, limits: { maxEvents: 1 } })
  await store1(store)
  t.match(await store.append(request()), { kind: 'overloaded' })
  t.equal(await store.head(), 1)
})
