// Who may not be served any more: tokens that expired, users who were deleted, too many of one.
import t from 'tap'
import { noMetrics, type Metrics } from '../../../src/core/metrics.ts'
import type { RefusalReason, SubscriptionRequest } from '../../../src/transports/feed/types.ts'
import { fixedClock } from '../../support/fixed-clock.ts'
import {
  compiled,
  feedHarness,
  OTHER_TENANT,
  recordingSink,
  settle,
  SHARED_TENANT,
  subscribe,
  TENANT,
  until,
  write,
  writeMany,
} from './harness.ts'

t.test('after its expiry a token gets nothing, however the clock came to be so late', async (t) => {
  const clock = fixedClock()
  const { store, feed } = await feedHarness(t, { clock })
  const expiring = recordingSink()
  const lasting = recordingSink()
  subscribe(feed, expiring.sink, { expiresAtMs: clock() + 3_600_000 })
  subscribe(feed, lasting.sink, { expiresAtMs: clock() + 7_200_000 })
  await settle(feed, store)
  await write(store)
  await settle(feed, store)
  clock.advance(3_600_000)
  await write(store)
  await until(() => lasting.positions.length === 2, 'the next event')
  t.strictSame(expiring.positions, [1])
  t.match(expiring.closings, [{ reason: 'token_expired', position: 1, delivered: 1 }])
  t.strictSame(lasting.closings, [])
})

t.test('a subscription that catches up ends at its expiry, too', async (t) => {
  const clock = fixedClock()
  const { store, feed } = await feedHarness(t, { clock })
  const frozen = recordingSink()
  frozen.freeze()
  subscribe(feed, frozen.sink, { expiresAtMs: clock() + 1_000_000 })
  await settle(feed, store)
  await writeMany(store, 5)
  await until(() => feed.stats().catchUp === 1, 'it is behind')
  clock.advance(1_000_000)
  frozen.thaw()
  await until(() => frozen.closings.length === 1, 'its end')
  t.equal(frozen.closings[0]?.reason, 'token_expired')
  t.strictSame(frozen.positions, [1])
})

t.test('one that is idle is ended by its next heartbeat, and in time by itself', async (t) => {
  const clock = fixedClock()
  const { feed } = await feedHarness(t, { clock, settings: { heartbeatMs: 20 } })
  const idle = recordingSink()
  const short = recordingSink()
  subscribe(feed, idle.sink, { expiresAtMs: clock() + 3_600_000 })
  subscribe(feed, short.sink, { expiresAtMs: clock() + 1 })
  await until(() => short.closings.length === 1, 'the end of the short one')
  t.equal(idle.closings.length, 0)
  clock.advance(3_600_000)
  await until(() => idle.closings.length === 1, 'the end of the idle one')
  t.equal(idle.closings[0]?.reason, 'token_expired')
})

t.test('the deletion of a user ends all that the user holds, and nothing else', async (t) => {
  const clock = fixedClock()
  const settings = { barredForMs: 60_000 }
  const { store, feed } = await feedHarness(t, { clock, settings })
  const open = (request: Partial<SubscriptionRequest>) => {
    const recorder = recordingSink()
    subscribe(feed, recorder.sink, request)
    return recorder
  }
  const mine = [
    open({ principal: 'user:u1' }),
    open({ principal: 'user:u1', transport: 'another' }),
    open({ principal: 'user:u1', tenantId: SHARED_TENANT }),
  ]
  const behind = recordingSink()
  behind.freeze()
  subscribe(feed, behind.sink, { principal: 'user:u1' })
  const others = [
    open({ principal: 'user:u2' }),
    open({ principal: 'client:u1' }),
    open({ principal: 'user:u1', tenantId: OTHER_TENANT }),
  ]
  const told: string[] = []
  const connect = (name: string, principal: string) =>
    feed.connect({
      ...{ tenantId: TENANT, transport: 'test', principal },
      onRevoked: () => told.push(name),
    })
  t.equal(connect('mine', 'user:u1').kind, 'connected')
  t.equal(connect('of another', 'user:u2').kind, 'connected')
  await settle(feed, store)
  const first = await write(store)
  await until(() => feed.stats().catchUp === 1, 'the frozen one behind')
  const deletion = await write(store, { type: 'user.deleted', id: 'u1' })
  await until(() => mine[0]?.closings.length === 1, 'the end')
  for (const { closings, positions } of [...mine, behind]) {
    t.equal(closings[0]?.reason, 'revoked')
    t.notOk(positions.includes(deletion), 'not even the deletion itself')
  }
  t.strictSame(mine[0]?.positions, [first])
  t.strictSame(told, ['mine'])
  for (const { closings } of others) t.strictSame(closings, [])
  t.ok(others[0]?.positions.includes(deletion))
  const again = { ...REQUEST, principal: 'user:u1', sink: recordingSink().sink, after: 0 }
  t.match(feed.subscribe(again), { kind: 'refused', reason: 'revoked' })
  t.match(connect('again', 'user:u1'), { kind: 'refused', reason: 'revoked' })
  clock.advance(60_000)
  t.equal(feed.subscribe(again).kind, 'subscribed', 'its tokens have expired long since')
})

const REQUEST = {
  tenantId: TENANT,
  visibility: 'public',
  filter: { keys: { by: 'all' }, matches: () => true },
  transport: 'test',
} as const

t.test('connections are counted by principal, tenant and in all, and free when left', async (t) => {
  const settings = { connections: 4, connectionsPerTenant: 3, connectionsPerPrincipal: 2 }
  const counted: string[] = []
  const metrics: Metrics = {
    ...noMetrics,
    count: (name, _by, labels) => {
      if (name === 'pawtrail_feed_refused_total') counted.push(String(labels?.['reason']))
    },
  }
  const { feed } = await feedHarness(t, { settings, metrics })
  const connect = (principal: string, tenantId = TENANT) =>
    feed.connect({ tenantId, transport: 'test', principal })
  const refused = (reason: RefusalReason) => ({ kind: 'refused', reason })
  const first = connect('user:1')
  t.equal(connect('user:1').kind, 'connected')
  t.match(connect('user:1'), refused('principal_limit'))
  t.equal(connect('user:2').kind, 'connected')
  t.match(connect('user:3'), refused('tenant_limit'))
  t.equal(connect('user:1', OTHER_TENANT).kind, 'connected', 'counted apart in another tenant')
  t.match(connect('user:4', OTHER_TENANT), refused('total_limit'))
  t.strictSame(counted, ['principal_limit', 'tenant_limit', 'total_limit'])
  t.equal(feed.stats().connections, 4)
  if (first.kind !== 'connected') throw new Error('refused')
  feed.disconnect(first.place)
  feed.disconnect(first.place)
  t.equal(feed.stats().connections, 3, 'left twice is left once')
  t.equal(connect('user:3').kind, 'connected')
  await feed.stop()
  t.match(connect('user:5'), refused('stopped'))
})

t.test('lag is measured by transport, and goes back to nothing', async (t) => {
  const lags = new Map<string, number>()
  const ends: string[] = []
  const metrics: Metrics = {
    ...noMetrics,
    gauge: (name, value, labels) => {
      if (name === 'pawtrail_feed_lag_events') lags.set(String(labels?.['transport']), value)
    },
    count: (name, _by, labels) => {
      if (name === 'pawtrail_feed_closed_total') ends.push(Object.values(labels ?? {}).join(' '))
    },
  }
  const { store, feed } = await feedHarness(t, { settings: { lagReportMs: 1 }, metrics })
  const frozen = recordingSink()
  frozen.freeze()
  const behind = subscribe(feed, frozen.sink, { transport: 'slow' })
  subscribe(feed, recordingSink().sink, { transport: 'fast' })
  await writeMany(store, 10)
  await until(() => lags.get('slow') === 9, 'the lag of the slow one')
  t.equal(lags.get('fast'), 0)
  frozen.thaw()
  await until(() => lags.get('slow') === 0, 'no lag')
  behind.close('cancelled')
  t.strictSame(ends, ['slow cancelled'])
})

t.test('a page ends where the log deletes its reader, and there is no next one', async (t) => {
  const { feed } = await feedHarness(t, {
    // From before the start: the tail never sees it.
    before: async (store) => {
      await write(store)
      await write(store, { type: 'user.deleted', id: 'u7' })
      await write(store)
    },
  })
  const read = async (principal: string, after: number) => {
    const asked = { tenantId: TENANT, visibility: 'staff', filter: compiled(), limit: 10 } as const
    const outcome = await feed.readPage({ ...asked, principal, after })
    return outcome.kind === 'page' ? outcome.page.next : outcome.kind
  }
  t.equal(await read('user:u7', 0), 2)
  t.equal(await read('user:u7', 2), 'revoked')
  t.equal(await read('client:u7', 0), 3, 'an application of that name is somebody else')
  t.equal(await read('user:u8', 0), 3)
})
