// Versions, positions, the three kinds of expected version, idempotency keys, and neighbours that
// travel together.
import assert from 'node:assert/strict'
import { MAX_EVENTS_PER_APPEND } from '../../../src/core/event-store.ts'
import {
  isRising,
  newEvent,
  newEvents,
  OTHER_TENANT,
  petStream,
  positions,
  readLog,
  request,
  store1,
  type Case,
} from './support.ts'

export const appendCases: readonly Case[] = [
  [
    'a stream counts its versions 1, 2, 3 across appends, and positions rise with them',
    async (store) => {
      const stream = petStream()
      const first = await store1(store, { stream, expectedVersion: 0, events: newEvents(2) })
      await store1(store)
      const second = await store1(store, { stream, expectedVersion: 2, events: newEvents(3) })
      assert.equal(first.version, 2)
      assert.equal(second.version, 5)
      const { version, events } = await store.readStream(stream)
      assert.equal(version, 5)
      assert.deepEqual(
        events.map((event) => event.version),
        [1, 2, 3, 4, 5],
      )
      assert.equal(isRising(positions(events)), true)
      assert.equal(events[1]?.position, first.position)
      assert.equal(events[4]?.position, second.position)
    },
  ],
  [
    'an appended answer tells the recordedAt that its events are read back with',
    async (store) => {
      const stream = petStream()
      const { recordedAt } = await store1(store, { stream, events: newEvents(2) })
      const { events } = await store.readStream(stream)
      assert.deepEqual(
        events.map((event) => event.recordedAt),
        [recordedAt, recordedAt],
      )
      assert.match(recordedAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    },
  ],
  [
    'expecting 0 on a stream that exists is a conflict with its version, and stores nothing',
    async (store) => {
      const stream = petStream()
      await store1(store, { stream, events: newEvents(2) })
      const outcome = await store.append(request({ stream, expectedVersion: 0 }))
      assert.deepEqual(outcome, { kind: 'conflict', actualVersion: 2 })
      assert.equal((await readLog(store)).length, 2)
    },
  ],
  [
    'expecting a version that was passed, or not reached, or of no stream, is a conflict',
    async (store) => {
      const stream = petStream()
      await store1(store, { stream, events: newEvents(2) })
      const passed = await store.append(request({ stream, expectedVersion: 1 }))
      const notReached = await store.append(request({ stream, expectedVersion: 3 }))
      const noStream = await store.append(request({ expectedVersion: 1 }))
      assert.deepEqual(passed, { kind: 'conflict', actualVersion: 2 })
      assert.deepEqual(notReached, { kind: 'conflict', actualVersion: 2 })
      assert.deepEqual(noStream, { kind: 'conflict', actualVersion: 0 })
    },
  ],
  [
    'expecting any appends to what is there, also to nothing',
    async (store) => {
      const stream = petStream()
      assert.equal((await store1(store, { stream, expectedVersion: 'any' })).version, 1)
      assert.equal((await store1(store, { stream, expectedVersion: 'any' })).version, 2)
    },
  ],
  [
    'of many writers that expect one version exactly one wins, the others learn its version',
    async (store) => {
      const stream = petStream()
      const outcomes = await Promise.all(
        Array.from({ length: 12 }, () => store.append(request({ stream, expectedVersion: 0 }))),
      )
      const losers = outcomes.filter(({ kind }) => kind === 'conflict')
      assert.equal(outcomes.filter(({ kind }) => kind === 'appended').length, 1)
      assert.deepEqual(losers, Array(11).fill({ kind: 'conflict', actualVersion: 1 }))
      assert.equal((await store.readStream(stream)).version, 1)
    },
  ],
  [
    'appends to one stream that were sent without waiting are stored in the order sent',
    async (store) => {
      const stream = petStream()
      const outcomes = await Promise.all(
        Array.from({ length: 30 }, (_, index) =>
          store.append(
            request({ stream, expectedVersion: index, events: [newEvent({ data: { index } })] }),
          ),
        ),
      )
      assert.equal(
        outcomes.every(({ kind }) => kind === 'appended'),
        true,
      )
      const { events } = await store.readStream(stream)
      assert.deepEqual(
        events.map(({ data }) => data['index']),
        Array.from({ length: 30 }, (_, index) => index),
      )
    },
  ],
  [
    'a refused append never disturbs those that travel with it',
    async (store) => {
      const taken = petStream()
      await store1(store, { stream: taken, idempotency: { key: 'k', requestHash: 'a' } })
      const outcomes = await Promise.all([
        store.append(request({ expectedVersion: 0 })),
        store.append(request({ stream: taken, expectedVersion: 0 })),
        store.append(request({ expectedVersion: 0 })),
        store.append(request({ idempotency: { key: 'k', requestHash: 'b' } })),
        store.append(request({ idempotency: { key: 'k', requestHash: 'a' } })),
        store.append(request({ expectedVersion: 7 })),
        store.append(request({ expectedVersion: 0 })),
      ])
      assert.deepEqual(
        outcomes.map(({ kind }) => kind),
        ['appended', 'conflict', 'appended', 'key_reused', 'duplicate', 'conflict', 'appended'],
      )
      assert.equal((await readLog(store)).length, 4)
    },
  ],
  [
    'a key used again with the same hash stores nothing and tells what the first append did',
    async (store) => {
      const stream = petStream()
      const idempotency = { key: 'order-1', requestHash: 'h1' }
      const first = await store1(store, { stream, idempotency, events: newEvents(3) })
      await store1(store, { stream })
      const again = await store.append(request({ stream, idempotency, expectedVersion: 0 }))
      const elsewhere = await store.append(request({ idempotency }))
      const { version, position } = first
      assert.deepEqual(again, { kind: 'duplicate', stream, version, position })
      assert.deepEqual(elsewhere, { kind: 'duplicate', stream, version, position })
      assert.equal((await readLog(store)).length, 4)
    },
  ],
  [
    'a key used again with another hash is key_reused and stores nothing',
    async (store) => {
      await store1(store, { idempotency: { key: 'k', requestHash: 'a' } })
      const outcome = await store.append(request({ idempotency: { key: 'k', requestHash: 'b' } }))
      assert.deepEqual(outcome, { kind: 'key_reused' })
      assert.equal(await store.head(), 1)
    },
  ],
  [
    'of many appends at once under one key exactly one is stored and the others are its duplicates',
    async (store) => {
      const idempotency = { key: 'k', requestHash: 'a' }
      const outcomes = await Promise.all(
        Array.from({ length: 12 }, () => store.append(request({ idempotency }))),
      )
      const appended = outcomes.filter(({ kind }) => kind === 'appended')
      assert.equal(appended.length, 1)
      assert.equal(outcomes.filter(({ kind }) => kind === 'duplicate').length, 11)
      assert.equal((await readLog(store)).length, 1)
    },
  ],
  [
    'a conflict does not use up its key',
    async (store) => {
      const stream = petStream()
      const idempotency = { key: 'k', requestHash: 'a' }
      const refused = await store.append(request({ stream, expectedVersion: 3, idempotency }))
      assert.equal(refused.kind, 'conflict')
      await store1(store, { stream, expectedVersion: 0, idempotency })
    },
  ],
  [
    'a key belongs to its tenant',
    async (store) => {
      const idempotency = { key: 'k', requestHash: 'a' }
      await store1(store, { idempotency })
      await store1(store, { idempotency, stream: petStream({ tenantId: OTHER_TENANT }) })
      assert.equal(await store.head(), 2)
    },
  ],
  [
    'findByKey tells what an append under a key would answer, without storing',
    async (store) => {
      const stream = petStream()
      const idempotency = { key: 'k', requestHash: 'a' }
      assert.equal(await store.findByKey(stream.tenantId, idempotency), undefined)
      const { version, position } = await store1(store, { stream, idempotency })
      const same = await store.findByKey(stream.tenantId, idempotency)
      const other = await store.findByKey(stream.tenantId, { key: 'k', requestHash: 'b' })
      assert.deepEqual(same, { kind: 'duplicate', stream, version, position })
      assert.deepEqual(other, { kind: 'key_reused' })
      assert.equal(await store.findByKey(OTHER_TENANT, idempotency), undefined)
    },
  ],
  [
    'the most events are stored whole; none, too many or a malformed one is refused unsent',
    async (store) => {
      const stream = petStream()
      const most = await store1(store, { stream, events: newEvents(MAX_EVENTS_PER_APPEND) })
      assert.equal(most.version, MAX_EVENTS_PER_APPEND)
      const wrong = [
        { events: [] },
        { events: newEvents(MAX_EVENTS_PER_APPEND + 1) },
        { events: [newEvent({ eventId: 'not-a-uuid' })] },
        { events: [newEvent({ schemaVersion: 0 })] },
        { events: [newEvent({ occurredAt: 'yesterday' })] },
        { events: [newEvent({ data: { text: 'x'.repeat(300_000) } })] },
        { events: [newEvent({ data: { text: 'nul \u0000 inside' } })] },
        { events: [newEvent({ data: { text: 'half \ud800 pair' } })] },
        { expectedVersion: -1 },
        { expectedVersion: 1.5 },
        { stream: petStream({ id: '' }) },
        { stream: petStream({ id: 'a\0b' }) },
      ]
      for (const part of wrong) {
        await assert.rejects(store.append(request({ stream, ...part })), RangeError)
      }
      assert.equal(await store.head(), most.position)
    },
  ],
  [
    'recordedAt never decreases with position',
    async (store) => {
      for (let round = 0; round < 5; round += 1) {
        await Promise.all(Array.from({ length: 8 }, () => store1(store, { events: newEvents(2) })))
      }
      const times = (await readLog(store)).map(({ recordedAt }) => recordedAt)
      assert.equal(times.length, 80)
      assert.deepEqual(times, [...times].sort())
    },
  ],
  [
    'after close every append is refused with event_store_unavailable',
    async (store) => {
      await store1(store)
      await store.close()
      await assert.rejects(store.append(request()), { code: 'event_store_unavailable' })
    },
  ],
]
