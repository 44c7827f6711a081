// The shelters read model on real PostgreSQL.
import fc from 'fast-check'
import t from 'tap'
import type { TenantId } from '../../src/core/ids.ts'
import { shelterRegistered } from '../../src/events/shelter.ts'
import { createClassicPetQueries } from '../../src/projections/pets/classic.ts'
import { petsProjection } from '../../src/projections/pets/fold.ts'
import { liveTarget } from '../../src/projections/projection.ts'
import { createClassicShelterQueries } from '../../src/projections/shelters-classic.ts'
import {
  createShelterQueries,
  type ShelterQueries,
  sheltersProjection,
} from '../../src/projections/shelters.ts'
import { testDatabase } from '../support/database.ts'
import { admission, append, contents, emptyTables, memoryLog, petId, TENANTS } from './support.ts'

const [SHARED, TENANT_A] = TENANTS as readonly [TenantId, TenantId, TenantId]
const LISTED = [
  ['s-1', 1],
  ['s-4', 4],
]
const live = liveTarget(sheltersProjection)
const registered = (name: string) =>
  ({
    type: 'shelter.registered',
    data: { profile: { ...shelterRegistered.sample.profile, name } },
  }) as const

type Asked = Parameters<ShelterQueries['list']>[1]
const listed = async (queries: ShelterQueries, asked: Asked, tenantId = TENANT_A) => {
  const page = await queries.list(tenantId, asked)
  if (page === 'bad_cursor') throw new Error('bad cursor')
  return page
}

t.test('shelters', async (t) => {
  const { database, admin } = await testDatabase(t, { installed: true })
  const store = memoryLog()
  const shelter = (id: string, tenantId: TenantId = TENANT_A) => ({
    tenantId,
    category: 'shelter',
    id,
  })
  await append(store, shelter('s-a'), [registered('Harbour')])
  await append(store, shelter('s-x', SHARED), [registered('Elsewhere')])
  await append(store, shelter('s-b'), [registered('Hill')])
  await append(store, shelter('s-a'), [
    { type: 'shelter.updated', data: { changes: { hours: null } } },
  ])
  await append(store, { tenantId: TENANT_A, category: 'pet', id: petId(1) }, [
    admission({ shelterId: 's-a' }),
  ])
  await append(store, { tenantId: TENANT_A, category: 'pet', id: petId(2) }, [
    admission({ shelterId: 's-a' }, 'NOT_AVAILABLE'),
  ])
  await append(store, { tenantId: SHARED, category: 'pet', id: petId(3) }, [
    admission({ shelterId: 's-a' }),
  ])
  const read = async (category: string) =>
    (await store.readAll({ after: 0, limit: 100, filter: { categories: [category] } })).events
  const events = await read('shelter')
  await database.transaction((tx) => sheltersProjection.apply(tx, live, events))
  const pets = await read('pet')
  await database.transaction((tx) => petsProjection.apply(tx, liveTarget(petsProjection), pets))
  const queries = createShelterQueries({ database })

  t.test(
    'are listed in the order they were registered, each with the pets it has to offer',
    async (t) => {
      const all = await listed(queries, { limit: 10, place: { page: 1 } })
      t.equal(all.totalItems, 2)
      t.match(all.items, [
        { id: 's-a', serial: 1, name: 'Harbour', hours: null, availablePetCount: 1, version: 2 },
        { id: 's-b', serial: 2, name: 'Hill', availablePetCount: 0, version: 1 },
      ])
      const second = await listed(queries, { limit: 1, place: { page: 2 } })
      t.strictSame([second.items.map((item) => item.id), second.totalItems], [['s-b'], 2])
      t.match(await queries.get(TENANT_A, 's-a'), all.items[0] ?? {})
      t.equal(await queries.get(SHARED, 's-a'), undefined, 'another tenant does not see it')
    },
  )

  t.test('are the same event by event, all at once, and twice', async (t) => {
    const whole = await contents(admin, sheltersProjection, live)
    await emptyTables(admin, sheltersProjection, live)
    for (const event of [...events, ...events]) {
      await database.transaction((tx) => sheltersProjection.apply(tx, live, [event]))
    }
    t.strictSame(await contents(admin, sheltersProjection, live), whole)
  })
})

t.test('a removed shelter is in no list, and its number is never given again', async (t) => {
  const { database, admin } = await testDatabase(t, { installed: true })
  const store = memoryLog()
  const shelter = (id: string) => ({ tenantId: TENANT_A, category: 'shelter', id })
  const removed = { type: 'shelter.removed', data: { reason: null } }
  await append(store, shelter('s-1'), [registered('Harbour')])
  await append(store, shelter('s-2'), [registered('Hill')])
  await append(store, shelter('s-2'), [removed])
  await append(store, shelter('s-3'), [registered('Quay'), removed])
  await append(store, shelter('s-4'), [registered('Brook')])
  const pet = { tenantId: TENANT_A, category: 'pet', id: petId(1) }
  await append(store, pet, [admission({ shelterId: 's-2' })])
  const events = async (category: string) =>
    (await store.readAll({ after: 0, limit: 100, filter: { categories: [category] } })).events
  const ofShelters = await events('shelter')
  for (const event of ofShelters) {
    await database.transaction((tx) => sheltersProjection.apply(tx, live, [event]))
  }
  const ofPets = await events('pet')
  await database.transaction((tx) => petsProjection.apply(tx, liveTarget(petsProjection), ofPets))

  const modern = createShelterQueries({ database })
  const classic = createClassicShelterQueries({ database })
  const page = await listed(modern, { limit: 10, place: { page: 1 } })
  const range = await classic.list(TENANT_A, { sort: [], offset: 0, limit: 10 })
  for (const { items, totalItems } of [page, range]) {
    t.strictSame([items.map(({ id, serial }) => [id, serial]), totalItems], [LISTED, 2])
  }
  t.strictSame((await listed(modern, { limit: 1, place: { page: 2 } })).items[0]?.id, 's-4')
  t.equal(await modern.get(TENANT_A, 's-2'), undefined)
  t.equal(await classic.get(TENANT_A, 2), undefined)

  const pets = createClassicPetQueries({ database, scans: database })
  t.equal((await pets.get(TENANT_A, 1))?.shelterSerial, null, 'a pet that names it names none')
  const filtered = { sort: [], offset: 0, limit: 10, filter: { shelterSerial: 2 } }
  t.strictSame(await pets.list(TENANT_A, filtered), { items: [], totalItems: 0 })

  const stepwise = await contents(admin, sheltersProjection, live)
  await emptyTables(admin, sheltersProjection, live)
  await database.transaction((tx) => sheltersProjection.apply(tx, live, ofShelters))
  t.strictSame(await contents(admin, sheltersProjection, live), stepwise, 'a replay is the same')
})

t.test('whole lists by cursor are the plain lists, each tenant its own', async (t) => {
  const { database, admin } = await testDatabase(t, { installed: true })
  const queries = createShelterQueries({ database })
  const owners = fc.array(fc.record({ isOurs: fc.boolean(), isRemoved: fc.boolean() }), {
    maxLength: 12,
  })
  const walk = async (tenantId: TenantId, limit: number): Promise<readonly string[]> => {
    const seen: string[] = []
    for (let after: string | null = null; ;) {
      const page: Awaited<ReturnType<typeof listed>> = await listed(
        ...([queries, { limit, place: { after } }, tenantId] as const),
      )
      t.ok(page.items.length <= limit)
      seen.push(...page.items.map(({ id }) => id))
      if (page.nextCursor === null) return seen
      after = page.nextCursor
    }
  }
  await fc.assert(
    fc.asyncProperty(owners, fc.integer({ min: 1, max: 4 }), async (shelters, limit) => {
      await emptyTables(admin, sheltersProjection, live)
      const store = memoryLog()
      const apply = async () => {
        const { events } = await store.readAll({ after: 0, limit: 100 })
        await database.transaction((tx) => sheltersProjection.apply(tx, live, events))
      }
      const stream = (index: number) => ({
        tenantId: shelters[index]?.isOurs === true ? TENANT_A : SHARED,
        category: 'shelter',
        id: `s-${index}`,
      })
      for (const index of shelters.keys()) await append(store, stream(index), [registered('Quay')])
      await apply()
      const before = await listed(queries, { limit, place: { after: null } })
      for (const [index, { isRemoved }] of shelters.entries()) {
        const removed = { type: 'shelter.removed', data: { reason: null } }
        if (isRemoved) await append(store, stream(index), [removed])
      }
      await apply()
      for (const tenantId of [TENANT_A, SHARED]) {
        const plain = (await listed(queries, { limit: 100, place: { page: 1 } }, tenantId)).items
        const ids = plain.map(({ id }) => id)
        t.strictSame(
          ids,
          [...shelters.keys()]
            .filter((index) => stream(index).tenantId === tenantId && !shelters[index]?.isRemoved)
            .map((index) => `s-${index}`),
        )
        t.strictSame(await walk(tenantId, limit), ids)
      }
      if (before.nextCursor === null) return
      const place = { after: before.nextCursor } // its own shelter may have been removed since
      const rest = await listed(queries, { limit: 100, place })
      const gone = new Set(before.items.map(({ id }) => id))
      const all = await listed(queries, { limit: 100, place: { page: 1 } })
      t.strictSame(
        rest.items,
        all.items.filter(({ id }) => !gone.has(id)),
      )
      t.equal(await queries.list(SHARED, { limit, place }), 'bad_cursor', "another tenant's")
    }),
    { seed: 20261130, numRuns: 20 },
  )
})
