// From history to live without a gap or a double, at whatever position one resumes and whatever breaks.
import fc from 'fast-check'
import t from 'tap'
import { createMemoryEventStore } from '../../../src/adapters/memory/event-store.ts'
import {
  feedHarness,
  recordingSink,
  settle,
  subscribe,
  TENANT,
  until,
  write,
  writeMany,
} from './harness.ts'

const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index)

t.test('resuming at any position gives exactly what comes after it', async (t) => {
  const { store, feed } = await feedHarness(t, {
    before: (store) => writeMany(store, 12),
    settings: {
      ringEvents: 6,
      catchUpPageEvents: 3,
      sliceEvents: 2,
      subscriptionsPerPrincipal: 99,
    },
  })
  await writeMany(store, 12)
  await until(() => feed.head() === 24, 'the tail')
  for (const after of range(0, 24)) {
    const { sink, positions } = recordingSink()
    const subscription = subscribe(feed, sink, { after })
    await settle(feed, store)
    t.strictSame(positions, range(after + 1, 24), `after ${String(after)}`)
    t.equal(subscription.position(), 24)
  }
})

t.test('who is not further behind than the ring costs the log no read', async (t) => {
  const { store, feed } = await feedHarness(t)
  await writeMany(store, 50)
  await until(() => feed.head() === 50, 'the tail')
  const sinks = range(0, 49).map((after) => {
    const recorder = recordingSink()
    subscribe(feed, recorder.sink, { after })
    return recorder
  })
  await settle(feed, store)
  t.equal(feed.stats().storeReads, 0)
  t.strictSame(
    sinks.map(({ positions }) => positions.length),
    range(0, 49).map((after) => 50 - after),
  )
})

t.test('those who want the same page at the same time share one read', async (t) => {
  const memory = createMemoryEventStore({ clock: () => 0 })
  const { store, feed } = await feedHarness(t, {
    before: (store) => writeMany(store, 40),
    settings: { catchUpPageEvents: 10 },
    store: {
      ...memory,
      readAll: async (read) => {
        await new Promise((resolve) => setTimeout(resolve, 5))
        return memory.readAll(read)
      },
    },
  })
  const recorders = range(1, 30).map(() => recordingSink())
  for (const { sink } of recorders) subscribe(feed, sink)
  await settle(feed, store)
  for (const { positions } of recorders) t.strictSame(positions, range(1, 40))
  t.ok(feed.stats().storeReads <= 8, `reads: ${String(feed.stats().storeReads)}`)
})

t.test(
  'history hands over to live without a hole or a duplicate, however writes, sinks and starts interleave',
  async (t) => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('write' as const), count: fc.integer({ min: 1, max: 9 }) }),
      fc.record({
        kind: fc.constant('subscribe' as const),
        back: fc.integer({ min: 0, max: 40 }),
        room: fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 5 }),
      }),
      fc.record({ kind: fc.constant('freeze' as const), which: fc.nat(9) }),
      fc.record({ kind: fc.constant('thaw' as const), which: fc.nat(9) }),
      fc.record({ kind: fc.constant('turn' as const), turns: fc.integer({ min: 1, max: 4 }) }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        const store = createMemoryEventStore({ clock: () => 0 })
        await writeMany(store, 15)
        const { feed } = await feedHarness(t, {
          store,
          settings: { ringEvents: 8, catchUpPageEvents: 4, sliceEvents: 3, tailPageEvents: 5 },
        })
        const all: { after: number; recorder: ReturnType<typeof recordingSink> }[] = []
        const at = (which: number) => all[which % Math.max(all.length, 1)]?.recorder
        for (const each of steps) {
          if (each.kind === 'write') void writeMany(store, each.count)
          if (each.kind === 'subscribe') {
            let turn = 0
            const room = () => each.room[turn++ % each.room.length] ?? 1
            const recorder = recordingSink({ room })
            const after = Math.max(0, feed.head() - each.back)
            subscribe(feed, recorder.sink, { after })
            all.push({ after, recorder })
          }
          if (each.kind === 'freeze') at(each.which)?.freeze()
          if (each.kind === 'thaw') at(each.which)?.thaw()
          if (each.kind === 'turn') {
            for (let n = 0; n < each.turns; n += 1) await new Promise((go) => setImmediate(go))
          }
        }
        await write(store)
        for (const { recorder } of all) recorder.thaw()
        await settle(feed, store)
        const head = await store.head()
        for (const { after, recorder } of all) {
          t.strictSame(recorder.positions, range(after + 1, head))
        }
        await feed.stop()
      }),
      { numRuns: 60, seed: 20_261_122 },
    )
  },
)

t.test(
  'a frozen sink is demoted, holds its cursor alone, delays nobody, and comes back by itself',
  async (t) => {
    const { store, feed } = await feedHarness(t, {
      settings: { ringEvents: 10, catchUpPageEvents: 20, lagNoticeMs: 0 },
    })
    const frozen = recordingSink()
    const quick = recordingSink()
    const subscription = subscribe(feed, frozen.sink)
    subscribe(feed, quick.sink)
    await settle(feed, store)
    frozen.freeze()
    await writeMany(store, 2_000)
    await until(() => feed.head() === 2_000, 'the tail')
    t.strictSame(quick.positions, range(1, 2_000), 'the other one has all, in order')
    t.strictSame(frozen.positions, [1], 'it was given one frame, the one it refused more after')
    t.equal(subscription.state(), 'catch-up')
    t.match(feed.stats(), { catchUp: 1, live: 1, ringEvents: 10, readsInFlight: 0, storeReads: 0 })
    frozen.thaw()
    await settle(feed, store)
    t.strictSame(frozen.positions, range(1, 2_000))
    t.equal(frozen.lags.length, 1, 'it was told that it lags')
    t.equal(subscription.state(), 'live')
  },
)

t.test(
  'only a sink that takes nothing for the whole time is closed, and told how far it is',
  async (t) => {
    const { store, feed, cursors } = await feedHarness(t, {
      settings: { stallTimeoutMs: 300, heartbeatMs: 10, ringEvents: 5 },
    })
    const frozen = recordingSink()
    const slow = recordingSink({ room: () => 1 })
    subscribe(feed, frozen.sink)
    subscribe(feed, slow.sink)
    await settle(feed, store)
    frozen.freeze()
    await writeMany(store, 200)
    await until(() => frozen.closings.length === 1, 'the end of the frozen one')
    t.match(frozen.closings, [
      { reason: 'stalled', position: 1, delivered: 1, cursor: cursors.encode(TENANT, 1) },
    ])
    await until(() => slow.positions.length === 200, 'the slow one')
    t.strictSame(slow.closings, [])
  },
)

t.test('when the log breaks, live and replay go on from where they were', async (t) => {
  const real = createMemoryEventStore({ clock: () => 0 })
  let failures = 4
  const fail = () => {
    failures -= 1
    if (failures >= 0) throw new Error('broken')
  }
  await writeMany(real, 10)
  const { store, feed } = await feedHarness(t, {
    settings: { retryMinMs: 1, retryMaxMs: 5 },
    store: {
      ...real,
      readAll: async (read) => {
        fail()
        return real.readAll(read)
      },
      async *subscribe(subscription) {
        for await (const page of real.subscribe(subscription)) {
          fail()
          yield page
        }
      },
    },
  })
  const recorder = recordingSink()
  subscribe(feed, recorder.sink)
  await writeMany(store, 5)
  await settle(feed, store)
  t.strictSame(recorder.positions, range(1, 15))
  t.ok(failures < 0, 'it did break')
})

t.test(
  'what a read of the log brought before the live reader saw it is not given again',
  async (t) => {
    const memory = createMemoryEventStore({ clock: () => 0 })
    let release = () => {}
    const isReleased = new Promise<void>((resolve) => {
      release = resolve
    })
    const { store, feed } = await feedHarness(t, {
      before: (store) => writeMany(store, 5),
      store: {
        ...memory,
        async *subscribe(subscription) {
          await isReleased
          yield* memory.subscribe(subscription)
        },
      },
    })
    await writeMany(store, 5)
    const recorder = recordingSink()
    subscribe(feed, recorder.sink)
    await until(() => recorder.positions.length === 10 && feed.stats().live === 1, 'the pages')
    release()
    await write(store)
    await settle(feed, store)
    t.strictSame(recorder.positions, range(1, 11))
  },
)
