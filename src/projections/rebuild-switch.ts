// The short transaction in which rebuilt tables take the live ones' names. Statements that readers have prepared name
// tables, not files: the server plans them again after the change, and they go on with the new rows.
import type { Position } from '../core/event.ts'
import type { SqlDatabase, SqlExecutor } from '../core/sql.ts'
import { createIndexes, indexName } from './install.ts'
import {
  liveTarget,
  localName,
  type Projection,
  rebuildSubscription,
  rebuildTarget,
  subscriptionOf,
  type TableDefinition,
  tableName,
  type Target,
} from './projection.ts'
import { notifyMove } from './runner/checkpoint.ts'
import { type Decode, decodePage, streamKey } from './runner/isolate.ts'
import { type EventStore, MAX_LOG_PAGE } from '../core/event-store.ts'

type Rebuilt = Readonly<{
  projection: Projection
  eventStore: EventStore
  admin: SqlDatabase
  decode: Decode
}>

// Below the server's deadlock timeout of one second: it is this transaction that gives way, never a reader.
const SWITCH_LOCK_TIMEOUT_MS = 500

/** Indexes over the whole table at once are much faster than row by row; then the planner gets its statistics. */
export const finishTables = async (
  admin: SqlDatabase,
  projection: Projection,
  target: Target,
): Promise<void> => {
  for (const table of projection.tables) {
    await admin.transaction(async (tx) => {
      await tx.query("set local maintenance_work_mem = '256MB'")
      await createIndexes(tx, table, target)
    })
    // Marks pages as visible to all, which index-only scans need.
    await admin.query(`vacuum (analyze) ${tableName(table.name, target)}`)
  }
}

/** Answers the position that the live tables then have. */
export const switchTables = (
  rebuilt: Rebuilt,
  parked: ReadonlySet<string>,
  position: Position,
): Promise<Position> => {
  const { projection, admin } = rebuilt
  const subscription = subscriptionOf(projection)
  return admin.transaction(async (tx) => {
    await tx.query(`set local lock_timeout = ${SWITCH_LOCK_TIMEOUT_MS}`)
    const livePosition = await lockCheckpoint(tx, subscription)
    await foldRest(tx, { ...rebuilt, parked }, { from: position, upTo: livePosition })
    const reached = Math.max(position, livePosition)
    await renameTables(tx, projection)
    await moveParked(tx, projection)
    const revision = await moveLive(tx, subscription, reached)
    await notifyMove(tx, { subscription, position: reached, revision, tenants: null })
    return reached
  })
}

/** Also clears up after a rebuild that was killed; leaves alone what another owner has begun since. */
export const dropRebuild = (
  admin: SqlDatabase,
  { projection, owner }: Readonly<{ projection: Projection; owner: string }>,
): Promise<void> =>
  admin.transaction(async (tx) => {
    // By primary key.
    const [held] = await tx.query<{ owner: string | null }>(
      'select owner from pawtrail.checkpoints where subscription = $1 for update',
      [rebuildSubscription(projection)],
    )
    if (held !== undefined && held.owner !== owner) return
    const target = rebuildTarget(projection)
    for (const { name } of projection.tables) {
      await tx.query(`drop table if exists ${tableName(name, target)}`)
    }
    await forgetRebuild(tx, projection)
  })

// By primary key. The row is locked before any table, by runners and rebuilds alike, so that they cannot deadlock.
const lockCheckpoint = async (tx: SqlExecutor, subscription: string): Promise<Position> => {
  await tx.query(
    'insert into pawtrail.checkpoints (subscription) values ($1) on conflict do nothing',
    [subscription],
  )
  const rows = await tx.query<{ position: Position }>(
    'select position from pawtrail.checkpoints where subscription = $1 for update',
    [subscription],
  )
  return rows[0]?.position ?? 0
}

const foldRest = async (
  tx: SqlExecutor,
  { eventStore, projection, decode, parked }: Rebuilt & Readonly<{ parked: ReadonlySet<string> }>,
  { from, upTo }: Readonly<{ from: Position; upTo: Position }>,
): Promise<void> => {
  const filter = { categories: projection.categories }
  for (let after = from; after < upTo;) {
    const page = await eventStore.readAll({ after, limit: MAX_LOG_PAGE, filter })
    const wanted = page.events.filter(
      (event) => event.position <= upTo && !parked.has(streamKey(event)),
    )
    const { events, poisons } = decodePage(decode, wanted)
    if (poisons[0] !== undefined) throw new Error(poisons[0].error)
    if (events.length > 0) await projection.apply(tx, rebuildTarget(projection), events)
    after = page.upTo
  }
}

const renameTables = async (tx: SqlExecutor, projection: Projection): Promise<void> => {
  const live = liveTarget(projection)
  const names = projection.tables.map(({ name }) => tableName(name, live))
  // All at once and before anything is changed: waiting for the last one must not hold up readers of the first.
  await tx.query(`lock table ${names.join(', ')} in access exclusive mode`)
  for (const table of projection.tables) {
    await tx.query(`drop table ${tableName(table.name, live)}`)
    await renameTable(tx, table, projection)
  }
}

const renameTable = async (
  tx: SqlExecutor,
  table: TableDefinition,
  projection: Projection,
): Promise<void> => {
  const [live, rebuilt] = [liveTarget(projection), rebuildTarget(projection)]
  const rename = (from: string, to: string): Promise<unknown> =>
    tx.query(`alter index read.${from} rename to ${to}`)
  await tx.query(
    `alter table ${tableName(table.name, rebuilt)} rename to ${localName(table.name, live)}`,
  )
  await rename(`${localName(table.name, rebuilt)}_pkey`, `${localName(table.name, live)}_pkey`)
  for (const index of table.indexes) {
    await rename(indexName(table, index, rebuilt), indexName(table, index, live))
  }
}

// By the primary key's first column: streams that the old rows lacked are in the new ones, or failed there too.
const moveParked = async (tx: SqlExecutor, projection: Projection): Promise<void> => {
  const subscription = subscriptionOf(projection)
  await tx.query('delete from pawtrail.parked where subscription = $1', [subscription])
  await tx.query('update pawtrail.parked set subscription = $1 where subscription = $2', [
    subscription,
    rebuildSubscription(projection),
  ])
  await forgetRebuild(tx, projection)
}

// By primary key. With the new fence the running owner cannot commit the page it has in hand; it begins anew from here.
const moveLive = async (
  tx: SqlExecutor,
  subscription: string,
  position: Position,
): Promise<number> => {
  const rows = await tx.query<{ revision: number }>(
    `update pawtrail.checkpoints set position = $2, fence = fence + 1, revision = revision + 1
      where subscription = $1 returning revision`,
    [subscription, position],
  )
  return rows[0]?.revision ?? 0
}

const forgetRebuild = async (tx: SqlExecutor, projection: Projection): Promise<void> => {
  const subscription = rebuildSubscription(projection)
  await tx.query('delete from pawtrail.parked where subscription = $1', [subscription])
  await tx.query('delete from pawtrail.checkpoints where subscription = $1', [subscription])
}
