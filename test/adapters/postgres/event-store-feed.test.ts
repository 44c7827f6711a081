// The end of the log across instances: signals, the poll that covers a lost one, and the way from
// history to memory.
import t from 'tap'
import {
  positions,
  readLog,
  soon,
  store1,
  take,
  newEvents,
} from '../../contracts/event-store/support.ts'
import type { EventStore } from '../../../src/core/event-store.ts'
import { APP_ROLE } from '../../../src/adapters/postgres/connection.ts'
import { openTestStore } from './event-store-rig.ts'

const NEVER_MS = 60_000

t.test('an append of another instance wakes a subscription by its signal', async (t) => {
  const { store, openAnother, admin } = await openTestStore(t, { tailPollMs: NEVER_MS })
  const other = await openAnother()
  const taking = soon(take(store, 2))
  await store1(other)
  const isListening = async (): Promise<boolean> => {
    const rows = await admin.query(`
      select 1 from pg_stat_activity
      where application_name = 'pawtrail notifications' and datname = current_database()
        and query ilike 'listen%'`)
    return rows.length > 0
  }
  while (!(await isListening())) await new Promise((resolve) => setTimeout(resolve, 5))
  await store1(other)
  t.strictSame(positions(await taking), [1, 2])
})

t.test('events of this process are handed on without being read back', async (t) => {
  const limits = { tailPollMs: NEVER_MS, ownSignalGraceMs: NEVER_MS }
  const { store, admin } = await openTestStore(t, limits)
  const ending = new AbortController()
  t.teardown(() => ending.abort())
  const pages = store.subscribe({ after: 0, signal: ending.signal })[Symbol.asyncIterator]()
  await store1(store)
  t.equal((await soon(pages.next())).value?.upTo, 1)
  // Appending goes on by the rights of its function; reading would fail.
  await admin.query(`revoke select on pawtrail.events from ${APP_ROLE}`)
  for (const position of [2, 3, 4]) {
    const next = soon(pages.next())
    await store1(store)
    t.strictSame(positions((await next).value?.events ?? []), [position])
  }
  await t.rejects(store.head())
})

t.test(
  'while two processes write, a subscription of either gives the whole log in order',
  async (t) => {
    const { store, openAnother } = await openTestStore(t)
    const stores = [store, await openAnother()]
    const { position: after } = await store1(store)
    const taking = stores.map((each) => soon(take(each, 400, { after })))
    const write = async (each: EventStore): Promise<void> => {
      for (let round = 0; round < 25; round += 1) {
        await Promise.all([store1(each, { events: newEvents(3) }), store1(each)])
      }
    }
    await Promise.all([...stores, ...stores].map(write))
    const log = (await readLog(store)).slice(1)
    for (const events of await Promise.all(taking)) t.strictSame(events, log)
  },
)

t.test('an event whose signal was lost is found by the poll', async (t) => {
  const { store, admin } = await openTestStore(t, { tailPollMs: 50 })
  await store1(store)
  const taking = soon(take(store, 1, { after: 1 }))
  await admin.query(`
    insert into pawtrail.events
    values (2, 'shared', 'pet', 'unsignalled', 1, gen_random_uuid(), 'pet.admitted', 1,
      '{}', '{}', now(), now())`)
  t.strictSame(positions(await taking), [2])
})

t.test('after its listening connection broke, a subscription reads on', async (t) => {
  const { store, admin, openAnother } = await openTestStore(t, { tailPollMs: NEVER_MS })
  const other = await openAnother()
  const ending = new AbortController()
  t.teardown(() => ending.abort())
  const pages = store.subscribe({ after: 0, signal: ending.signal })[Symbol.asyncIterator]()
  await store1(store)
  t.equal((await soon(pages.next())).value?.upTo, 1)
  const next = pages.next()
  const terminated = async (): Promise<number> =>
    (
      await admin.query(`
        select pg_terminate_backend(pid) from pg_stat_activity
        where application_name = 'pawtrail notifications' and datname = current_database()`)
    ).length
  while ((await terminated()) === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  await store1(other)
  t.equal((await soon(next)).value?.upTo, 2)
})

t.test(
  'a subscription that falls out of the ring goes on by SQL and comes back without a hole',
  async (t) => {
    for (const limits of [{ tailEvents: 6 }, { tailBytes: 100 }]) {
      const { store } = await openTestStore(t, limits)
      const ending = new AbortController()
      const seen: number[] = []
      await store1(store)
      for await (const page of store.subscribe({ after: 0, signal: ending.signal, pageSize: 5 })) {
        seen.push(...positions(page.events))
        if (seen.length >= 150) break
        if (seen.length < 100)
          await store1(store, { events: newEvents(seen.length % 3 === 0 ? 20 : 1) })
        else await store1(store, { events: newEvents(5) })
      }
      t.strictSame(
        seen,
        positions(await readLog(store)).slice(0, seen.length),
        JSON.stringify(limits),
      )
    }
  },
)

t.test('a filter that matches nothing in many windows still ends at the head', async (t) => {
  const { store } = await openTestStore(t, { scanWindow: 3 })
  await store1(store, { events: newEvents(20) })
  const last = await store1(store, { events: newEvents(1, { type: 'pet.adopted' }) })
  const page = await store.readAll({ after: 0, limit: 5, filter: { types: ['pet.adopted'] } })
  t.strictSame(positions(page.events), [last.position])
  const none = await store.readAll({ after: 0, limit: 5, filter: { types: ['no.such'] } })
  t.strictSame(none, { events: [], upTo: last.position })
})

t.test('when the last subscription ends nobody listens and nobody polls', async (t) => {
  const { store, admin } = await openTestStore(t, { tailPollMs: 10 })
  await store1(store)
  await take(store, 1)
  const listening = async (): Promise<number> =>
    (
      await admin.query(`
        select 1 from pg_stat_activity
        where application_name = 'pawtrail notifications' and datname = current_database()
          and query not ilike 'unlisten%'`)
    ).length
  while ((await listening()) > 0) await new Promise((resolve) => setTimeout(resolve, 5))
  t.equal(await store.head(), 1)
})
