// The policies in the real application on real PostgreSQL: they start with it, and what should follow follows.
import t from 'tap'
import { createPostgresCheckpoints } from '../../src/adapters/postgres/checkpoints.ts'
import { seedTenant } from '../../src/demo/seed.ts'
import { SITES } from '../../src/demo/vocabulary.ts'
import { SHARED_TENANT } from '../../src/core/ids.ts'
import { createPolicies } from '../../src/policies/registry.ts'
import { policySubscription } from '../../src/policies/policy.ts'
import { until } from '../projections/support.ts'
import { testApp } from '../support/app.ts'
import { aContext, aPetProfile, anIntake } from '../support/builders.ts'

const STAFF = aContext({ actor: { kind: 'client', id: 'staff' } })
const USER = 'b8a1c1de-0c52-4a4e-9b1c-3b8d9d6a7f01'
const BUYER = aContext({ actor: { kind: 'user', id: USER } })

const admit = async ({ application }: Awaited<ReturnType<typeof testApp>>): Promise<string> => {
  const input = { profile: aPetProfile(), intake: anIntake(), photos: [] }
  const pet = await application.pets.admit(STAFF, { ...input, status: 'AVAILABLE' })
  if (pet.kind !== 'done') throw new Error('not admitted')
  return pet.id
}

t.test('a cancelled order gives its pet to who waits for it, who takes it home', async (t) => {
  const app = await testApp(t, { settings: { hasWaitingList: () => true } })
  const { orders, adoptions, pets } = app.application
  const petId = await admit(app)
  const order = await orders.place(BUYER, { petId, userId: USER })
  const input = { petId, applicantId: USER, message: null, household: null }
  const adoption = await adoptions.submit(BUYER, input)
  if (order.kind !== 'done' || adoption.kind !== 'done') throw new Error('not done')
  const { id } = adoption
  t.equal(adoption.state.wasWaiting, true)
  await orders.cancel(STAFF, order.id, { reason: null })
  await until('it holds the pet', async () =>
    Boolean((await adoptions.get(SHARED_TENANT, id))?.holdsReservation),
  )
  await adoptions.startReview(STAFF, id, { reason: null })
  await adoptions.approve(STAFF, id, { reason: null })
  await adoptions.complete(STAFF, id, { date: '2026-08-22' })
  await until(
    'the pet is adopted',
    async () => (await pets.current(SHARED_TENANT, petId))?.status === 'ADOPTED',
  )
})

t.test('a reservation that belongs to nothing is released after the timeout', async (t) => {
  const app = await testApp(t, { settings: { reservationTimeoutMs: 50 } })
  const petId = await admit(app)
  const cause = { kind: 'order', id: 'b8a1c1de-0c52-4a4e-9b1c-3b8d9d6a7f02' } as const
  await app.application.pets.reserve(BUYER, petId, { cause, reason: null })
  const { pets } = app.application
  const statusNow = async () => (await pets.current(SHARED_TENANT, petId))?.status
  await until('it is available again', async () => (await statusNow()) === 'AVAILABLE')
  t.equal(await statusNow(), 'AVAILABLE')
})

t.test('pets of the demo that are reserved stay so, for applications that are there', async (t) => {
  const app = await testApp(t, { settings: { reservationTimeoutMs: 50 } })
  const { pets, adoptions, users } = app.application
  const options = { tenantId: SHARED_TENANT, sites: SITES.slice(0, 1), pets: 60, seed: 1 }
  await seedTenant({ application: app.application, ...app.ports }, options)
  const petId = await admit(app)
  const cause = { kind: 'order', id: 'b8a1c1de-0c52-4a4e-9b1c-3b8d9d6a7f02' } as const
  await pets.reserve(BUYER, petId, { cause, reason: null }) // seen after those of the demo
  const statusNow = async () => (await pets.current(SHARED_TENANT, petId))?.status
  await until('it is available again', async () => (await statusNow()) === 'AVAILABLE')
  await app.settled()
  const answer = await app.app.inject('/v1/pets?status=PENDING')
  const { totalItems } = answer.json<{ pagination: { totalItems: number } }>().pagination
  t.ok(totalItems > 0, 'there are some')
  const page = await adoptions.list(SHARED_TENANT, { limit: 50, place: { page: 1 } })
  const items = page === 'bad_cursor' ? [] : page.items
  t.equal(items.length, totalItems)
  for (const { holdsReservation, applicantId } of items) {
    t.ok(holdsReservation)
    t.ok(await users.get(SHARED_TENANT, applicantId), 'by somebody who is known')
  }
})

t.test('every policy holds its lease while the application runs', async (t) => {
  const app = await testApp(t)
  const checkpoints = createPostgresCheckpoints({ database: app.ports.database })
  for (const policy of createPolicies({ delayMs: 1_000 })) {
    const subscription = policySubscription(policy)
    await until(`${policy.name} runs`, async () => {
      const rows = await app.ports.database.query(
        'select 1 from pawtrail.checkpoints where subscription = $1 and owner is not null',
        [subscription],
      )
      return rows.length > 0
    })
    const other = { subscription, owner: 'another process', leaseMs: 60_000 }
    t.equal(await checkpoints.acquire(other), undefined, policy.name)
  }
})
