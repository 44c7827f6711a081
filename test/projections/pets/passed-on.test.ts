// A reservation that is passed on leaves the pet PENDING: for readers nothing has happened but its time and version.
import t from 'tap'
import { SHARED_TENANT } from '../../../src/core/ids.ts'
import { evolvePet, noPet, type PetState } from '../../../src/events/pet-state.ts'
import type { PetEvent } from '../../../src/events/pet.ts'
import { petsProjection } from '../../../src/projections/pets/fold.ts'
import { createPetQueries } from '../../../src/projections/pets/queries.ts'
import { liveTarget } from '../../../src/projections/projection.ts'
import { testDatabase } from '../../support/database.ts'
import { admission, append, memoryLog, petId, sampleProfile } from '../support.ts'

const reason = null
const first = { kind: 'adoption', id: 'a-1' } as const
const second = { kind: 'adoption', id: 'a-2' } as const
const reserved = {
  type: 'pet.status_changed',
  data: { previousStatus: 'AVAILABLE', status: 'PENDING', reason, cause: first },
} as const
const passedOn = {
  type: 'pet.status_changed',
  data: { previousStatus: 'PENDING', status: 'PENDING', reason, cause: second },
  occurredAt: '2026-08-22T11:00:00.000Z',
} as const

t.test('the fold reserves the pet for the next, and changes nothing else', (t) => {
  const at = { occurredAt: '2026-08-22T10:00:00.000Z' }
  const history = [admission(sampleProfile), reserved].map((event) => ({ ...event, ...at }))
  const before = (history as PetEvent[]).reduce<PetState>(evolvePet, noPet)
  t.strictSame(evolvePet(before, passedOn), {
    ...before,
    reservedFor: second,
    updatedAt: passedOn.occurredAt,
  })
  t.end()
})

t.test('no count moves, and the pet is read as PENDING as before', async (t) => {
  const { database } = await testDatabase(t, { installed: true })
  const queries = createPetQueries({
    database,
    scans: database,
    publicUrl: 'https://pets.example.org',
  })
  const store = memoryLog()
  const id = petId(1)
  let after = 0
  const happen = async (events: Parameters<typeof append>[2]): Promise<void> => {
    await append(store, { tenantId: SHARED_TENANT, category: 'pet', id }, events)
    const page = await store.readAll({ after, limit: 10 })
    after = page.upTo
    await database.transaction((tx) =>
      petsProjection.apply(tx, liveTarget(petsProjection), page.events),
    )
  }
  const shown = async () => {
    const record = await queries.get(SHARED_TENANT, id, { extras: false })
    const { updatedAt: _, ...pet } = JSON.parse(record?.json ?? '{}') as Record<string, unknown>
    return { pet, inventory: await queries.inventory(SHARED_TENANT), version: record?.version }
  }
  await happen([admission(sampleProfile), reserved])
  const before = await shown()
  t.match(before.pet, { status: 'PENDING' })
  await happen([passedOn])
  const now = await shown()
  t.strictSame({ ...now, version: 2 }, before)
  t.equal(now.version, 3)
})
