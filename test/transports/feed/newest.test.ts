// Subscriptions of the newest only: while one is behind it is given, of each subject, the newest event
// that it may see and wants, and no older one; live it is given every event.
import fc from 'fast-check'
import t from 'tap'
import {
  compiled,
  feedHarness,
  recordingSink,
  settle,
  spoken,
  subscribe,
  write,
} from './harness.ts'

const subjectsOf = (frames: readonly Buffer[]) => frames.map((frame) => spoken(frame)['subject'])

t.test('live it gets every event; after a time of being full, the newest of each', async (t) => {
  const { store, feed } = await feedHarness(t)
  const { sink, positions, freeze, thaw } = recordingSink()
  subscribe(feed, sink, { latestOnly: true })
  await settle(feed, store)
  for (const id of ['p1', 'p1', 'p2']) await write(store, { id })
  await settle(feed, store)
  t.strictSame(positions, [1, 2, 3])
  freeze()
  for (const id of ['p1', 'p2', 'p1', 'p3', 'p2', 'p1', 'p2']) await write(store, { id })
  const head = await store.head()
  const other = recordingSink()
  subscribe(feed, other.sink)
  await settleAt(feed, head)
  thaw()
  await settle(feed, store)
  t.strictSame(positions, [1, 2, 3, 4, 7, 9, 10], 'the one that filled it, and the newest')
  t.equal(other.positions.length, 10, 'who asked for every event has every event')
})

const settleAt = async (feed: { head: () => number }, head: number): Promise<void> => {
  while (feed.head() < head) await new Promise((resolve) => setImmediate(resolve))
}

t.test('the newest is of what it wants and may see', async (t) => {
  const { store, feed } = await feedHarness(t, {
    before: async (store) => {
      await write(store, { id: 'p1' })
      await write(store, { id: 'p1', type: 'pet.adopted' })
      await write(store, { type: 'user.registered', id: 'u1' })
    },
  })
  const updates = recordingSink()
  const seen = recordingSink()
  subscribe(feed, updates.sink, {
    latestOnly: true,
    filter: compiled({ types: ['pet.updated', 'user.*'] }),
    visibility: 'public',
  })
  subscribe(feed, seen.sink, { latestOnly: true, visibility: 'staff' })
  await settle(feed, store)
  t.strictSame(updates.positions, [1])
  t.strictSame(seen.positions, [2, 3])
})

t.test(
  'from whatever place and however it is held up, it ends with the newest of each',
  async (t) => {
    const plan = fc.record({
      subjects: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 60 }),
      after: fc.nat(60),
      room: fc.integer({ min: 1, max: 9 }),
      latestEvents: fc.integer({ min: 1, max: 30 }),
      ringEvents: fc.integer({ min: 1, max: 80 }),
    })
    await fc.assert(
      fc.asyncProperty(plan, async ({ subjects, room, latestEvents, ringEvents, ...rest }) => {
        const settings = { latestEvents, ringEvents, sliceEvents: 4, catchUpPageEvents: 7 }
        await t.test('a plan', async (t) => {
          const { store, feed } = await feedHarness(t, {
            settings,
            before: async (store) => {
              for (const n of subjects.slice(0, 20)) await write(store, { id: `p${String(n)}` })
            },
          })
          for (const n of subjects.slice(20)) await write(store, { id: `p${String(n)}` })
          const after = Math.min(rest.after, subjects.length)
          const { sink, positions, frames } = recordingSink({ room: () => room })
          subscribe(feed, sink, { after, latestOnly: true })
          await settle(feed, store)
          t.strictSame(
            positions,
            [...positions].sort((a, b) => a - b),
            'in the order of the log',
          )
          t.equal(new Set(positions).size, positions.length, 'none twice')
          const last = new Map(subjectsOf(frames).map((subject, n) => [subject, positions[n]]))
          const wanted = new Map(
            subjects.flatMap((n, at) => (at >= after ? [[`pets/p${String(n)}`, at + 1]] : [])),
          )
          t.strictSame(new Map([...last].sort()), new Map([...wanted].sort()))
        })
      }),
      { seed: 20_260_822, numRuns: 60 },
    )
  },
)
