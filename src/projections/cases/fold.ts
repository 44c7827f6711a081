// Folds a page of events into a list of cases: states are loaded once, folded in memory, and written once.
import type { StoredEvent } from '../../core/event.ts'
import type { SqlExecutor, Statement } from '../../core/sql.ts'
import { tableName, type Target } from '../projection.ts'
import { statementFor } from '../statements.ts'
import type { CaseTables } from './tables.ts'

/** What a list shows of a case; undefined where it is in no list. */
export type Shown = Readonly<{ personId: string; petId: string; status: string }>

export type CaseKind<State> = Readonly<{
  tables: CaseTables
  initial: State
  /** The state after a decoded event of this category. */
  evolve: (state: State, event: StoredEvent) => State
  shownOf: (state: State) => Shown | undefined
}>

/** A case that the page changed. */
export type ChangedCase<State> = Readonly<{
  tenantId: string
  caseId: string
  before: State
  state: State
}>

type Entry<State> = {
  -readonly [Member in keyof ChangedCase<State>]: ChangedCase<State>[Member]
} & { version: number; position: number; isChanged: boolean }

export const foldCases = async <State>(
  kind: CaseKind<State>,
  { tx, target }: Readonly<{ tx: SqlExecutor; target: Target }>,
  events: readonly StoredEvent[],
): Promise<readonly ChangedCase<State>[]> => {
  const entries = await loadEntries(kind, { tx, target }, events)
  for (const event of events) {
    const entry = entries.get(keyOf(event.tenantId, event.streamId))
    if (entry === undefined || event.version <= entry.version) continue
    if (entry.version === 0) entry.position = event.position
    entry.state = kind.evolve(entry.state, event)
    entry.version = event.version
    entry.isChanged = true
  }
  const changed = [...entries.values()].filter(({ isChanged }) => isChanged)
  if (changed.length === 0) return []
  await writeCases(kind, { tx, target }, changed)
  await moveCounts(kind, { tx, target }, changed)
  return changed
}

type To = Readonly<{ tx: SqlExecutor; target: Target }>

const keyOf = (tenantId: string, caseId: string): string => `${tenantId} ${caseId}`

type Row = Readonly<{
  tenant_id: string
  case_id: string
  version: number
  position: number
  state: string
}>

const loadEntries = async <State>(
  { tables, initial }: CaseKind<State>,
  { tx, target }: To,
  events: readonly StoredEvent[],
): Promise<Map<string, Entry<State>>> => {
  const entries = new Map<string, Entry<State>>()
  const add = (entry: Pick<Entry<State>, 'tenantId' | 'caseId' | 'state' | 'version'>) =>
    entries.set(keyOf(entry.tenantId, entry.caseId), {
      ...entry,
      before: entry.state,
      position: 0,
      isChanged: false,
    })
  for (const { tenantId, streamId: caseId } of events) {
    add({ tenantId, caseId, state: initial, version: 0 })
  }
  const keys = [...entries.values()]
  const rows = await tx.query<Row>(selectStates(tables, target), [
    keys.map((entry) => entry.tenantId),
    keys.map((entry) => entry.caseId),
  ])
  for (const row of rows) {
    const state = JSON.parse(row.state) as State
    add({ tenantId: row.tenant_id, caseId: row.case_id, state, version: row.version })
  }
  return entries
}

// By primary key, once for all cases of the page.
const selectStates = ({ cases }: CaseTables, target: Target): Statement | string =>
  statementFor(`select c.tenant_id, c.case_id, c.version, c.state
    from unnest($1::text[], $2::text[]) as k(tenant_id, case_id)
    join ${tableName(cases, target)} c on c.tenant_id = k.tenant_id and c.case_id = k.case_id`)

const writeCases = async <State>(
  { tables, shownOf }: CaseKind<State>,
  { tx, target }: To,
  changed: readonly Entry<State>[],
): Promise<void> => {
  const shown = changed.map(({ state }) => shownOf(state))
  await tx.query(upsertCases(tables, target), [
    changed.map((entry) => entry.tenantId),
    changed.map((entry) => entry.caseId),
    changed.map((entry) => entry.version),
    changed.map((entry) => entry.position),
    shown.map((parts) => parts?.personId ?? ''),
    shown.map((parts) => parts?.petId ?? ''),
    shown.map((parts) => parts?.status ?? null),
    changed.map((entry) => JSON.stringify(entry.state)),
  ])
}

// By primary key, one statement for all cases of the page. Where a case stands in the log never changes.
const upsertCases = ({ cases }: CaseTables, target: Target): Statement | string =>
  statementFor(`insert into ${tableName(cases, target)}
      (tenant_id, case_id, version, position, person_id, pet_id, status, state)
    select * from unnest($1::text[], $2::text[], $3::int[], $4::bigint[], $5::text[], $6::text[],
      $7::text[], $8::text[])
    on conflict (tenant_id, case_id) do update
      set version = excluded.version, person_id = excluded.person_id, pet_id = excluded.pet_id,
        status = excluded.status, state = excluded.state`)

const moveCounts = async <State>(
  { tables, shownOf }: CaseKind<State>,
  { tx, target }: To,
  changed: readonly Entry<State>[],
): Promise<void> => {
  const cells = new Map<string, { tenantId: string; status: string; by: number }>()
  const add = (tenantId: string, status: string | undefined, by: number): void => {
    if (status === undefined) return
    const key = keyOf(tenantId, status)
    const cell = cells.get(key) ?? { tenantId, status, by: 0 }
    cell.by += by
    cells.set(key, cell)
  }
  for (const { tenantId, before, state } of changed) {
    add(tenantId, shownOf(before)?.status, -1)
    add(tenantId, shownOf(state)?.status, 1)
  }
  const moved = [...cells.values()].filter(({ by }) => by !== 0)
  if (moved.length === 0) return
  await tx.query(upsertCounts(tables, target), [
    moved.map((cell) => cell.tenantId),
    moved.map((cell) => cell.status),
    moved.map((cell) => cell.by),
  ])
}

// By primary key, one statement for all counts that the page moved.
const upsertCounts = ({ counts }: CaseTables, target: Target): Statement | string =>
  statementFor(`insert into ${tableName(counts, target)} as cell (tenant_id, status, count)
    select * from unnest($1::text[], $2::text[], $3::int[])
    on conflict (tenant_id, status) do update set count = cell.count + excluded.count`)
