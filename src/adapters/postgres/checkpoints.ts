// Checkpoints in the tables that the read models use too. The server's clock alone decides when a lease is over; a
// write names the fence it was given.
import {
  type CheckpointLease,
  type Checkpoints,
  MAX_PARKED,
  type Parked,
  parkReason,
} from '../../core/checkpoints.ts'
import { Fault } from '../../core/fault.ts'
import { tenantIdSchema } from '../../core/ids.ts'
import type { SqlDatabase, Statement } from '../../core/sql.ts'

export const createPostgresCheckpoints = (
  options: Readonly<{ database: SqlDatabase }>,
): Checkpoints => {
  const { database } = options
  const fencedWrite = async (
    lease: CheckpointLease,
    write: Readonly<{ statement: Statement; values: readonly unknown[] }>,
  ): Promise<void> => {
    const { subscription, fence } = lease
    const values = [subscription, fence, ...write.values]
    if ((await database.query(write.statement, values)).length > 0) return
    throw new Fault('fenced', `another owner took over ${subscription}`)
  }
  return {
    acquire: async ({ subscription, owner, leaseMs }) => {
      const values = [subscription, owner, leaseMs]
      const [seen] = await database.query<{ free: boolean }>(IS_FREE, values)
      if (seen?.free === false) return undefined
      const [taken] = await database.query<Pick<CheckpointLease, 'fence' | 'position'>>(
        TAKE,
        values,
      )
      return taken && { subscription, owner, ...taken }
    },
    renew: (lease) => fencedWrite(lease, { statement: RENEW, values: [] }),
    advance: (lease, position) => fencedWrite(lease, { statement: ADVANCE, values: [position] }),
    release: async ({ subscription, fence }) => {
      await database.query(RELEASE, [subscription, fence])
    },
    parked: async (subscription) =>
      (await database.query<ParkedRow>(PARKED, [subscription, MAX_PARKED])).map(toParked),
    park: (lease, { tenantId, category, streamId, position, error }) => {
      const values = [tenantId, category, streamId, position, parkReason(error)]
      return fencedWrite(lease, { statement: PARK, values })
    },
    unpark: (lease, { tenantId, category, streamId }) =>
      fencedWrite(lease, { statement: UNPARK, values: [tenantId, category, streamId] }),
  }
}

// By primary key. Looked at before it is taken, so that a stand-by which polls writes nothing.
const IS_FREE: Statement = {
  name: 'consumer_is_free',
  text: `select owner is null or owner = $2
      or updated_at < clock_timestamp() - $3::int * interval '1 millisecond' as free
    from pawtrail.checkpoints where subscription = $1`,
}

// By primary key. Two processes that see it free take turns on the row; the second finds it taken.
const TAKE: Statement = {
  name: 'consumer_take',
  text: `insert into pawtrail.checkpoints as c (subscription, owner, fence) values ($1, $2, 1)
    on conflict (subscription) do update
      set owner = $2, fence = c.fence + 1, updated_at = clock_timestamp()
      where c.owner is null or c.owner = $2
        or c.updated_at < clock_timestamp() - $3::int * interval '1 millisecond'
    returning fence, position`,
}

// By primary key.
const RENEW: Statement = {
  name: 'consumer_renew',
  text: `update pawtrail.checkpoints set updated_at = clock_timestamp()
    where subscription = $1 and fence = $2 returning position`,
}

// By primary key. A row that matches no fence is left alone, and the answer is empty.
const ADVANCE: Statement = {
  name: 'consumer_advance',
  text: `update pawtrail.checkpoints
    set position = greatest(position, $3::bigint), updated_at = clock_timestamp()
    where subscription = $1 and fence = $2 returning position`,
}

// By primary key.
const RELEASE: Statement = {
  name: 'consumer_release',
  text: 'update pawtrail.checkpoints set owner = null where subscription = $1 and fence = $2',
}

// By the primary key's first column: over all tenants, because a consumer works for all of them.
const PARKED: Statement = {
  name: 'consumer_parked',
  text: `select tenant_id, category, stream_id, position, error, attempts from pawtrail.parked
    where subscription = $1 order by position limit $2`,
}

type ParkedRow = Readonly<{
  tenant_id: string
  category: string
  stream_id: string
  position: number
  error: string
  attempts: number
}>

const toParked = (row: ParkedRow): Parked => ({
  tenantId: tenantIdSchema.parse(row.tenant_id),
  category: row.category,
  streamId: row.stream_id,
  position: row.position,
  error: row.error,
  attempts: row.attempts,
})

// Both by primary key. The lock on the checkpoint's row keeps a successor waiting until this is stored, so that it is
// stored under a fence that holds or not at all.
const PARK: Statement = {
  name: 'consumer_park',
  text: `with held as (
      select subscription from pawtrail.checkpoints
      where subscription = $1 and fence = $2 for share)
    insert into pawtrail.parked as p
      (subscription, tenant_id, category, stream_id, position, error)
    select subscription, $3, $4, $5, $6::bigint, $7 from held
    on conflict (subscription, tenant_id, category, stream_id) do update
      set position = excluded.position, error = excluded.error, attempts = p.attempts + 1,
        retry_requested = false
    returning position`,
}

// As above. Answers a row also when there was nothing to delete: only a lost fence gives none.
const UNPARK: Statement = {
  name: 'consumer_unpark',
  text: `with held as (
      select subscription from pawtrail.checkpoints
      where subscription = $1 and fence = $2 for share),
    gone as (
      delete from pawtrail.parked p using held
      where p.tenant_id = $3 and p.subscription = held.subscription
        and p.category = $4 and p.stream_id = $5)
    select subscription from held`,
}
