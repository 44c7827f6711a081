// What readers are told of a read model's progress: in which order, by whom, and when a word was missed.
import t from 'tap'
import { createNotifications } from '../../src/adapters/postgres/notifications.ts'
import type { TenantId } from '../../src/core/ids.ts'
import { silentLogger } from '../../src/core/logger.ts'
import type { SqlDatabase } from '../../src/core/sql.ts'
import { petsProjection } from '../../src/projections/pets/fold.ts'
import { subscriptionOf } from '../../src/projections/projection.ts'
import { movePayload } from '../../src/projections/runner/checkpoint.ts'
import { createProgress, type Progress } from '../../src/projections/runner/progress.ts'
import { testDatabase } from '../support/database.ts'
import { admission, append, memoryLog, petId, TENANTS, testRunner, until } from './support.ts'

const [SHARED, TENANT_A, TENANT_B] = TENANTS as readonly [TenantId, TenantId, TenantId]
const PETS = subscriptionOf(petsProjection)
const noDatabase: SqlDatabase = {
  query: () => Promise.resolve([]),
  transaction: () => Promise.reject(new Error('not used')),
}
const silent = { database: noDatabase, subscriptions: ['pets'], logger: silentLogger }
const move = (position: number, revision: number, tenants: readonly string[] | null = []) => ({
  subscription: 'pets',
  position,
  revision,
  tenants,
})

t.test('when waitFor resolves, the generation and the position have moved', async (t) => {
  const progress = createProgress(silent)
  progress.advance(move(1, 1))
  const before = progress.generation('pets', TENANT_A)
  const other = progress.generation('pets', TENANT_B)
  const waiting = progress.waitFor('pets', 5, 10_000).then((reached) => {
    t.equal(reached, true)
    t.equal(progress.position('pets'), 5)
    t.not(progress.generation('pets', TENANT_A), before)
    t.equal(progress.generation('pets', TENANT_B), other, 'another tenant is not disturbed')
  })
  progress.advance(move(5, 2, [TENANT_A]))
  await waiting
  t.equal(await progress.waitFor('pets', 5, 0), true)
  t.equal(await progress.waitFor('pets', 6, 1), false, 'the time is up')
  t.equal(await progress.waitFor('unknown', 1, 1), false)
  const unanswered = progress.waitFor('pets', 7, 60_000)
  await progress.stop()
  t.equal(await unanswered, false, 'nobody is left waiting at a stop')
})

t.test('a word that was missed moves every tenant, an old one moves nothing', (t) => {
  const progress = createProgress(silent)
  progress.advance(move(1, 1))
  const generations = () => TENANTS.map((tenant) => progress.generation('pets', tenant))
  const first = generations()
  progress.advance(move(4, 4, [TENANT_A]))
  const second = generations()
  t.ok(second.every((generation, index) => generation !== first[index]))
  progress.advance(move(3, 3, [TENANT_A]))
  progress.advance(move(4, 4, [TENANT_A]))
  t.strictSame(generations(), second)
  t.equal(progress.position('pets'), 4)
  progress.advance(move(9, 4))
  t.equal(progress.position('pets'), 9, 'over events of no interest')
  t.strictSame(generations(), second)
  t.end()
})

t.test('a list of tenants too long for a signal becomes all tenants', (t) => {
  const tenants = Array.from({ length: 500 }, (_, index) => petId(index))
  t.match(JSON.parse(movePayload(move(1, 1, tenants))), { tenants: null })
  t.match(JSON.parse(movePayload(move(1, 1, [SHARED]))), {
    projection: 'pets',
    position: 1,
    tenants: [SHARED],
  })
  t.end()
})

t.test('another process follows by signals, and by looking when there are none', async (t) => {
  const { url, database } = await testDatabase(t, { installed: true })
  const notifications = createNotifications({ url, logger: silentLogger })
  t.teardown(notifications.close)
  const common = { database, subscriptions: [PETS], logger: silentLogger }
  const told = createProgress({ ...common, notifications, pollMs: 60_000 })
  const looking = createProgress({ ...common, pollMs: 20 })
  for (const progress of [told, looking]) {
    await progress.start()
    t.teardown(progress.stop)
  }
  const store = memoryLog()
  const before = (progress: Progress) => TENANTS.map((tenant) => progress.generation(PETS, tenant))
  const admit = (number: number, tenantId: TenantId) =>
    append(store, { tenantId, category: 'pet', id: petId(number) }, [admission()])
  testRunner(t, { projection: petsProjection, eventStore: store, database })
  await admit(1, TENANT_A)
  t.equal(await told.waitFor(PETS, 1, 20_000), true)
  t.equal(await looking.waitFor(PETS, 1, 20_000), true)
  const [toldBefore, lookingBefore] = [before(told), before(looking)]
  await admit(2, TENANT_A)
  t.equal(await told.waitFor(PETS, 2, 20_000), true)
  t.equal(await looking.waitFor(PETS, 2, 20_000), true)
  t.strictSame(
    before(told).map((generation, index) => generation !== toldBefore[index]),
    [false, true, false],
    'a signal names the tenant',
  )
  t.ok(
    before(looking).every((generation, index) => generation !== lookingBefore[index]),
    'a look cannot',
  )
  await store.append({
    stream: { tenantId: SHARED, category: 'other', id: 'x' },
    expectedVersion: 'any',
    metadata: { actor: { kind: 'system', id: 'test' }, correlationId: 'c', causationId: null },
    events: [
      {
        eventId: petId(99),
        type: 'a.b',
        schemaVersion: 1,
        data: {},
        occurredAt: '2026-08-22T10:00:00.000Z',
      },
    ],
  })
  await until('both passed it', () => told.position(PETS) === 3 && looking.position(PETS) === 3)
})
