// The live engine by itself: order, fan-out, its ring and its limits.
import t from 'tap'
import {
  compiled,
  feedHarness,
  OTHER_TENANT,
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

t.test('a subscriber gets what is in the log, then what comes, in log order', async (t) => {
  const { store, feed } = await feedHarness(t, { before: (store) => writeMany(store, 20) })
  const { sink, positions } = recordingSink()
  const subscription = subscribe(feed, sink)
  t.strictSame(positions, [], 'nothing is written before subscribe has returned')
  await settle(feed, store)
  await writeMany(store, 10)
  await settle(feed, store)
  t.strictSame(positions, range(1, 30))
  t.equal(subscription.delivered(), 30)
  t.equal(subscription.state(), 'live')
})

t.test('an event looks at the subscriptions it concerns and at no other', async (t) => {
  const { store, feed } = await feedHarness(t, { settings: { subscriptionsPerPrincipal: 5_000 } })
  for (const n of range(1, 1_000)) {
    const subjects = [`pets/p${String(n)}`]
    subscribe(feed, recordingSink().sink, { filter: compiled({ subjects }) })
    subscribe(feed, recordingSink().sink, { filter: compiled({ types: ['shelter.*'] }) })
    subscribe(feed, recordingSink().sink, { tenantId: OTHER_TENANT })
  }
  const hit = recordingSink()
  subscribe(feed, hit.sink, { filter: compiled({ types: ['pet.*'], subjects: ['pets/*'] }) })
  await settle(feed, store)
  const before = feed.stats().evaluations
  await write(store, { id: 'p500' })
  await settle(feed, store)
  t.strictSame(hit.positions, [1])
  t.equal(feed.stats().evaluations - before, 2, 'the one of pets/p500 and the one of pet.*')
})

t.test('a frame is made once for all subscribers of a class', async (t) => {
  const { store, feed } = await feedHarness(t)
  const recorders = [recordingSink(), recordingSink()]
  for (const { sink } of recorders) subscribe(feed, sink)
  await settle(feed, store)
  await write(store)
  await settle(feed, store)
  t.ok(recorders[0]?.frames[0] !== undefined)
  t.equal(recorders[0]?.frames[0], recorders[1]?.frames[0], 'the same buffer')
})

t.test('the ring keeps to its count and its bytes', async (t) => {
  const bytes = 40_000
  const { store, feed } = await feedHarness(t, { settings: { ringEvents: 30, ringBytes: bytes } })
  const recorder = recordingSink()
  subscribe(feed, recorder.sink)
  await settle(feed, store)
  await writeMany(store, 100)
  await settle(feed, store)
  t.ok(feed.stats().ringEvents <= 30)
  await writeMany(store, 20, { data: { changes: { description: 'x'.repeat(4_000) } } })
  await settle(feed, store)
  t.equal(recorder.positions.length, 120)
  // The newest entry's frame is made after it was let in: the next entry pays for it.
  t.ok(feed.stats().ringBytes <= bytes + 20_000, `bytes: ${String(feed.stats().ringBytes)}`)
})

t.test('each limit refuses with its name, and a place that is left is free again', async (t) => {
  const { feed } = await feedHarness(t, {
    settings: { subscriptions: 4, subscriptionsPerTenant: 3, subscriptionsPerPrincipal: 2 },
  })
  const ask = (principal: string, tenantId = TENANT) => {
    const { sink } = recordingSink()
    const visibility = 'public' as const
    const request = { tenantId, visibility, filter: compiled(), after: 0, transport: 'test' }
    return feed.subscribe({ ...request, principal, sink })
  }
  const first = ask('a')
  t.equal(first.kind, 'subscribed')
  t.equal(ask('a').kind, 'subscribed')
  t.match(ask('a'), { kind: 'refused', reason: 'principal_limit' })
  t.equal(ask('b').kind, 'subscribed')
  t.match(ask('b'), { kind: 'refused', reason: 'tenant_limit' })
  t.equal(ask('b', OTHER_TENANT).kind, 'subscribed')
  t.match(ask('c', OTHER_TENANT), { kind: 'refused', reason: 'total_limit' })
  if (first.kind === 'subscribed') first.subscription.close('cancelled')
  t.equal(ask('c', OTHER_TENANT).kind, 'subscribed')
})

t.test('a sink that throws ends its own subscription and no other', async (t) => {
  const { store, feed } = await feedHarness(t)
  const closings: string[] = []
  const broken = {
    ...recordingSink().sink,
    write: (): boolean => {
      throw new Error('broken sink')
    },
    close: ({ reason }: { reason: string }) => {
      closings.push(reason)
    },
  }
  const recorder = recordingSink()
  subscribe(feed, broken)
  subscribe(feed, recorder.sink)
  await settle(feed, store)
  await writeMany(store, 3)
  await settle(feed, store)
  t.strictSame(closings, ['failed'])
  t.strictSame(recorder.positions, [1, 2, 3])
})

t.test(
  'stopping says goodbye to everybody with the place to come back to, and admits nobody',
  async (t) => {
    const { store, feed, cursors } = await feedHarness(t)
    const recorder = recordingSink()
    subscribe(feed, recorder.sink)
    await settle(feed, store)
    await writeMany(store, 3)
    await settle(feed, store)
    await feed.stop()
    t.match(recorder.closings, [
      { reason: 'shutdown', cursor: cursors.encode(TENANT, 3), delivered: 3 },
    ])
    t.match(
      feed.subscribe({
        ...{ tenantId: TENANT, visibility: 'public', filter: compiled(), after: 0 },
        ...{ transport: 'test', principal: 'p', sink: recordingSink().sink },
      }),
      { kind: 'refused', reason: 'stopped' },
    )
  },
)

t.test(
  'an idle subscriber hears a heartbeat, and a checkpoint instead when its place has moved',
  async (t) => {
    const { store, feed, cursors } = await feedHarness(t, { settings: { heartbeatMs: 10 } })
    const recorder = recordingSink()
    subscribe(feed, recorder.sink, { filter: compiled({ types: ['shelter.*'] }) })
    await until(() => recorder.heartbeats() >= 2, 'heartbeats')
    t.strictSame(recorder.checkpoints, [])
    await writeMany(store, 3)
    await until(() => recorder.checkpoints.length === 1, 'the checkpoint')
    const beats = recorder.heartbeats()
    await until(() => recorder.heartbeats() >= beats + 2, 'heartbeats again')
    t.match(recorder.checkpoints, [{ cursor: cursors.encode(TENANT, 3), delivered: 0 }])
  },
)

t.test('the feed counts what it sends and shows how many are live and behind', async (t) => {
  const sent: number[] = []
  const gauges = new Map<string, number>()
  const { store, feed } = await feedHarness(t, {
    before: (store) => writeMany(store, 4),
    metrics: {
      count: (name, by = 1) => {
        if (name === 'pawtrail_feed_events_sent_total') sent.push(by)
      },
      gauge: (_name, value, labels) => gauges.set(labels?.['state'] ?? '', value),
      observe: () => {},
    },
  })
  const recorder = recordingSink()
  subscribe(feed, recorder.sink)
  await settle(feed, store)
  t.strictSame(
    [...gauges],
    [
      ['catch-up', 0],
      ['live', 1],
    ],
  )
  recorder.freeze()
  await write(store)
  await until(() => feed.stats().catchUp === 1, 'the demotion')
  t.strictSame(
    [...gauges],
    [
      ['catch-up', 1],
      ['live', 0],
    ],
  )
  t.equal(
    sent.reduce((sum, each) => sum + each, 0),
    5,
  )
})
