// The runner on real PostgreSQL: pages with their checkpoint, one owner at a time, poison set aside, outages survived.
import t from 'tap'
import { createDatabase } from '../../src/adapters/postgres/database.ts'
import type { EventStore, LogPage } from '../../src/core/event-store.ts'
import type { TenantId } from '../../src/core/ids.ts'
import { Fault } from '../../src/core/fault.ts'
import { silentLogger } from '../../src/core/logger.ts'
import { noMetrics } from '../../src/core/metrics.ts'
import type { SqlDatabase } from '../../src/core/sql.ts'
import { decodeEvent } from '../../src/events/codec.ts'
import { installProjections } from '../../src/projections/install.ts'
import { petsProjection } from '../../src/projections/pets/fold.ts'
import { liveTarget, type Projection } from '../../src/projections/projection.ts'
import { projections } from '../../src/projections/registry.ts'
import { takeLease } from '../../src/projections/runner/checkpoint.ts'
import { foldPage } from '../../src/projections/runner/page.ts'
import { requestRetry } from '../../src/projections/runner/parking.ts'
import { sheltersProjection } from '../../src/projections/shelters.ts'
import { testDatabase } from '../support/database.ts'
import { admission, append, memoryLog, petId, TENANTS, testRunner, until } from './support.ts'

const [SHARED, TENANT_A] = TENANTS as readonly [TenantId, TenantId, TenantId]
const pet = (number: number, tenantId: TenantId = SHARED) =>
  ({ tenantId, category: 'pet', id: petId(number) }) as const
const updated = (name: string) => ({ type: 'pet.updated', data: { changes: { name } } }) as const
type Scope = Readonly<{ teardown(work: () => unknown): unknown }>
const live = liveTarget(petsProjection)

type Row = Readonly<{ pet_id: string; name_key: string; version: number }>
const petRows = (admin: SqlDatabase): Promise<readonly Row[]> =>
  admin.query<Row>('select pet_id, name_key, version from read.pets_v1 order by serial')
const checkpoint = async (admin: SqlDatabase, subscription = 'pets') => {
  const rows = await admin.query<{ position: number; fence: number; owner: string | null }>(
    'select position, fence, owner from pawtrail.checkpoints where subscription = $1',
    [subscription],
  )
  return rows[0]
}
const pageAt = (store: EventStore, after: number): Promise<LogPage> =>
  store.readAll({ after, limit: 100, filter: { categories: ['pet'] } })

t.test('runner', async (t) => {
  const setUp = async (t: Scope) => {
    const databases = await testDatabase(t)
    await installProjections(databases.admin, projections)
    return { ...databases, store: memoryLog() }
  }

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
    for (let number = 0; number < 60; number += 1) {
      await append(store, { tenantId: SHARED, category: 'other', id: `${number}` }, [
        { type: 'a.b', data: {} },
      ])
    }
    const slowly = { ...store, subscribe: () => onePageEach(60) }
    const runner = testRunner(t, {
      projection: petsProjection,
      eventStore: slowly,
      database: counting,
      timing: { skipWriteMs: 60_000, housekeepingMs: 60_000 },
    })
    await until('all were seen', () => runner.moves.at(-1)?.position === 60)
    t.equal(writes, 0, 'the position is known in the process and not yet written')
  })

  t.test('a former owner cannot commit the page that it has in hand', async (t) => {
    const { database, admin, store } = await setUp(t)
    await append(store, pet(1), [admission()])
    const want = { subscription: 'pets', leaseMs: 0 }
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
    await t.rejects(
      foldPage(context, successor, step),
      { code: 'fenced' },
      'nor the same page twice',
    )
    t.equal((await petRows(admin)).length, 1)
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
      'select sum(count)::int as total from read.pet_counts_v1',
    )
    t.equal(counted[0]?.total, 5)
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
    'an event of an unknown version parks its stream alone; a retry folds it when the build knows it',
    async (t) => {
      const { database, admin, store } = await setUp(t)
      let knowsAll = false
      const counted: string[] = []
      testRunner(t, {
        projection: petsProjection,
        eventStore: store,
        database,
        decode: (event) => {
          if (!knowsAll && event.schemaVersion > 1)
            throw new Fault('unknown_event', 'of a newer build')
          return { ...event, schemaVersion: 1 }
        },
        metrics: { ...noMetrics, count: (name) => counted.push(name) },
      })
      await append(store, pet(1), [admission({ name: 'Healthy' })])
      await append(store, pet(2), [
        admission({ name: 'Before' }),
        { ...updated('New'), schemaVersion: 2 },
        updated('Newer'),
      ])
      await append(store, pet(1), [updated('Healthy still')])
      await until('all are passed', async () => (await checkpoint(admin))?.position === 5)
      t.strictSame(
        (await petRows(admin)).map((row) => row.name_key),
        ['healthy still', 'before'],
      )
      t.ok(counted.includes('pawtrail_projection_parked_total'))
      const parked = await admin.query(
        'select stream_id, position, attempts, error from pawtrail.parked',
      )
      t.match(parked, [
        { stream_id: petId(2), position: 3, attempts: 1, error: 'of a newer build' },
      ])
      t.equal(await requestRetry(database, 'pets'), 1)
      await until(
        'it failed again',
        async () =>
          (await admin.query('select 1 from pawtrail.parked where attempts = 2')).length === 1,
      )
      knowsAll = true
      await append(store, pet(2), [updated('Newest')])
      await until('it is passed over', async () => (await checkpoint(admin))?.position === 6)
      t.equal((await petRows(admin))[1]?.name_key, 'before', 'later events of a parked stream wait')
      await requestRetry(database, 'pets')
      await until(
        'it is unparked',
        async () => (await admin.query('select 1 from pawtrail.parked')).length === 0,
      )
      t.equal((await petRows(admin))[1]?.name_key, 'newest')
      await append(store, pet(2), [updated('Live again')])
      await until('it goes on', async () => (await petRows(admin))[1]?.name_key === 'live again')
    },
  )

  t.test(
    'events that the fold or the database refuses park their streams; the rest of the page is there',
    async (t) => {
      const { database, admin, store } = await setUp(t)
      const healthy = [1, 2, 4, 5, 7, 8, 10, 11]
      for (let number = 1; number <= 12; number += 1) {
        if (healthy.includes(number))
          await append(store, pet(number, TENANT_A), [admission({ name: `p${number}` })])
        else if (number % 6 === 0)
          await append(store, pet(number, TENANT_A), [updated('without an admission')])
        else
          await append(store, pet(number, TENANT_A), [
            admission({ price: '99999999999.00' }),
            updated('x'),
          ])
      }
      let attempts = 0
      const fold: Projection = {
        ...petsProjection,
        apply: (tx, target, events) => {
          attempts += 1
          return petsProjection.apply(tx, target, events)
        },
      }
      testRunner(t, { projection: fold, eventStore: store, database })
      await until(
        'all are passed',
        async () => (await checkpoint(admin))?.position === (await store.head()),
      )
      t.strictSame(
        (await petRows(admin)).map((row) => row.name_key),
        healthy.map((number) => `p${number}`),
      )
      const parked = await admin.query<{ stream_id: string }>(
        'select stream_id from pawtrail.parked order by stream_id',
      )
      t.strictSame(
        parked.map((row) => row.stream_id),
        [3, 6, 9, 12].map(petId),
      )
      t.ok(attempts < 30, 'halving finds them without trying each stream of the page')
    },
  )

  t.test('an outage of the database is waited out, and no event is skipped', async (t) => {
    const { database, admin, store } = await setUp(t)
    let failures = 0
    const failing: SqlDatabase = {
      ...database,
      transaction: (work) => {
        failures += 1
        if (failures % 3 !== 0) return Promise.reject(new Fault('database_unavailable', 'down'))
        return database.transaction(work)
      },
    }
    const warnings: string[] = []
    const logger = {
      ...silentLogger,
      warn: (_: unknown, message: string) => void warnings.push(message),
    }
    testRunner(t, { projection: petsProjection, eventStore: store, database: failing, logger })
    for (let number = 1; number <= 6; number += 1) await append(store, pet(number), [admission()])
    await until('all are there', async () => (await petRows(admin)).length === 6)
    t.ok(warnings.length > 0)
    t.strictSame(await admin.query('select 1 from pawtrail.parked'), [])
  })

  t.test('connections that the server ends are replaced', async (t) => {
    const { url, admin, store } = await setUp(t)
    const own = createDatabase({
      url,
      maxConnections: 2,
      statementTimeoutMs: 5_000,
      applicationName: 'pawtrail cut test',
      logger: silentLogger,
    })
    t.teardown(own.close)
    testRunner(t, { projection: petsProjection, eventStore: store, database: own })
    for (let number = 1; number <= 5; number += 1) {
      await append(store, pet(number), [admission()])
      await admin.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'pawtrail cut test' and datname = current_database()",
      )
    }
    await until('all are there', async () => (await petRows(admin)).length === 5)
  })

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
        async () => (await checkpoint(admin, 'shelters'))?.position === 2,
      )
      t.equal((await checkpoint(admin))?.position, 0)
    },
  )
})

async function* onePageEach(count: number): AsyncGenerator<LogPage> {
  for (let upTo = 1; upTo <= count; upTo += 1) yield { events: [], upTo }
  await new Promise(() => {}) // the end of the log: nothing more comes
}
