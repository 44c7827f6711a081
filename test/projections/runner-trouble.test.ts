// The runner in trouble, on real PostgreSQL: poison is set aside, outages are waited out, nothing is skipped.
import t from 'tap'
import { createDatabase } from '../../src/adapters/postgres/database.ts'
import { Fault } from '../../src/core/fault.ts'
import { silentLogger } from '../../src/core/logger.ts'
import { noMetrics } from '../../src/core/metrics.ts'
import type { SqlDatabase } from '../../src/core/sql.ts'
import { petsProjection } from '../../src/projections/pets/fold.ts'
import type { Projection } from '../../src/projections/projection.ts'
import { requestRetry } from '../../src/projections/runner/parking.ts'
import { checkpoint, pet, petRows, PETS, setUp, TENANT_A, updated } from './runner-rig.ts'
import { admission, append, petId, testRunner, until } from './support.ts'

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
    t.match(parked, [{ stream_id: petId(2), position: 3, attempts: 1, error: 'of a newer build' }])
    t.equal(await requestRetry(database, PETS), 1)
    await until(
      'it failed again',
      async () =>
        (await admin.query('select 1 from pawtrail.parked where attempts = 2')).length === 1,
    )
    knowsAll = true
    await append(store, pet(2), [updated('Newest')])
    await until('it is passed over', async () => (await checkpoint(admin))?.position === 6)
    t.equal((await petRows(admin))[1]?.name_key, 'before', 'later events of a parked stream wait')
    await requestRetry(database, PETS)
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

t.test('a projection that fails again and again is measured as behind', async (t) => {
  const { database, store } = await setUp(t)
  const down: SqlDatabase = {
    ...database,
    transaction: () => Promise.reject(new Fault('database_unavailable', 'down')),
  }
  const shown = new Map<string, number>()
  testRunner(t, {
    projection: petsProjection,
    eventStore: store,
    database: down,
    metrics: { ...noMetrics, gauge: (name, value) => void shown.set(name, value) },
  })
  for (let number = 1; number <= 3; number += 1) await append(store, pet(number), [admission()])
  await until('it is told', () => shown.get('pawtrail_projection_lag_events') === 3)
  t.equal(shown.get('pawtrail_projection_position'), 0)
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
  const ended = new Set<number>()
  for (let number = 1; number <= 5; number += 1) {
    await append(store, pet(number), [admission({ name: `p${number}` })])
    // In the select list it is called for the chosen rows alone; as a condition it could end any.
    const backends = await admin.query<{ pid: number }>(
      `select pid, pg_terminate_backend(pid) from pg_stat_activity
        where application_name = 'pawtrail cut test' and datname = current_database()`,
    )
    for (const { pid } of backends) ended.add(pid)
    await until('it is there', async () => (await petRows(admin)).length === number)
  }
  t.ok(ended.size > 1, 'what replaced an ended connection was ended too')
  t.strictSame(
    (await petRows(admin)).map((row) => row.name_key),
    ['p1', 'p2', 'p3', 'p4', 'p5'],
  )
  t.equal((await checkpoint(admin))?.position, 5)
  t.strictSame(await admin.query('select 1 from pawtrail.parked'), [])
})
