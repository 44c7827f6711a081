// The appender under pressure: full queues, deadlines, a poisoned neighbour, a killed connection,
// several instances.
import pg from 'pg'
import t, { type Test } from 'tap'
import { createPostgresEventStore } from '../../../src/adapters/postgres/event-store/event-store.ts'
import type { EventStore } from '../../../src/core/event-store.ts'
import type { StreamRef } from '../../../src/core/event.ts'
import { silentLogger } from '../../../src/core/logger.ts'
import { noMetrics } from '../../../src/core/metrics.ts'
import {
  newEvent,
  newEvents,
  petStream,
  positions,
  readLog,
  request,
  soon,
  store1,
} from '../../contracts/event-store/support.ts'
import { testServer } from '../../support/database.ts'
import { clock, openTestStore } from './event-store-rig.ts'

/** Holds the log's lock until it is released: every batch waits. */
const holdLock = async (t: Test, url: string): Promise<() => Promise<void>> => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  t.teardown(() => client.end())
  await client.query('select pg_advisory_lock(7021436000)')
  return async () => {
    await client.query('select pg_advisory_unlock(7021436000)')
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

t.test(
  'beyond the queue limit an append answers overloaded, and what was queued is stored',
  async (t) => {
    const { store, url } = await openTestStore(t, { maxQueuedCommands: 3, retryAfterMs: 700 })
    const release = await holdLock(t, url)
    const sent = store.append(request())
    await turn()
    const queued = [1, 2, 3].map(() => store.append(request()))
    const refused = await store.append(request())
    t.strictSame(refused, { kind: 'overloaded', retryAfterMs: 700 })
    await release()
    const outcomes = await Promise.all([sent, ...queued])
    t.strictSame([...new Set(outcomes.map(({ kind }) => kind))], ['appended'])
    t.equal(await store.head(), 4)
  },
)

t.test('beyond the byte limit of the queue an append answers overloaded', async (t) => {
  const { store, url } = await openTestStore(t, { maxQueuedBytes: 2_000 })
  const release = await holdLock(t, url)
  const large = { events: [newEvent({ data: { text: 'x'.repeat(1_500) } })] }
  const sent = store.append(request(large))
  await turn()
  const queued = store.append(request(large))
  t.match(await store.append(request(large)), { kind: 'overloaded' })
  await release()
  t.equal((await sent).kind, 'appended')
  t.equal((await queued).kind, 'appended')
})

t.test(
  'an append that could not be sent in time throws deadline_exceeded and is never stored',
  async (t) => {
    const { store, url } = await openTestStore(t, { queueDeadlineMs: 100 })
    const release = await holdLock(t, url)
    const sent = store.append(request())
    await turn()
    await t.rejects(soon(store.append(request())), { code: 'deadline_exceeded' })
    await release()
    t.equal((await sent).kind, 'appended')
    await store1(store)
    t.equal(await store.head(), 2)
  },
)

t.test('a batch that takes too long is rolled back and throws deadline_exceeded', async (t) => {
  const { store, url } = await openTestStore(t, { batchDeadlineMs: 150 })
  const release = await holdLock(t, url)
  await t.rejects(soon(store.append(request())), { code: 'deadline_exceeded' })
  await release()
  t.equal((await store1(store)).position, 1)
})

t.test('a command that the database cannot take fails alone, and burns no position', async (t) => {
  const { store, admin } = await openTestStore(t)
  await admin.query(`alter table pawtrail.events add constraint no_poison check (type <> 'poison')`)
  const stream = petStream()
  const poison = { stream, events: [newEvent(), newEvent({ type: 'poison' })] }
  const results = await Promise.allSettled([
    store.append(request()),
    store.append(request(poison)),
    store.append(request()),
    store.append(request({ stream, expectedVersion: 0 })),
  ])
  t.strictSame(
    results.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
  )
  t.match(results[1], { reason: { code: 'event_store_unavailable' } })
  t.strictSame(positions(await readLog(store)), [1, 2, 3])
  t.equal((await store.readStream(stream)).version, 1, 'nothing of the poisoned append was stored')
})

t.test(
  'a reader that polls several writing instances never sees a hole that is filled later',
  async (t) => {
    const { store, openAnother } = await openTestStore(t)
    const writers = [store, await openAnother(), await openAnother({ maxBatchCommands: 3 })]
    const seen: number[] = []
    let isWriting = true
    const reading = (async () => {
      let after = 0
      for (;;) {
        const wasWriting = isWriting
        const page = await store.readAll({ after, limit: 17 })
        seen.push(...positions(page.events))
        after = page.upTo
        if (page.events.length === 0 && !wasWriting) return
      }
    })()
    await Promise.all(
      writers.flatMap((writer) => Array.from({ length: 6 }, () => writeSome(writer, 15))),
    )
    isWriting = false
    await soon(reading)
    t.strictSame(
      seen,
      Array.from({ length: 540 }, (_, index) => index + 1),
    )
    const times = (await readLog(store)).map(({ recordedAt }) => recordedAt)
    t.strictSame(times, [...times].sort(), 'recordedAt never decreases across instances')
  },
)

const writeSome = async (store: EventStore, rounds: number): Promise<void> => {
  for (let round = 0; round < rounds; round += 1) await store1(store, { events: newEvents(2) })
}

t.test(
  'killing the connection under load loses no acknowledged event, and keys make retries safe',
  async (t) => {
    const { store, admin } = await openTestStore(t)
    const acknowledged: StreamRef[] = []
    let faults = 0
    const appendUntilStored = async (stream: StreamRef): Promise<void> => {
      const idempotency = { key: stream.id, requestHash: 'a' }
      for (;;) {
        try {
          const outcome = await store.append(request({ stream, expectedVersion: 0, idempotency }))
          if (outcome.kind === 'appended' || outcome.kind === 'duplicate') break
          t.fail(`unexpected outcome ${outcome.kind}`)
        } catch (error) {
          t.match(error, { code: /^(append_outcome_unknown|event_store_unavailable)$/ })
          faults += 1
          await turn()
        }
      }
      acknowledged.push(stream)
    }
    let isDone = false
    const load = Array.from({ length: 8 }, async () => {
      for (let round = 0; round < 60; round += 1) await appendUntilStored(petStream())
    })
    const killing = (async () => {
      while (!isDone) {
        await admin.query(`
        select pg_terminate_backend(pid) from pg_stat_activity
        where application_name = 'pawtrail appender' and datname = current_database()`)
        const before = acknowledged.length
        while (!isDone && acknowledged.length < before + 40) await turn()
      }
    })()
    await soon(Promise.all(load))
    isDone = true
    await killing
    t.ok(faults > 0, 'the load did meet broken connections')
    t.equal(acknowledged.length, 480)
    const log = await readLog(store, { limit: 1000 })
    t.strictSame(
      log.map(({ streamId }) => streamId).sort(),
      acknowledged.map(({ id }) => id).sort(),
    )
  },
)

t.test(
  'while reconnecting fails an append is refused quickly, and works again afterwards',
  async (t) => {
    const { store, admin } = await openTestStore(t, { maxReconnectDelayMs: 100 })
    const [database] = await admin.query<{ name: string }>('select current_database() as name')
    await store1(store)
    const server = new pg.Client({ connectionString: await testServer(t) })
    await server.connect()
    t.teardown(() => server.end())
    await server.query(`alter database ${database?.name} allow_connections false`)
    await admin.query(`
    select pg_terminate_backend(pid) from pg_stat_activity
    where application_name = 'pawtrail appender' and datname = current_database()`)
    const refused = async (): Promise<boolean> => {
      const error = await store.append(request()).then(
        () => undefined,
        (reason: { code: string }) => reason.code,
      )
      return error === 'event_store_unavailable'
    }
    let tries = 0
    while (!(await soon(refused())) && tries < 20) tries += 1
    t.equal(await refused(), true)
    await server.query(`alter database ${database?.name} allow_connections true`)
    while (await refused()) await turn()
    await store1(store)
  },
)

t.test('a database that cannot be reached is event_store_unavailable from the start', async (t) => {
  const opening = createPostgresEventStore({
    url: 'postgres://postgres@127.0.0.1:1/none',
    logger: silentLogger,
    metrics: noMetrics,
    clock,
  })
  await t.rejects(soon(opening), { code: 'event_store_unavailable' })
})

t.test('closing stores what was queued, then ends', async (t) => {
  const { store, openAnother } = await openTestStore(t)
  const appends = Array.from({ length: 20 }, () => store.append(request()))
  await turn()
  await store.close()
  t.ok((await Promise.all(appends)).every(({ kind }) => kind === 'appended'))
  t.equal(await (await openAnother()).head(), 20)
})
