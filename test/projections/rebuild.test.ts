// A rebuild on real PostgreSQL, under readers and a live runner that never stop.
import t from 'tap'
import { systemClock } from '../../src/adapters/system/clock.ts'
import type { SqlDatabase } from '../../src/core/sql.ts'
import type { TenantId } from '../../src/core/ids.ts'
import { Fault } from '../../src/core/fault.ts'
import { silentLogger } from '../../src/core/logger.ts'
import { decodeEvent } from '../../src/events/codec.ts'
import { petsProjection } from '../../src/projections/pets/fold.ts'
import { createPetQueries } from '../../src/projections/pets/queries.ts'
import { liveTarget, rebuildTarget, subscriptionOf } from '../../src/projections/projection.ts'
import { rebuildProjection, type RebuildOptions } from '../../src/projections/rebuild.ts'
import { testDatabase } from '../support/database.ts'
import {
  admission,
  append,
  contents,
  emptyTables,
  memoryLog,
  petId,
  TENANTS,
  testRunner,
  until,
} from './support.ts'

const [SHARED, TENANT_A] = TENANTS as readonly [TenantId, TenantId, TenantId]
const live = liveTarget(petsProjection)
type Scope = Readonly<{ teardown(work: () => unknown): unknown }>

const setUp = async (t: Scope, pets: number) => {
  const { database, admin } = await testDatabase(t, { installed: true })
  const store = memoryLog()
  for (let number = 1; number <= pets; number += 1) {
    const tenantId = number % 2 === 0 ? TENANT_A : SHARED
    await append(store, { tenantId, category: 'pet', id: petId(number) }, [
      admission({ name: `p${number}` }),
    ])
  }
  const options: RebuildOptions = {
    projection: petsProjection,
    eventStore: store,
    database,
    admin,
    decode: decodeEvent,
    owner: 'rebuild',
    clock: systemClock,
    logger: silentLogger,
    signal: new AbortController().signal,
  }
  return { database, admin, store, options }
}
const checkpoints = (admin: SqlDatabase) =>
  admin.query<{ subscription: string; position: number }>(
    'select subscription, position from pawtrail.checkpoints order by subscription',
  )

t.test(
  'readers see every pet at any moment, a live runner goes on, and the rows equal a replay',
  async (t) => {
    const { database, admin, store, options } = await setUp(t, 300)
    const runner = testRunner(t, { projection: petsProjection, eventStore: store, database })
    const seenByRunner = async (position: number): Promise<boolean> =>
      (await checkpoints(admin))[0]?.position === position
    await until('all are folded', () => seenByRunner(300))
    const queries = createPetQueries({
      database,
      scans: database,
      publicUrl: 'https://pets.example.org',
    })
    let isOver = false
    let written = 300
    const writing = (async () => {
      while (!isOver) {
        await append(store, { tenantId: SHARED, category: 'pet', id: petId(written + 1) }, [
          admission(),
        ])
        written += 1
        await new Promise((resolve) => setTimeout(resolve, 2))
      }
    })()
    const fewest: number[] = []
    const reading = [0, 1].map(async () => {
      while (!isOver) {
        const answer = await queries.search(TENANT_A, {
          filter: {},
          sort: { field: 'name', order: 'ASC' },
          facets: [],
          extras: true,
          paging: { kind: 'page', page: 1, limit: 100 },
        })
        if (answer.kind === 'page')
          fewest.push(answer.page.totalItems, answer.page.items.length + 50)
        const inventory = await queries.inventory(TENANT_A)
        fewest.push(inventory.total)
      }
    })
    const progress: number[] = []
    for (let round = 0; round < 3; round += 1) {
      const before = runner.moves.length
      const result = await rebuildProjection({
        ...options,
        onProgress: ({ done, total }) => progress.push(done / total),
      })
      t.ok(result.position >= 300)
      await until('the runner goes on from the new rows', () => runner.moves.length > before + 1)
    }
    isOver = true
    await Promise.all([writing, ...reading])
    await until('all are folded', () => seenByRunner(written))
    t.ok(fewest.length > 10)
    t.equal(Math.min(...fewest), 150, 'no reader saw an empty or a partial table')
    t.equal(progress.at(-1), 1)
    t.ok(runner.moves.some((move) => move.position > 300))
    await runner.stop()
    const kept = await contents(admin, petsProjection, live)
    await emptyTables(admin, petsProjection, live)
    for (let after = 0; after < written;) {
      const { events, upTo } = await store.readAll({ after, limit: 1_000 })
      await admin.transaction((tx) => petsProjection.apply(tx, live, events))
      after = upTo
    }
    t.strictSame(kept, await contents(admin, petsProjection, live))
    t.strictSame(
      (await checkpoints(admin)).map((row) => row.subscription),
      [subscriptionOf(petsProjection)],
    )
  },
)

t.test(
  'tables, indexes and keys have the names they had before, and the app may write them',
  async (t) => {
    const { admin, options } = await setUp(t, 5)
    const names = () =>
      admin.query(
        "select tablename, indexname from pg_indexes where schemaname = 'read' order by 1, 2",
      )
    const grants = () =>
      admin.query(
        `select table_name, privilege_type from information_schema.role_table_grants
            where table_schema = 'read' and grantee = 'pawtrail_app' order by 1, 2`,
      )
    const before = [await names(), await grants()]
    await rebuildProjection(options)
    t.strictSame([await names(), await grants()], before)
  },
)

t.test(
  'an interrupted rebuild leaves the live rows alone, and the next one clears up after it',
  async (t) => {
    const { admin, options } = await setUp(t, 20)
    await rebuildProjection(options)
    const before = await contents(admin, petsProjection, live)
    let pages = 0
    const broken: SqlDatabase = {
      query: (...call) =>
        pages > 3
          ? Promise.reject(new Fault('database_unavailable', 'gone'))
          : admin.query(...call),
      transaction: (work) => {
        pages += 1
        return pages > 3
          ? Promise.reject(new Fault('database_unavailable', 'gone'))
          : admin.transaction(work)
      },
    }
    await t.rejects(rebuildProjection({ ...options, admin: broken }), {
      code: 'database_unavailable',
    })
    t.strictSame(await contents(admin, petsProjection, live), before)
    const left = await contents(admin, petsProjection, rebuildTarget(petsProjection))
    t.ok(left['pets'] !== undefined, 'the half-built tables are still there')
    await rebuildProjection(options)
    t.strictSame(await contents(admin, petsProjection, live), before)
    const stopped = AbortSignal.abort()
    await t.rejects(rebuildProjection({ ...options, signal: stopped }))
    t.strictSame(await contents(admin, petsProjection, live), before)
    const tables = await admin.query(
      "select 1 from pg_tables where schemaname = 'read' and tablename like '%rebuild'",
    )
    t.strictSame(tables, [])
  },
)

t.test('a rebuild that waits for readers is not taken for one that was killed', async (t) => {
  const { admin, options } = await setUp(t, 20)
  let release = (): void => {}
  const isRead = new Promise<void>((resolve) => (release = resolve))
  const reading = admin.transaction(async (tx) => {
    await tx.query('lock table read.pets_v2 in access share mode')
    await isRead
  })
  const leaseMs = 200
  const rebuilding = rebuildProjection({ ...options, leaseMs })
  await new Promise((resolve) => setTimeout(resolve, 5 * leaseMs))
  await t.rejects(rebuildProjection({ ...options, owner: 'another', leaseMs }), { code: 'fenced' })
  release()
  await reading
  t.equal((await rebuilding).events, 20)
})

t.test('a rebuild that was replaced leaves the tables of the other alone', async (t) => {
  const { admin, options } = await setUp(t, 20)
  let isReplaced = false
  const replaced = rebuildProjection({
    ...options,
    onProgress: () => {
      isReplaced = true
      throw new Error('stopped here')
    },
    admin: {
      query: (...call) => admin.query(...call),
      transaction: async (work) => {
        if (isReplaced) await admin.query("update pawtrail.checkpoints set owner = 'another'")
        return admin.transaction(work)
      },
    },
  })
  await t.rejects(replaced, { message: 'stopped here' })
  const left = await contents(admin, petsProjection, rebuildTarget(petsProjection))
  t.ok(left['pets'] !== undefined, 'they are still there')
})

t.test('one rebuild at a time', async (t) => {
  const { options } = await setUp(t, 20)
  const outcomes = await Promise.allSettled([
    rebuildProjection(options),
    rebuildProjection({ ...options, owner: 'another' }),
  ])
  t.strictSame(outcomes.map((outcome) => outcome.status).toSorted(), ['fulfilled', 'rejected'])
})

t.test(
  'streams that were parked are folded by a rebuild that can, and parked again by one that cannot',
  async (t) => {
    const { admin, store, options } = await setUp(t, 3)
    await append(store, { tenantId: SHARED, category: 'pet', id: petId(9) }, [
      { ...admission(), schemaVersion: 7 },
    ])
    const first = await rebuildProjection(options)
    t.equal(first.parked, 1)
    const parked = () => admin.query('select subscription, stream_id from pawtrail.parked')
    t.strictSame(await parked(), [
      { subscription: subscriptionOf(petsProjection), stream_id: petId(9) },
    ])
    const second = await rebuildProjection({
      ...options,
      decode: (event) => ({ ...event, schemaVersion: 1 }),
    })
    t.equal(second.parked, 0)
    t.strictSame(await parked(), [])
    t.equal((await admin.query('select 1 from read.pets_v2')).length, 4)
  },
)
