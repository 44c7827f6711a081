// Reading one stream and the whole log: both directions, bounds, times, filters, and what an
// envelope holds.
import assert from 'node:assert/strict'
import type { StoredEvent, StreamRef } from '../../../src/core/event.ts'
import type { EventStore, StreamRead } from '../../../src/core/event-store.ts'
import {
  METADATA,
  newEvent,
  newEvents,
  numbers,
  OTHER_TENANT,
  petStream,
  positions,
  readLog,
  store1,
  type Case,
} from './support.ts'

const versions = async (store: EventStore, stream: StreamRef, read: StreamRead) =>
  (await store.readStream(stream, read)).events.map(({ version }) => version)

const waitForNextMillisecond = async (recordedAt: string): Promise<void> => {
  while (Date.parse(recordedAt) >= performance.timeOrigin + performance.now() - 5) {
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

export const readCases: readonly Case[] = [
  [
    'an envelope is read back with everything that was written and where it lies',
    async (store) => {
      const stream = petStream({ tenantId: OTHER_TENANT, category: 'order' })
      const data = {
        name: 'Mimi',
        tags: ['a', 'b'],
        weightKg: 3.25,
        chip: null,
        nested: { deep: [1] },
      }
      const metadata = { ...METADATA, causationId: 'x-1' }
      const event = newEvent({ type: 'order.placed', schemaVersion: 3, data })
      const { recordedAt, position } = await store1(store, { stream, events: [event], metadata })
      const expected: StoredEvent = {
        position,
        tenantId: OTHER_TENANT,
        category: 'order',
        streamId: stream.id,
        version: 1,
        eventId: event.eventId,
        type: 'order.placed',
        schemaVersion: 3,
        data,
        metadata,
        occurredAt: event.occurredAt,
        recordedAt,
      }
      assert.deepEqual((await store.readStream(stream)).events, [expected])
      assert.deepEqual((await store.readAll({ after: 0, limit: 10 })).events, [expected])
    },
  ],
  [
    'any script, quotes, backslashes, control characters and large data come back unchanged',
    async (store) => {
      const texts = [
        'Zoë 猫 🐈‍⬛ ـقطة',
        '"quoted" \\ back\\"slash {a,b} NULL',
        'line\nbreak\ttab\u0001\u001f\u2028',
        '\\u0000 as text',
        'é'.repeat(60_000),
      ]
      const stream = petStream({ id: 'id "with" {quotes}, \\ and ü' })
      const keys = { '"': 1, '\\': 2, '': 3 }
      const events = [newEvent({ data: { texts, keys } })]
      const metadata = { ...METADATA, correlationId: 'c "\\ é' }
      await store1(store, {
        stream,
        events,
        metadata,
        idempotency: { key: '"k\\', requestHash: '{}' },
      })
      const [stored] = (await store.readStream(stream)).events
      assert.deepEqual(stored?.data, { texts, keys })
      assert.deepEqual(stored?.metadata, metadata)
      assert.equal(stored?.streamId, stream.id)
    },
  ],
  [
    'changing an object after it was appended changes nothing that is stored',
    async (store) => {
      const stream = petStream()
      const data = { name: 'Rex' }
      await store1(store, { stream, events: [newEvent({ data })] })
      data.name = 'Max'
      const { events } = await store.readStream(stream)
      assert.deepEqual(events[0]?.data, { name: 'Rex' })
    },
  ],
  [
    'a stream that does not exist reads as version 0 without events, beside one that does',
    async (store) => {
      const stream = petStream()
      await store1(store, { stream })
      assert.deepEqual(await store.readStream(petStream()), { version: 0, events: [] })
      assert.equal((await store.readStream(stream)).version, 1)
    },
  ],
  [
    'a stream is read forwards within versions, to a limit; its version is the newest all the same',
    async (store) => {
      const stream = petStream()
      await store1(store, { stream, events: newEvents(6) })
      assert.deepEqual(await versions(store, stream, { fromVersion: 3 }), [3, 4, 5, 6])
      assert.deepEqual(await versions(store, stream, { toVersion: 2 }), [1, 2])
      assert.deepEqual(await versions(store, stream, { fromVersion: 2, toVersion: 4 }), [2, 3, 4])
      assert.deepEqual(await versions(store, stream, { fromVersion: 2, limit: 2 }), [2, 3])
      assert.deepEqual(await versions(store, stream, { fromVersion: 7 }), [])
      assert.equal((await store.readStream(stream, { toVersion: 2 })).version, 6)
      assert.equal((await store.readStream(stream, { fromVersion: 9 })).version, 6)
    },
  ],
  [
    'a stream is read backwards from its newest or a given version, down to another, to a limit',
    async (store) => {
      const stream = petStream()
      await store1(store, { stream, events: newEvents(6) })
      const direction = 'backwards'
      assert.deepEqual(await versions(store, stream, { direction }), [6, 5, 4, 3, 2, 1])
      assert.deepEqual(await versions(store, stream, { direction, limit: 2 }), [6, 5])
      assert.deepEqual(await versions(store, stream, { direction, fromVersion: 3 }), [3, 2, 1])
      assert.deepEqual(
        await versions(store, stream, { direction, fromVersion: 5, toVersion: 4 }),
        [5, 4],
      )
    },
  ],
  [
    'toTime reads what was recorded until then, that moment included, in both directions',
    async (store) => {
      const stream = petStream()
      const first = await store1(store, { stream, events: newEvents(2) })
      await waitForNextMillisecond(first.recordedAt)
      const second = await store1(store, { stream })
      assert.equal(second.recordedAt > first.recordedAt, true)
      const toTime = first.recordedAt
      assert.deepEqual(await versions(store, stream, { toTime }), [1, 2])
      assert.deepEqual(await versions(store, stream, { toTime, direction: 'backwards' }), [2, 1])
      assert.deepEqual(await versions(store, stream, { toTime: second.recordedAt }), [1, 2, 3])
      assert.deepEqual(await versions(store, stream, { toTime: '2001-01-01T00:00:00Z' }), [])
    },
  ],
  [
    'streams with the same id in another tenant or category are other streams',
    async (store) => {
      const stream = petStream()
      const others = [
        { ...stream, tenantId: OTHER_TENANT },
        { ...stream, category: 'order' },
      ]
      await store1(store, { stream, expectedVersion: 0, events: newEvents(2) })
      for (const other of others) await store1(store, { stream: other, expectedVersion: 0 })
      assert.equal((await store.readStream(stream)).version, 2)
      for (const other of others) {
        const slice = await store.readStream(other)
        assert.equal(slice.version, 1)
        assert.equal(slice.events[0]?.tenantId, other.tenantId)
        assert.equal(slice.events[0]?.category, other.category)
      }
    },
  ],
  [
    'the whole log is read in pages, in order, from any position, and an empty page means its end',
    async (store) => {
      for (let index = 0; index < 5; index += 1) await store1(store, { events: newEvents(5) })
      const all = await readLog(store, { limit: 1000 })
      assert.equal(all.length, 25)
      assert.deepEqual(await readLog(store, { limit: 3 }), all)
      const page = await store.readAll({ after: all[9]?.position ?? 0, limit: 4 })
      assert.deepEqual(page.events, all.slice(10, 14))
      assert.equal(page.upTo, all[13]?.position)
      const end = await store.readAll({ after: page.upTo, limit: 100 })
      assert.equal(end.upTo, await store.head())
      assert.deepEqual(await store.readAll({ after: end.upTo, limit: 100 }), {
        events: [],
        upTo: end.upTo,
      })
    },
  ],
  [
    'a filter by tenant, category and type gives only what matches, and upTo passes over the rest',
    async (store) => {
      await store1(store, { events: newEvents(2) })
      await store1(store, { stream: petStream({ tenantId: OTHER_TENANT }), events: newEvents(2) })
      await store1(store, {
        stream: petStream({ category: 'order' }),
        events: newEvents(2, { type: 'order.placed' }),
      })
      await store1(store, { events: newEvents(1, { type: 'pet.adopted' }) })
      const read = async (filter: Parameters<typeof readLog>[1]) =>
        positions(await readLog(store, filter))
      const [a, b, c, d, e, f, g] = positions(await readLog(store))
      assert.deepEqual(await read({ filter: { tenantId: OTHER_TENANT } }), [c, d])
      assert.deepEqual(await read({ filter: { categories: ['order'] } }), [e, f])
      assert.deepEqual(await read({ filter: { categories: ['pet', 'order'] }, limit: 2 }), [
        a,
        b,
        c,
        d,
        e,
        f,
        g,
      ])
      assert.deepEqual(await read({ filter: { types: ['pet.adopted', 'order.placed'] } }), [
        e,
        f,
        g,
      ])
      assert.deepEqual(
        await read({ filter: { tenantId: OTHER_TENANT, types: ['pet.adopted'] } }),
        [],
      )
      assert.deepEqual(await read({ filter: { categories: [] } }), [])
      const filtered = await store.readAll({
        after: 0,
        limit: 100,
        filter: { tenantId: OTHER_TENANT },
      })
      assert.equal(filtered.upTo, g)
      const full = await store.readAll({ after: 0, limit: 1, filter: { categories: ['order'] } })
      assert.equal(full.upTo, e)
      const none = await store.readAll({ after: 0, limit: 9, filter: { types: ['no.such'] } })
      assert.deepEqual(none, { events: [], upTo: g })
    },
  ],
  [
    'the head is 0 on an empty log and then the newest position',
    async (store) => {
      assert.equal(await store.head(), 0)
      assert.deepEqual(await store.readAll({ after: 0, limit: 10 }), { events: [], upTo: 0 })
      const { position } = await store1(store, { events: newEvents(3) })
      assert.equal(await store.head(), position)
      assert.deepEqual(numbers(await readLog(store)), [0, 1, 2])
    },
  ],
]
