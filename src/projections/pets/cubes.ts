// Counts kept beside the pets: a cell for each combination of a few fields, moved by differences in
// the transaction that changes the pets. Exact totals, facets and the inventory then cost a handful
// of cells, however many pets a tenant has.
import type { PetState, PresentPet } from '../../events/pet-state.ts'
import type { SqlExecutor } from '../../core/sql.ts'
import { type TableDefinition, tableName, type Target } from '../projection.ts'
import { statementFor } from '../statements.ts'

export type CubeField =
  | 'status'
  | 'in_care'
  | 'species'
  | 'size'
  | 'gender'
  | 'good_with_kids'
  | 'age_months'
  | 'shelter_id'
  | 'vaccinated'
  | 'spayed_neutered'
  | 'special_needs'

export type Cube = Readonly<{ name: string; fields: readonly CubeField[] }>

/** From the smallest to the largest: a question takes the first one that has all of its fields. */
export const CUBES: readonly Cube[] = [
  {
    name: 'pet_counts',
    fields: ['status', 'in_care', 'species', 'size', 'gender', 'good_with_kids'],
  },
  { name: 'pet_shelter_counts', fields: ['shelter_id', 'status', 'species'] },
  // Species before age, so that a range of ages is a range of the key.
  { name: 'pet_age_counts', fields: ['status', 'species', 'age_months'] },
  {
    name: 'pet_age_size_counts',
    fields: ['status', 'species', 'age_months', 'size', 'good_with_kids'],
  },
  {
    name: 'pet_medical_counts',
    fields: [
      'status',
      'vaccinated',
      'spayed_neutered',
      'special_needs',
      'species',
      'size',
      'good_with_kids',
    ],
  },
]

export const cubeTables: readonly TableDefinition[] = CUBES.map((cube) => ({
  name: cube.name,
  columns: [
    'tenant_id text collate "C" not null',
    ...cube.fields.map((field) => `${field} ${sqlType(field)} not null`),
    'count int not null',
  ].join(', '),
  primaryKey: ['tenant_id', ...cube.fields],
  fillfactor: 70,
  indexes: [],
}))

/** Null and false are different; null is the empty text, so that a cell has a key. */
const FIELD_VALUES: Readonly<Record<CubeField, (pet: PresentPet) => string | number>> = {
  status: (pet) => pet.status,
  in_care: (pet) => String(pet.inCare),
  species: ({ profile }) => profile.species,
  size: ({ profile }) => profile.size ?? '',
  gender: ({ profile }) => profile.gender ?? '',
  good_with_kids: ({ profile }) => String(profile.goodWithKids ?? ''),
  age_months: ({ profile }) => profile.ageMonths,
  shelter_id: ({ profile }) => profile.shelterId ?? '',
  vaccinated: ({ profile }) => String(profile.medicalInfo?.vaccinated ?? ''),
  spayed_neutered: ({ profile }) => String(profile.medicalInfo?.spayedNeutered ?? ''),
  special_needs: ({ profile }) => String(profile.medicalInfo?.specialNeeds ?? ''),
}

export type PetChange = Readonly<{ tenantId: string; before: PetState; after: PetState }>

export const moveCounts = async (
  tx: SqlExecutor,
  target: Target,
  changes: readonly PetChange[],
): Promise<void> => {
  for (const cube of CUBES) {
    const cells = differences(cube, changes)
    if (cells.length > 0) await writeCells(tx, cubeUpsert(cube, target), cells)
  }
}

type Cell = Readonly<{ key: readonly (string | number)[]; by: number }>

const differences = (cube: Cube, changes: readonly PetChange[]): readonly Cell[] => {
  const cells = new Map<string, { key: readonly (string | number)[]; by: number }>()
  const add = (tenantId: string, state: PetState, by: number): void => {
    if (state.kind !== 'present') return
    const key = [tenantId, ...cube.fields.map((field) => FIELD_VALUES[field](state))]
    const name = key.join('\u0001')
    const cell = cells.get(name)
    if (cell === undefined) cells.set(name, { key, by })
    else cell.by += by
  }
  for (const { tenantId, before, after } of changes) {
    add(tenantId, before, -1)
    add(tenantId, after, 1)
  }
  return [...cells.values()].filter((cell) => cell.by !== 0)
}

const writeCells = async (tx: SqlExecutor, text: string, cells: readonly Cell[]): Promise<void> => {
  const width = cells[0]?.key.length ?? 0
  const columns = Array.from({ length: width }, (_, index) => cells.map((cell) => cell.key[index]))
  await tx.query(statementFor(text), [...columns, cells.map((cell) => cell.by)])
}

// One statement for all cells of the page, by primary key. A cell that reaches zero stays: there are only so many.
const cubeUpsert = (cube: Cube, target: Target): string => {
  const fields = ['tenant_id', ...cube.fields]
  const arrays = fields.map((field, index) => `$${index + 1}::${sqlType(field).split(' ')[0]}[]`)
  return `insert into ${tableName(cube.name, target)} as cell (${fields.join(', ')}, count)
    select * from unnest(${arrays.join(', ')}, $${fields.length + 1}::int[])
    on conflict (${fields.join(', ')}) do update set count = cell.count + excluded.count`
}

function sqlType(field: string): string {
  return field === 'age_months' ? 'int' : 'text collate "C"'
}
