// The checkpoint of a subscription, and the lease on it: one runner at a time over all processes. The server's clock
// alone decides when a lease is over. A write names the fence it was given, so a former owner changes nothing.
import { Fault } from '../../core/fault.ts'
import type { Position } from '../../core/event.ts'
import type { SqlExecutor, Statement } from '../../core/sql.ts'

export type Lease = Readonly<{
  subscription: string
  owner: string
  fence: number
  position: Position
  revision: number
}>

/** What a commit did to the checkpoint, as other processes are told. `tenants` null: any tenant's rows. */
export type ReadModelMove = Readonly<{
  subscription: string
  position: Position
  revision: number
  tenants: readonly string[] | null
}>

export const READ_CHANNEL = 'pawtrail_read'
const MAX_PAYLOAD_BYTES = 7_500 // the server takes less than 8000

// By primary key. Looked at before it is taken, so that a stand-by which polls writes nothing.
const IS_FREE: Statement = {
  name: 'checkpoint_is_free',
  text: `select owner is null or owner = $2
      or updated_at < clock_timestamp() - $3::int * interval '1 millisecond' as free
    from pawtrail.checkpoints where subscription = $1`,
}

// By primary key. Two processes that see it free take turns on the row; the second finds it taken.
const TAKE: Statement = {
  name: 'checkpoint_take',
  text: `insert into pawtrail.checkpoints as c (subscription, owner, fence) values ($1, $2, 1)
    on conflict (subscription) do update
      set owner = $2, fence = c.fence + 1, updated_at = clock_timestamp()
      where c.owner is null or c.owner = $2
        or c.updated_at < clock_timestamp() - $3::int * interval '1 millisecond'
    returning fence, position, revision`,
}

export const takeLease = async (
  database: SqlExecutor,
  want: Readonly<{ subscription: string; owner: string; leaseMs: number }>,
): Promise<Lease | undefined> => {
  const { subscription, owner, leaseMs } = want
  const values = [subscription, owner, leaseMs]
  const seen = await database.query<{ free: boolean }>(IS_FREE, values)
  if (seen[0]?.free === false) return undefined
  const taken = await database.query<Pick<Lease, 'fence' | 'position' | 'revision'>>(TAKE, values)
  return taken[0] === undefined ? undefined : { subscription, owner, ...taken[0] }
}

// By primary key.
const RENEW: Statement = {
  name: 'checkpoint_renew',
  text: `update pawtrail.checkpoints set updated_at = clock_timestamp()
    where subscription = $1 and fence = $2 returning position`,
}

export const renewLease = async (database: SqlExecutor, lease: Lease): Promise<void> => {
  const rows = await database.query(RENEW, [lease.subscription, lease.fence])
  if (rows.length === 0) throw fenced(lease)
}

// By primary key. updated_at moves with every page, so a busy owner need not renew.
const MOVE: Statement = {
  name: 'checkpoint_move',
  text: `update pawtrail.checkpoints
    set position = $4, revision = revision + $5::int, updated_at = clock_timestamp()
    where subscription = $1 and position = $2 and fence = $3 returning revision`,
}

/**
 * The first statement of every writing transaction: the row lock keeps rebuilds and successors
 * waiting until it commits, and an owner that was replaced stops before it did any work.
 */
export const moveCheckpoint = async (
  tx: SqlExecutor,
  lease: Lease,
  to: Readonly<{ from: Position; position: Position; changesRows: boolean }>,
): Promise<number> => {
  const rows = await tx.query<{ revision: number }>(MOVE, [
    lease.subscription,
    to.from,
    lease.fence,
    to.position,
    to.changesRows ? 1 : 0,
  ])
  if (rows[0] === undefined) throw fenced(lease)
  return rows[0].revision
}

// By primary key.
const RELEASE: Statement = {
  name: 'checkpoint_release',
  text: 'update pawtrail.checkpoints set owner = null where subscription = $1 and fence = $2',
}

export const releaseLease = async (database: SqlExecutor, lease: Lease): Promise<void> => {
  await database.query(RELEASE, [lease.subscription, lease.fence])
}

// A handful of rows.
const RELEASE_ALL: Statement = {
  name: 'checkpoint_release_all',
  text: 'update pawtrail.checkpoints set owner = null where owner is not null',
}

/** Only when nobody else can be running: after a crash the next process then need not wait for a lease to end. */
export const releaseAllLeases = async (database: SqlExecutor): Promise<void> => {
  await database.query(RELEASE_ALL)
}

const NOTIFY: Statement = { name: 'read_model_notify', text: 'select pg_notify($1, $2)' }

/** Sent inside the transaction: delivered when it commits, and only then. */
export const notifyMove = async (tx: SqlExecutor, move: ReadModelMove): Promise<void> => {
  await tx.query(NOTIFY, [READ_CHANNEL, movePayload(move)])
}

export const movePayload = (move: ReadModelMove): string => {
  const { subscription: projection, position, revision, tenants } = move
  const payload = JSON.stringify({ projection, position, revision, tenants })
  if (Buffer.byteLength(payload) <= MAX_PAYLOAD_BYTES) return payload
  return JSON.stringify({ projection, position, revision, tenants: null })
}

const fenced = (lease: Lease): Fault =>
  new Fault('fenced', `another owner took over ${lease.subscription}`)
