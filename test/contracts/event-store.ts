// The event store's contract: one suite for every adapter. A case gets a store with an empty log of
// its own.
import assert from 'node:assert/strict'
import type { Test } from 'tap'
import type { EventStore } from '../../src/core/event-store.ts'
import { appendCases } from './event-store/append-cases.ts'
import { modelCases } from './event-store/model-cases.ts'
import { readCases } from './event-store/read-cases.ts'
import { subscribeCases } from './event-store/subscribe-cases.ts'
import { newEvents, positions, readLog, request, store1, type Case } from './event-store/support.ts'

export type EventStoreFeatures = Readonly<{
  /** Positions are 1, 2, 3, ... without a hole. */
  densePositions: boolean
}>

export type EventStoreContract = Readonly<{
  make: (t: Test) => Promise<EventStore>
  features: EventStoreFeatures
}>

export const eventStoreContract = async (
  t: Test,
  { make, features }: EventStoreContract,
): Promise<void> => {
  for (const [title, run] of contractCases(features)) {
    await t.test(title, async (t) => {
      const store = await make(t)
      t.teardown(() => store.close())
      await t.resolves(run(store), 'every assertion of the case holds')
    })
  }
}

export const contractCases = (features: EventStoreFeatures): readonly Case[] => [
  ...appendCases,
  ...readCases,
  ...subscribeCases,
  ...modelCases,
  densityCase(features),
]

const densityCase = ({ densePositions }: EventStoreFeatures): Case => [
  densePositions
    ? 'positions are dense, also after refused appends'
    : 'positions rise, with or without holes',
  async (store) => {
    await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        store.append(request({ expectedVersion: index % 2 === 0 ? 5 : 0 })),
      ),
    )
    await store1(store, { events: newEvents(3) })
    const all = positions(await readLog(store))
    assert.equal(all.length, 8)
    if (densePositions) assert.deepEqual(all, [1, 2, 3, 4, 5, 6, 7, 8])
    else
      assert.deepEqual(
        all,
        [...new Set(all)].sort((a, b) => a - b),
      )
  },
]
