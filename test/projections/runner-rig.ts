// What the tests of the runner share: a database with its tables, a log, and looks at what the runner wrote.
import type { Test } from 'tap'
import type { EventStore } from '../../src/core/event-store.ts'
import type { TenantId } from '../../src/core/ids.ts'
import type { SqlDatabase } from '../../src/core/sql.ts'
import { petsProjection } from '../../src/projections/pets/fold.ts'
import { subscriptionOf } from '../../src/projections/projection.ts'
import { testDatabase } from '../support/database.ts'
import { memoryLog, petId, TENANTS } from './support.ts'

export const [SHARED, TENANT_A] = TENANTS as readonly [TenantId, TenantId, TenantId]

export const pet = (number: number, tenantId: TenantId = SHARED) =>
  ({ tenantId, category: 'pet', id: petId(number) }) as const
export const updated = (name: string) =>
  ({ type: 'pet.updated', data: { changes: { name } } }) as const

/** The pets' checkpoint. */
export const PETS = subscriptionOf(petsProjection)

export type Rig = Awaited<ReturnType<typeof testDatabase>> & Readonly<{ store: EventStore }>

/** A database with the projections' tables, and an empty log. */
export const setUp = async (t: Test): Promise<Rig> => {
  const databases = await testDatabase(t, { installed: true })
  return { ...databases, store: memoryLog() }
}

type Row = Readonly<{ pet_id: string; name_key: string; version: number }>
export const petRows = (admin: SqlDatabase): Promise<readonly Row[]> =>
  admin.query<Row>('select pet_id, name_key, version from read.pets_v2 order by serial')

export const checkpoint = async (admin: SqlDatabase, subscription = PETS) => {
  const rows = await admin.query<{ position: number; fence: number; owner: string | null }>(
    'select position, fence, owner from pawtrail.checkpoints where subscription = $1',
    [subscription],
  )
  return rows[0]
}
