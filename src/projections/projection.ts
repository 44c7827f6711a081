// What a projection declares: its tables, the events it reads, and how a page of them changes the tables. A projection
// never writes a table by a fixed name: the target tells it whether the live tables are meant or those of a rebuild.
import type { StoredEvent } from '../core/event.ts'
import type { SqlExecutor } from '../core/sql.ts'

export type IndexDefinition = Readonly<{
  name: string // without the table's name
  unique?: boolean
  on: string // what follows `on <table>`
}>

export type TableDefinition = Readonly<{
  name: string
  columns: string // the inside of `create table (...)`, without the primary key
  primaryKey: readonly string[]
  fillfactor: number
  /** Columns that no condition looks at: gathering statistics over long texts is most of an analyze. */
  unsearched?: readonly string[]
  indexes: readonly IndexDefinition[]
}>

/** Physical names of one set of a projection's tables: the live one or the one that a rebuild fills. */
export type Target = Readonly<{ version: number; suffix: '' | '_rebuild' }>

export type Projection = Readonly<{
  name: string
  /** Part of the physical table names: a new version starts with empty tables of its own. */
  version: number
  tables: readonly TableDefinition[]
  categories: readonly string[]
  /**
   * Folds decoded events, in log order, into the target's tables. Applying an event twice is the same as once.
   * Throws for an event that cannot be folded; the caller then finds out which one and sets its stream aside.
   */
  apply(tx: SqlExecutor, target: Target, events: readonly StoredEvent[]): Promise<void>
}>

export const liveTarget = (projection: Pick<Projection, 'version'>): Target => ({
  version: projection.version,
  suffix: '',
})

export const rebuildTarget = (projection: Pick<Projection, 'version'>): Target => ({
  version: projection.version,
  suffix: '_rebuild',
})

/** The checkpoint's name. A new version is a new subscription: it begins at the start of the log. */
export const subscriptionOf = (projection: Pick<Projection, 'name' | 'version'>): string =>
  projection.version === 1 ? projection.name : `${projection.name}:v${projection.version}`

/** `pets_v1` or `pets_v1_rebuild`. */
export const localName = (table: string, target: Target): string =>
  `${table}_v${target.version}${target.suffix}`

/** `read.pets_v1` or `read.pets_v1_rebuild`. */
export const tableName = (table: string, target: Target): string =>
  `read.${localName(table, target)}`

/** The checkpoint of a rebuild in progress. */
export const rebuildSubscription = (projection: Pick<Projection, 'name' | 'version'>): string =>
  `${subscriptionOf(projection)}:rebuild`
