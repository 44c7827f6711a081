// What the schema itself promises: append-only by privilege and by trigger, partitions ahead, keys
// kept for a day.
import t from 'tap'
import type { AppendRequest } from '../../../src/core/event-store.ts'
import { newEvents, petStream, request, store1 } from '../../contracts/event-store/support.ts'
import { openTestStore } from './event-store-rig.ts'

const PARTITION = 'pawtrail.events_from_0000000000001'
const PARTITION_SIZE = 33_554_432

t.test('the program may neither change nor remove nor insert, by privilege', async (t) => {
  const { store, database } = await openTestStore(t)
  await store1(store, { idempotency: { key: 'k', requestHash: 'a' } })
  const statements = [
    ...['events', 'events_from_0000000000001', 'streams', 'command_log', 'log_identity'].flatMap(
      (table) => [
        `delete from pawtrail.${table}`,
        `truncate pawtrail.${table}`,
        `insert into pawtrail.${table} default values`,
      ],
    ),
    `update pawtrail.events set type = 'x'`,
    `update ${PARTITION} set type = 'x'`,
    `update pawtrail.streams set version = 9`,
    `update pawtrail.command_log set version = 9`,
    `update pawtrail.log_identity set epoch = 9`,
    `alter table pawtrail.events disable trigger all`,
    `drop table pawtrail.events`,
    `create or replace function pawtrail.refuse_change() returns trigger language sql as ''`,
  ]
  for (const statement of statements) {
    await t.rejects(database.query(statement), { code: '42501' }, statement)
  }
  t.equal(await store.head(), 1)
})

t.test('nobody changes or removes an event, the owner included, by trigger', async (t) => {
  const { store, admin } = await openTestStore(t)
  await store1(store)
  const partitions = await admin.query<{ name: string }>(
    `select inhrelid::regclass::text as name
     from pg_inherits where inhparent = 'pawtrail.events'::regclass`,
  )
  t.equal(partitions.length, 2)
  for (const table of ['pawtrail.events', ...partitions.map(({ name }) => name)]) {
    for (const statement of [
      `update ${table} set type = 'x'`,
      `delete from ${table}`,
      `truncate ${table}`,
    ]) {
      await t.rejects(admin.query(statement), { code: '23001' }, statement)
    }
  }
  t.equal(await store.head(), 1)
})

t.test('one whole partition is always empty ahead, however many ask for it at once', async (t) => {
  const { store, admin, database } = await openTestStore(t)
  const count = async (): Promise<number> => {
    const [row] = await admin.query<{ count: number }>(
      `select count(*) as count from pg_inherits where inhparent = 'pawtrail.events'::regclass`,
    )
    return row?.count ?? 0
  }
  const ensure = () => database.query('select pawtrail.ensure_partitions()')
  await Promise.all([ensure(), ensure(), ensure(), ensure()])
  t.equal(await count(), 2, 'nothing to do on a young log')
  // The last position but one of the first partition: the next append fills it and goes on in the
  // second.
  await admin.query(`
    insert into pawtrail.events
    values (${PARTITION_SIZE - 1}, 'shared', 'pet', 'filler', 1, gen_random_uuid(), 'pet.admitted', 1,
      '{}', '{}', now(), now())`)
  const stream = petStream()
  const outcome = await store1(store, { stream, events: newEvents(3) })
  t.equal(outcome.position, PARTITION_SIZE + 2)
  await Promise.all([ensure(), ensure(), ensure(), ensure()])
  t.equal(await count(), 3)
  const page = await store.readAll({ after: PARTITION_SIZE - 2, limit: 10 })
  t.equal(page.events.length, 4, 'a page reads across partitions')
  const slice = await store.readStream(stream)
  t.strictSame(
    slice.events.map(({ version }) => version),
    [1, 2, 3],
    'a stream reads across partitions',
  )
  const [named] = await admin.query<{ name: string }>(
    `select max(inhrelid::regclass::text) as name
     from pg_inherits where inhparent = 'pawtrail.events'::regclass`,
  )
  await t.rejects(
    admin.query(`truncate ${named?.name}`),
    { code: '23001' },
    'the new one is guarded too',
  )
})

t.test(
  'keys are forgotten in bounded batches when they are old, and never within 24 hours',
  async (t) => {
    const { store, admin, database, openAnother } = await openTestStore(t)
    await store1(store, { idempotency: { key: 'young', requestHash: 'a' } })
    await admin.query(`
    insert into pawtrail.command_log
    select 'shared', 'old-' || n, 'a', 'pet', 'x', 1, 1, now() - interval '3 days'
    from generate_series(1, 25) n`)
    await admin.query(`
    insert into pawtrail.command_log
    values ('shared', 'hours', 'a', 'pet', 'x', 1, 1, now() - interval '23 hours')`)
    const forget = async (): Promise<number> => {
      const [row] = await database.query<{ n: number }>(
        `select pawtrail.forget_commands('1 second', 10) as n`,
      )
      return row?.n ?? -1
    }
    t.strictSame([await forget(), await forget()], [10, 10])
    await openAnother({ forgetBatchKeys: 2 })
    t.equal(await forget(), 0, 'opening a store has removed the rest')
    const again = await store.append(request({ idempotency: { key: 'young', requestHash: 'a' } }))
    t.equal(again.kind, 'duplicate')
    const left = await admin.query<{ key: string }>(
      'select key from pawtrail.command_log order by key',
    )
    t.strictSame(
      left.map(({ key }) => key),
      ['hours', 'young'],
    )
  },
)

t.test('the identity is the same for every instance over one log', async (t) => {
  const { url } = await openTestStore(t)
  const { createPostgresEventStore } =
    await import('../../../src/adapters/postgres/event-store/event-store.ts')
  const { silentLogger } = await import('../../../src/core/logger.ts')
  const { noMetrics } = await import('../../../src/core/metrics.ts')
  const open = () =>
    createPostgresEventStore({ url, logger: silentLogger, metrics: noMetrics, clock: () => 0 })
  const stores = [await open(), await open()]
  t.teardown(() => Promise.all(stores.map((store) => store.close())))
  t.equal(stores[0]?.identity.epoch, 1)
  t.equal(stores[0]?.identity.cursorKey.length, 16)
  t.strictSame(stores[0]?.identity, stores[1]?.identity)
})

t.test(
  'an event that an earlier build stored reads as it was, and its stream goes on',
  async (t) => {
    const { store, admin } = await openTestStore(t)
    const stream = petStream()
    const at = [stream.tenantId, stream.category, stream.id]
    await admin.query(
      `insert into pawtrail.events (position, tenant_id, category, stream_id, version, event_id, type,
      schema_version, data, metadata, occurred_at, recorded_at)
    values (1, $1, $2, $3, 1, gen_random_uuid(), 'pet.admitted', 1, '{"name": "Luna", "tags": [1, null]}',
      '{"causationId": null}', now(), now())`,
      at,
    )
    await admin.query(`insert into pawtrail.streams values ($1, $2, $3, 1, 1, 1)`, at)
    await store1(store, { stream, expectedVersion: 1 })
    const { version, events } = await store.readStream(stream)
    t.equal(version, 2)
    t.strictSame(events[0]?.data, { name: 'Luna', tags: [1, null] })
    t.strictSame(events[0]?.metadata, { causationId: null })
    const page = await store.readAll({ after: 0, limit: 10 })
    t.strictSame(page.events, events, 'from the log as from the stream')
  },
)

t.test('whatever refuses one command, its neighbours are stored in their places', async (t) => {
  const stream = petStream()
  const idempotency = { key: 'k', requestHash: 'a' }
  const losers: readonly [Partial<AppendRequest>, object][] = [
    [
      { stream, expectedVersion: 0 },
      { kind: 'conflict', actualVersion: 2 },
    ],
    [
      { stream, expectedVersion: 1 },
      { kind: 'conflict', actualVersion: 2 },
    ],
    [
      { stream, expectedVersion: 3 },
      { kind: 'conflict', actualVersion: 2 },
    ],
    [{ expectedVersion: 1 }, { kind: 'conflict', actualVersion: 0 }],
    [{ expectedVersion: 2_147_483_647 }, { kind: 'conflict', actualVersion: 0 }],
    [{ idempotency }, { kind: 'duplicate', stream, version: 2, position: 2 }],
    [{ idempotency: { key: 'k', requestHash: 'b' } }, { kind: 'key_reused' }],
  ]
  for (const [loser, refusal] of losers) {
    const { store } = await openTestStore(t)
    const moved = petStream()
    await store1(store, { stream, events: newEvents(2), idempotency })
    await store1(store, { stream: moved, expectedVersion: 0 })
    const outcomes = await Promise.all([
      store.append(request({ expectedVersion: 0, events: newEvents(3) })),
      store.append(request({ ...loser, events: newEvents(2) })),
      store.append(request({ stream: moved, expectedVersion: 1, events: newEvents(2) })),
      store.append(request({ expectedVersion: 0 })),
    ])
    t.match(outcomes, [
      { kind: 'appended', version: 3, position: 6 },
      refusal,
      { kind: 'appended', version: 3, position: 8 },
      { kind: 'appended', version: 1, position: 9 },
    ])
    t.equal(await store.head(), 9)
    t.equal((await store.readStream(stream)).version, 2)
  }
})
