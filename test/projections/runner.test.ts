// The runner on real PostgreSQL: pages with their checkpoint, one owner at a time, each projection for itself.
import t from 'tap'
import type { EventStore, LogPage } from '../../src/core/event-store.ts'
import { Fault } from '../../src/core/fault.ts'
import type { SqlDatabase } from '../../src/core/sql.ts'
import { decodeEvent } from '../../src/events/codec.ts'
import { petsProjection } from '../../src/projections/pets/fold.ts'
import { liveTarget, type Projection, subscriptionOf } from '../../src/projections/projection.ts'
import { takeLease } from '../../src/projections/runner/checkpoint.ts'
import { foldPage } from '../../src/projections/runner/page.ts'
import { sheltersProjection } from '../../src/projections/shelters.ts'
import { checkpoint, pet, petRows, PETS, setUp, SHARED, updated } from './runner-rig.ts'
import { admission, append, testRunner, until } from './support.ts'

const live = liveTarget(petsProjection)
const pageAt = (store: EventStore, after: number): Promise<LogPage> =>
  store.readAll({ after, limit: 100, filter: { categories: ['pet'] } })

t.test(
  'rows, checkpoint and the word of it move together, also over events of no interest',
  async (t) => {
    const { database, admin, store } = await setUp(t)
    const runner = testRunner(t, { projection: petsProjection, eventStore: store, database })
    await append(store, pet(1), [admission({ name: 'Luna' })])
    await until('the pet is there', async () => (await petRows(admin)).length === 1)
    t.equal((await checkpoint(admin))?.position, 1)
    await append(store, { tenantId: SHARED, category: 'other', id: 'x' }, [
      { type: 'a.b', data: {} },
    ])
    await until('the checkpoint passed it', async () => (await checkpoint(admin))?.position === 2)
    t.strictSame(
      runner.moves.map(({ position, tenants }) => [position, tenants]),
      [
        [1, [SHARED]],
        [2, []],
      ],
    )
    await runner.stop()
    t.equal((await checkpoint(admin))?.owner, null, 'a runner that stops gives its lease back')
  },
)

t.test('pages of no interest move the position at once and are written down later', async (t) => {
  const { database, store } = await setUp(t)
  let writes = 0
  const counting: SqlDatabase = {
    ...database,
    transaction: (work) => {
      writes += 1
      return database.transaction(work)
    },
  }
  const append60 = async (from: number): Promise<void> => {
    for (let number = from; number < from + 60; number += 1) {
      await append(store, { tenantId: SHARED, category: 'other', id: `${number}` }, [
        { type: 'a.b', data: {} },
      ])
    }
  }
  await append60(0)
  const runner = testRunner(t, {
    projection: petsProjection,
    eventStore: store,
    database: counting,
    timing: { skipWriteMs: 60_000, housekeepingMs: 60_000 },
  })
  await until('history was passed over', () => runner.moves.at(-1)?.position === 60)
  await append60(60)
  await until('all were seen', () => runner.moves.at(-1)?.position === 120)
  t.equal(writes, 0, 'the position is known in the process and not yet written')
})

t.test('a crash between fold and commit loses nothing and doubles nothing', async (t) => {
  const { database, admin, store } = await setUp(t)
  let crashes = 3
  const crashing: SqlDatabase = {
    ...database,
    transaction: (work) =>
      database.transaction(async (tx) => {
        const result = await work(tx)
        if (crashes > 0) {
          crashes -= 1
          throw new Fault('database_unavailable', 'the connection broke before the commit')
        }
        return result
      }),
  }
  for (let number = 1; number <= 5; number += 1) {
    await append(store, pet(number), [
      admission({ name: `Pet ${number}` }),
      updated(`Renamed ${number}`),
    ])
  }
  testRunner(t, {
    projection: petsProjection,
    eventStore: store,
    database: crashing,
    pageSize: 2,
  })
  await until('all are folded', async () => (await checkpoint(admin))?.position === 10)
  t.equal(crashes, 0)
  t.strictSame(
    (await petRows(admin)).map((row) => [row.name_key, row.version]),
    [1, 2, 3, 4, 5].map((number) => [`renamed ${number}`, 2]),
  )
  const counted = await admin.query<{ total: number }>(
    'select sum(count)::int as total from read.pet_counts_v2',
  )
  t.equal(counted[0]?.total, 5)
})

t.test('a former owner cannot commit the page that it has in hand', async (t) => {
  const { database, admin, store } = await setUp(t)
  await append(store, pet(1), [admission()])
  const want = { subscription: PETS, leaseMs: 0 }
  const zombie = await takeLease(database, { ...want, owner: 'zombie' })
  const successor = await takeLease(database, { ...want, owner: 'successor' })
  if (zombie === undefined || successor === undefined) throw new Error('no lease')
  const context = {
    projection: petsProjection,
    target: live,
    database,
    decode: decodeEvent,
    parked: new Set<string>(),
  }
  const step = { from: 0, page: await pageAt(store, 0) }
  await t.rejects(foldPage(context, zombie, step), { code: 'fenced' })
  t.strictSame(await petRows(admin), [], 'nothing of its page is there')
  await foldPage(context, successor, step)
  await t.rejects(foldPage(context, successor, step), { code: 'fenced' }, 'nor the same page twice')
  t.equal((await petRows(admin)).length, 1)
})

t.test(
  'a stand-by writes nothing while the owner lives, and takes over when it falls silent',
  async (t) => {
    const { database, admin, store } = await setUp(t)
    const options = { projection: petsProjection, eventStore: store }
    let isCutOff = false
    const cut: SqlDatabase = {
      query: (...call) =>
        isCutOff
          ? Promise.reject(new Fault('database_unavailable', 'cut off'))
          : database.query(...call),
      transaction: (work) =>
        isCutOff
          ? Promise.reject(new Fault('database_unavailable', 'cut off'))
          : database.transaction(work),
    }
    const first = testRunner(t, { ...options, database: cut, owner: 'first' })
    await append(store, pet(1), [admission()])
    await until('the first folds', () => first.moves.length === 1)
    const second = testRunner(t, { ...options, database, owner: 'second' })
    await append(store, pet(2), [admission()])
    await until('the first folds on', () => first.moves.length === 2)
    t.equal((await checkpoint(admin))?.owner, 'first')
    t.strictSame(second.moves, [])
    isCutOff = true
    await append(store, pet(3), [admission()])
    await until('the second took over', () => second.moves.length === 1)
    isCutOff = false
    await append(store, pet(4), [admission()])
    await until('all are there', async () => (await petRows(admin)).length === 4)
    t.equal((await checkpoint(admin))?.owner, 'second')
    t.equal(first.moves.length, 2, 'the first one stands by now')
  },
)

t.test(
  'projections move on their own: one that cannot go on does not hold up another',
  async (t) => {
    const { database, admin, store } = await setUp(t)
    const stuck: Projection = {
      ...petsProjection,
      apply: () => Promise.reject(new Fault('deadline_exceeded', 'slow')),
    }
    testRunner(t, { projection: stuck, eventStore: store, database })
    testRunner(t, { projection: sheltersProjection, eventStore: store, database, owner: 'other' })
    await append(store, pet(1), [admission()])
    await append(store, { tenantId: SHARED, category: 'shelter', id: 's1' }, [
      {
        type: 'shelter.registered',
        data: {
          profile: {
            name: 'Harbour',
            address: null,
            phone: null,
            email: null,
            hours: null,
            adoptionFeeRange: null,
          },
        },
      },
    ])
    await until(
      'shelters are at the end',
      async () => (await checkpoint(admin, subscriptionOf(sheltersProjection)))?.position === 2,
    )
    t.equal((await checkpoint(admin))?.position, 0)
  },
)
