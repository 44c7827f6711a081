// Makes the physical tables of projections that do not have them yet. Run as the owner at every start; a table that is
// there is left as it is, because a changed declaration comes with a new version and so with a new name.
import type { SqlDatabase, SqlExecutor } from '../core/sql.ts'
import {
  type IndexDefinition,
  liveTarget,
  localName,
  type Projection,
  type TableDefinition,
  tableName,
  type Target,
} from './projection.ts'

const APP_ROLE = 'pawtrail_app'
// Sooner than a fifth of a large table: index-only scans need pages that are known to be visible to all.
const VACUUM_SHARES =
  'autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02, ' +
  'autovacuum_analyze_scale_factor = 0.05'
const INSTALL_LOCK = 7_021_436_002 // any fixed number: processes that start at once take turns

export const installProjections = (
  admin: SqlDatabase,
  projections: readonly Projection[],
): Promise<void> =>
  admin.transaction(async (tx) => {
    await tx.query('select pg_advisory_xact_lock($1)', [INSTALL_LOCK])
    for (const projection of projections) {
      const target = liveTarget(projection)
      for (const table of projection.tables) {
        if (await tableExists(tx, table, target)) continue
        await createTable(tx, table, target)
        await createIndexes(tx, table, target)
      }
    }
  })

export const createTable = async (
  tx: SqlExecutor,
  table: TableDefinition,
  target: Target,
): Promise<void> => {
  const name = tableName(table.name, target)
  const primaryKey = `constraint ${localName(table.name, target)}_pkey primary key (${table.primaryKey.join(', ')})`
  await tx.query(
    `create table ${name} (${table.columns}, ${primaryKey})
      with (fillfactor = ${table.fillfactor}, ${VACUUM_SHARES})`,
  )
  for (const column of table.unsearched ?? []) {
    await tx.query(`alter table ${name} alter column ${column} set statistics 0`)
  }
  if (await appRoleExists(tx)) {
    await tx.query(`grant select, insert, update, delete on ${name} to ${APP_ROLE}`)
  }
}

export const createIndexes = async (
  tx: SqlExecutor,
  table: TableDefinition,
  target: Target,
): Promise<void> => {
  for (const index of table.indexes) await tx.query(indexDdl(table, index, target))
}

export const indexName = (table: TableDefinition, index: IndexDefinition, target: Target): string =>
  `${localName(table.name, target)}_${index.name}`

const indexDdl = (table: TableDefinition, index: IndexDefinition, target: Target): string =>
  `create ${index.unique === true ? 'unique ' : ''}index ${indexName(table, index, target)} ` +
  `on ${tableName(table.name, target)} ${index.on}`

const tableExists = async (
  tx: SqlExecutor,
  table: TableDefinition,
  target: Target,
): Promise<boolean> => {
  const rows = await tx.query<{ found: boolean }>('select to_regclass($1) is not null as found', [
    tableName(table.name, target),
  ])
  return rows[0]?.found === true
}

const appRoleExists = async (tx: SqlExecutor): Promise<boolean> =>
  (await tx.query('select 1 from pg_roles where rolname = $1', [APP_ROLE])).length > 0
