// Order, resumption, hand-over, duplicates, counts, slow consumers, broken connections.
import assert from 'node:assert/strict'
import { seededRandom } from '../../../src/demo/random.ts'
import { write } from '../../transports/feed/harness.ts'
import { cursorsOf, eventually, idsOf, open, writeSome } from './support.ts'
import type { Case, Delivered } from './types.ts'

const RANDOM_SEED = 20_260_822
const RANDOM_EVENTS = 10_000
const MOST_BEFORE_A_BREAK = 600
const BURST_EVENTS = 300
const FILLING_EVENTS = 100
const FILLING_LIMIT = 20_000
const MOST_BUFFERED_BYTES = 64 * 1024
const LARGE = { data: { changes: { description: 'x'.repeat(8_000) } } } // more than a connection buffers

export const deliveryCases: readonly Case[] = [
  [
    'history and what comes after it arrive in the order of the log, each once',
    async (stage) => {
      const history = await writeSome(stage, 20)
      const reader = await open(stage, { after: 'earliest' })
      const first = await reader.take(20)
      const live = await writeSome(stage, 20)
      const events = [...first, ...(await reader.take(20))]
      assert.deepEqual(cursorsOf(events), [...history, ...live])
      assert.equal(new Set(idsOf(events)).size, 40)
      await reader.connection.close()
    },
  ],
  [
    'a consumer that begins now gets what comes, and nothing of before',
    async (stage) => {
      await writeSome(stage, 5)
      const reader = await open(stage)
      const live = await writeSome(stage, 3)
      assert.deepEqual(cursorsOf(await reader.take(3)), live)
      await reader.connection.close()
    },
  ],
  [
    'from every cursor on it goes on with the next event, and with exactly the rest',
    async (stage) => {
      const cursors = await writeSome(stage, 12)
      for (const [index, after] of ['earliest', ...cursors].entries()) {
        const reader = await open(stage, { after })
        const rest = cursors.slice(index)
        assert.deepEqual(cursorsOf(await reader.take(rest.length)), rest)
        if (rest.length === 0) {
          const [next = ''] = await writeSome(stage, 1)
          assert.deepEqual(cursorsOf(await reader.take(1)), [next], 'at the end it waits')
        }
        await reader.connection.close()
      }
    },
  ],
  [
    'who connects while others write misses nothing and gets nothing twice',
    async (stage) => {
      const writing = writeSome(stage, BURST_EVENTS)
      const readers = []
      for (let n = 0; n < 5; n += 1) {
        readers.push(await open(stage, { after: 'earliest' }))
        await new Promise((resolve) => setImmediate(resolve))
      }
      const expected = await writing
      for (const { take, connection } of readers) {
        assert.deepEqual(cursorsOf(await take(BURST_EVENTS)), expected)
        await connection.close()
      }
    },
  ],
  [
    'an event that comes again is the same event with the same id',
    async (stage) => {
      await writeSome(stage, 10)
      const first = await open(stage, { after: 'earliest' })
      const events = await first.take(10)
      first.connection.drop()
      const again = await open(stage, { after: events[3]?.cursor ?? '' })
      assert.deepEqual(await again.take(6), events.slice(4))
      await again.connection.close()
    },
  ],
  [
    'under a filter the count of a checkpoint says whether anything is missing',
    async (stage, { countsDeliveries }) => {
      const filter = { types: ['pet.removed', 'pet.adopted'], subjects: ['pets/p1', 'pets/p2'] }
      const reader = await open(stage, { after: 'earliest', filter })
      for (let n = 0; n < 10; n += 1) {
        await write(stage.store, { type: 'pet.removed', id: 'p1' })
        await writeSome(stage, 3)
        await write(stage.store, { type: 'pet.adopted', id: 'p2' })
        await write(stage.store, { type: 'pet.adopted', id: 'p3' })
      }
      const events = await reader.take(20)
      assert.deepEqual(new Set(events.map(({ subject }) => subject)), new Set(filter.subjects))
      const { connection } = reader
      if (countsDeliveries) {
        const coming = reader.take(1) // a client that is not read from may read no checkpoint
        await eventually(() => connection.checkpoint()?.delivered === 20, 'a checkpoint of all 20')
        const cursor = connection.checkpoint()?.cursor ?? ''
        const later = await open(stage, { after: cursor, filter })
        await write(stage.store, { type: 'pet.removed', id: 'p2' })
        const [next] = await later.take(1)
        assert.equal(next?.subject, 'pets/p2', 'what a checkpoint covers does not come again')
        assert.deepEqual(await coming, [next])
        await later.connection.close()
      } else assert.equal(connection.checkpoint(), undefined)
      await connection.close()
    },
  ],
  [
    'a consumer that reads nothing delays nobody, and is served on when it is back',
    async (stage) => {
      const frozen = await open(stage, { after: 'earliest' })
      const healthy = await open(stage, { after: 'earliest' })
      const before = await writeSome(stage, 1)
      const [seen] = await frozen.take(1)
      frozen.connection.freeze()
      const expected = [...before, ...(await writeSome(stage, BURST_EVENTS, LARGE))]
      assert.deepEqual(cursorsOf(await healthy.take(expected.length)), expected)
      frozen.connection.drop()
      const back = await open(stage, { after: seen?.cursor ?? '' })
      assert.deepEqual(cursorsOf(await back.take(BURST_EVENTS)), expected.slice(1))
      await back.connection.close()
      await healthy.connection.close()
    },
  ],
  [
    'a consumer that reads nothing costs at most 64 KiB, whatever is written',
    async (stage) => {
      const frozen = await open(stage)
      const healthy = await open(stage)
      await writeSome(stage, 1)
      await frozen.take(1)
      frozen.connection.freeze()
      const write = async (count: number) => {
        const cursors = await writeSome(stage, count, LARGE)
        assert.deepEqual(cursorsOf(await healthy.take(count)), cursors, 'the other one has all')
      }
      await healthy.take(1)
      const held = () => Math.max(...(stage.buffered?.() ?? [Infinity]))
      // Until the kernel takes no more: from then on whatever is held would be memory of ours.
      for (let written = 0; held() === 0; written += FILLING_EVENTS) {
        assert.ok(written < FILLING_LIMIT, 'the kernel takes everything')
        await write(FILLING_EVENTS)
      }
      await write(BURST_EVENTS)
      assert.ok(held() <= MOST_BUFFERED_BYTES, `${String(held())} bytes`)
      assert.ok(held() > 0)
      frozen.connection.drop()
      await healthy.connection.close()
    },
    'tellsBuffered',
  ],
  [
    `connections that break at random lose nothing of ${RANDOM_EVENTS} events (seed ${RANDOM_SEED})`,
    async (stage, { randomEvents: total = RANDOM_EVENTS }) => {
      const random = seededRandom(RANDOM_SEED)
      const writing = writeSome(stage, total)
      const received = new Map<string, Delivered>()
      let after = 'earliest'
      while (received.size < total) {
        const reader = await open(stage, { after })
        const left = total - received.size
        for (const event of await reader.take(
          Math.min(left, random.between(1, MOST_BEFORE_A_BREAK)),
        )) {
          received.set(event.id, event)
          after = event.cursor
        }
        reader.connection.drop()
      }
      assert.deepEqual(cursorsOf([...received.values()]), await writing)
    },
  ],
]
