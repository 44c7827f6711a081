// The pets projection: the page's pets in one query, folded in memory, written with one statement a table.
import type { TenantId } from '../../core/ids.ts'
import type { StoredEvent } from '../../core/event.ts'
import type { SqlExecutor, Statement } from '../../core/sql.ts'
import { evolvePet, noPet, type PetState } from '../../events/pet-state.ts'
import type { PetEvent } from '../../events/pet.ts'
import { type Projection, tableName, type Target } from '../projection.ts'
import { cubeTables, moveCounts } from './cubes.ts'
import type { PetEntry } from './entry.ts'
import { writePets } from './rows.ts'
import { statementFor } from '../statements.ts'
import { writeSearch } from './search-rows.ts'
import { stateOf, type StoredTexts } from './stored-state.ts'
import { petsTable, searchTable, tenantsTable, wordsTable } from './tables.ts'
import { type Description, writeTenants } from './tenants.ts'
import { createProfileWords } from './words.ts'

export const petsProjection: Projection = {
  name: 'pets',
  version: 2,
  tables: [petsTable, searchTable, wordsTable, tenantsTable, ...cubeTables],
  categories: ['pet'],
  apply: async (tx, target, events) => {
    const entries = await loadEntries(tx, target, events)
    const described: Description[] = []
    for (const event of events) {
      const entry = entries.get(keyOf(event.tenantId, event.streamId))
      if (entry !== undefined) applyEvent(entry, event, described)
    }
    const changed = [...entries.values()].filter((entry) => entry.isChanged)
    if (changed.length === 0) return
    const admitted = changed.filter((entry) => entry.isNew)
    const words = createProfileWords()
    await writeTenants(tx, target, { admitted, described, words })
    await writePets(tx, target, changed)
    await writeSearch(tx, target, { changed, words })
    await moveCounts(
      tx,
      target,
      changed.map((entry) => ({ after: entry.state, ...entry })),
    )
  },
}

const keyOf = (tenantId: string, petId: string): string => `${tenantId} ${petId}`

// An event that the row already knows is passed over: applying it twice is the same as once.
const applyEvent = (entry: PetEntry, event: StoredEvent, described: Description[]): void => {
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
    described.push({ tenantId: entry.tenantId, profile: entry.state.profile })
  }
}

const profileOf = (state: PetState): unknown =>
  state.kind === 'present' ? state.profile : undefined

type StateRow = Pick<StoredTexts, 'body' | 'extras' | 'rest'> &
  Readonly<{ place: number; version: number; serial: number }>

const loadEntries = async (
  tx: SqlExecutor,
  target: Target,
  events: readonly StoredEvent[],
): Promise<ReadonlyMap<string, PetEntry>> => {
  const entries = new Map<string, PetEntry>()
  for (const { tenantId, streamId: petId } of events) {
    const key = keyOf(tenantId, petId)
    if (!entries.has(key)) entries.set(key, newEntry(tenantId, petId))
  }
  const asked = [...entries.values()]
  const rows = await tx.query<StateRow>(selectStates(target), [
    asked.map((entry) => entry.tenantId),
    asked.map((entry) => entry.petId),
  ])
  for (const row of rows) {
    const entry = asked[row.place - 1]
    if (entry === undefined) continue
    const { version, serial } = row
    const state = stateOf(row)
    const known = { before: state, state, version, serial, isNew: false }
    entries.set(keyOf(entry.tenantId, entry.petId), { ...entry, ...known })
  }
  return entries
}

const newEntry = (tenantId: TenantId, petId: string): PetEntry => ({
  tenantId,
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
  statementFor(`select k.place::int as place, p.version, p.serial, p.body, p.extras, p.rest
    from unnest($1::text[], $2::text[]) with ordinality as k(tenant_id, pet_id, place)
    join ${tableName('pets', target)} p on p.tenant_id = k.tenant_id and p.pet_id = k.pet_id`)
