// The pets projection: the page's pets in one query, folded in memory, written with one statement a table.
import { tenantIdSchema } from '../../core/ids.ts'
import type { StoredEvent } from '../../core/event.ts'
import type { SqlExecutor, Statement } from '../../core/sql.ts'
import { evolvePet, noPet, type PetState } from '../../events/pet-state.ts'
import type { PetEvent } from '../../events/pet.ts'
import { type Projection, tableName, type Target } from '../projection.ts'
import { cubeTables, moveCounts } from './cubes.ts'
import type { PetEntry } from './entry.ts'
import { writePets, writeStates } from './rows.ts'
import { statementFor } from '../statements.ts'
import { petsTable, searchTable, serialsTable, statesTable, wordsTable } from './tables.ts'
import { profileWords } from './words.ts'
import { addWords, type NewWords, writeSearch } from './search-rows.ts'

export const petsProjection: Projection = {
  name: 'pets',
  version: 1,
  tables: [petsTable, statesTable, searchTable, wordsTable, serialsTable, ...cubeTables],
  categories: ['pet'],
  apply: async (tx, target, events) => {
    const entries = await loadEntries(tx, target, events)
    const words: NewWords = new Map()
    for (const event of events) {
      const entry = entries.get(keyOf(event.tenantId, event.streamId))
      if (entry !== undefined) applyEvent(entry, event, words)
    }
    const changed = [...entries.values()].filter((entry) => entry.isChanged)
    if (changed.length === 0) return
    await giveSerials(tx, target, changed)
    await writePets(tx, target, changed)
    await writeStates(tx, target, changed)
    await writeSearch(tx, target, changed)
    await addWords(tx, target, words)
    await moveCounts(
      tx,
      target,
      changed.map((entry) => ({ ...entry, after: entry.state })),
    )
  },
}

const keyOf = (tenantId: string, petId: string): string => `${tenantId} ${petId}`

// An event that the row already knows is passed over: applying it twice is the same as once.
const applyEvent = (entry: PetEntry, event: StoredEvent, words: NewWords): void => {
  if (event.version <= entry.version) return
  const previous = entry.state
  // The codec has checked type and data; this is where the wide type becomes the union.
  const { type, data, occurredAt } = event
  entry.state = evolvePet(previous, { type, data, occurredAt } as unknown as PetEvent)
  entry.version = event.version
  entry.isChanged = true
  if (entry.state.kind === 'none') {
    throw new Error(`pet ${entry.petId} begins with ${event.type} and not with its admission`)
  }
  if (entry.state.kind === 'present' && profileOf(previous) !== entry.state.profile) {
    const known = words.get(entry.tenantId) ?? new Set<string>()
    for (const word of profileWords(entry.state.profile).keys()) known.add(word)
    words.set(entry.tenantId, known)
  }
}

const profileOf = (state: PetState): unknown =>
  state.kind === 'present' ? state.profile : undefined

type StateRow = Readonly<{
  tenant_id: string
  pet_id: string
  version: number
  serial: number
  state: string
}>

const loadEntries = async (
  tx: SqlExecutor,
  target: Target,
  events: readonly StoredEvent[],
): Promise<Map<string, PetEntry>> => {
  const entries = new Map<string, PetEntry>()
  for (const { tenantId, streamId: petId } of events) {
    const key = keyOf(tenantId, petId)
    if (!entries.has(key)) entries.set(key, newEntry(tenantId, petId))
  }
  const keys = [...entries.values()]
  const rows = await tx.query<StateRow>(selectStates(target), [
    keys.map((entry) => entry.tenantId),
    keys.map((entry) => entry.petId),
  ])
  for (const row of rows) {
    const state = JSON.parse(row.state) as PetState
    entries.set(keyOf(row.tenant_id, row.pet_id), {
      ...newEntry(row.tenant_id, row.pet_id),
      before: state,
      state,
      version: row.version,
      serial: row.serial,
      isNew: false,
    })
  }
  return entries
}

const newEntry = (tenantId: string, petId: string): PetEntry => ({
  tenantId: tenantIdSchema.parse(tenantId),
  petId,
  before: noPet,
  state: noPet,
  version: 0,
  serial: 0,
  isNew: true,
  isChanged: false,
})

// By primary key, once for all pets of the page.
const selectStates = (target: Target): Statement | string =>
  statementFor(`select p.tenant_id, p.pet_id, p.version, p.serial, p.state
    from unnest($1::text[], $2::text[]) as k(tenant_id, pet_id)
    join ${tableName('pet_states', target)} p on p.tenant_id = k.tenant_id and p.pet_id = k.pet_id`)

// Serials follow the log's order of admissions: entries keep the order in which the page met them.
const giveSerials = async (
  tx: SqlExecutor,
  target: Target,
  changed: readonly PetEntry[],
): Promise<void> => {
  const admitted = changed.filter((entry) => entry.isNew)
  if (admitted.length === 0) return
  const tenants = [...new Set(admitted.map((entry) => entry.tenantId))]
  const rows = await tx.query<{ tenant_id: string; last: number }>(selectSerials(target), [tenants])
  const last = new Map(rows.map((row) => [row.tenant_id, row.last] as const))
  for (const entry of admitted) {
    entry.serial = (last.get(entry.tenantId) ?? 0) + 1
    last.set(entry.tenantId, entry.serial)
  }
  await tx.query(upsertSerials(target), [tenants, tenants.map((tenant) => last.get(tenant))])
}

// By primary key.
const selectSerials = (target: Target): Statement | string =>
  statementFor(`select tenant_id, last from ${tableName('pet_serials', target)}
    where tenant_id = any($1::text[])`)

// By primary key, one statement for all tenants of the page.
const upsertSerials = (target: Target): Statement | string =>
  statementFor(`insert into ${tableName('pet_serials', target)} (tenant_id, last)
    select * from unnest($1::text[], $2::int[])
    on conflict (tenant_id) do update set last = excluded.last`)
