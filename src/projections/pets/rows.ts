// A pet's rows: the columns that are searched and sorted by with the texts that are served, and the
// state that is folded on.
import { tenantIdSchema } from '../../core/ids.ts'
import type { SqlExecutor, Statement } from '../../core/sql.ts'
import type { PresentPet } from '../../events/pet-state.ts'
import { tableName, type Target } from '../projection.ts'
import type { PetEntry } from './entry.ts'
import { petParts } from './resource.ts'
import { statementFor } from '../statements.ts'

type Value = string | number | boolean | null
type Shown = Readonly<{ entry: PetEntry; pet: PresentPet; removedAt: string | null }>

const MAX_KEY_CHARACTERS = 200 // a longer one does not fit into an index

/** How names, breeds and colours are compared: without case, and without the end of an absurdly long one. */
export const comparisonKey = (text: string): string =>
  [...text.toLowerCase()].slice(0, MAX_KEY_CHARACTERS).join('')

const keyOrNull = (text: string | null): string | null =>
  text === null ? null : comparisonKey(text)

/** Each column, its type in an array parameter, and its value. */
const COLUMNS: readonly (readonly [name: string, type: string, read: (shown: Shown) => Value])[] = [
  ['tenant_id', 'text', ({ entry }) => entry.tenantId],
  ['pet_id', 'text', ({ entry }) => entry.petId],
  ['version', 'int', ({ entry }) => entry.version],
  ['serial', 'int', ({ entry }) => entry.serial],
  ['status', 'text', ({ pet }) => pet.status],
  ['species', 'text', ({ pet }) => pet.profile.species],
  ['size', 'text', ({ pet }) => pet.profile.size],
  ['gender', 'text', ({ pet }) => pet.profile.gender],
  ['good_with_kids', 'boolean', ({ pet }) => pet.profile.goodWithKids],
  ['good_with_dogs', 'boolean', ({ pet }) => pet.profile.goodWithDogs],
  ['good_with_cats', 'boolean', ({ pet }) => pet.profile.goodWithCats],
  ['vaccinated', 'boolean', ({ pet }) => pet.profile.medicalInfo?.vaccinated ?? null],
  ['spayed_neutered', 'boolean', ({ pet }) => pet.profile.medicalInfo?.spayedNeutered ?? null],
  ['special_needs', 'boolean', ({ pet }) => pet.profile.medicalInfo?.specialNeeds ?? null],
  ['in_care', 'boolean', ({ pet }) => pet.inCare],
  ['age_months', 'int', ({ pet }) => pet.profile.ageMonths],
  ['price', 'numeric', ({ pet }) => pet.profile.price],
  ['created_at', 'timestamptz', ({ pet }) => pet.createdAt],
  ['intake_date', 'date', ({ pet }) => pet.profile.intakeDate],
  ['name_key', 'text', ({ pet }) => comparisonKey(pet.profile.name)],
  ['breed_key', 'text', ({ pet }) => keyOrNull(pet.profile.breed)],
  ['color_key', 'text', ({ pet }) => keyOrNull(pet.profile.color)],
  ['shelter_id', 'text', ({ pet }) => pet.profile.shelterId],
  ['updated_at', 'text', ({ pet }) => pet.updatedAt],
  ['removed_at', 'timestamptz', ({ removedAt }) => removedAt],
  ['breed', 'text', ({ pet }) => pet.profile.breed],
]

const TEXT_COLUMNS = ['photos', 'body', 'extras'] as const

export const writePets = async (
  tx: SqlExecutor,
  target: Target,
  entries: readonly PetEntry[],
): Promise<void> => {
  const shown = entries.map(toShown)
  const texts = shown.map(textsOf)
  await tx.query(upsertPets(target), [
    ...COLUMNS.map(([, , read]) => shown.map(read)),
    ...TEXT_COLUMNS.map((column) => texts.map((text) => text[column])),
  ])
}

const toShown = (entry: PetEntry): Shown => {
  const { state } = entry
  if (state.kind === 'present') return { entry, pet: state, removedAt: null }
  if (state.kind === 'removed') return { entry, pet: state.last, removedAt: state.removedAt }
  throw new Error(`pet ${entry.petId} has no state`)
}

const textsOf = ({
  entry,
  pet,
  removedAt,
}: Shown): Readonly<Record<(typeof TEXT_COLUMNS)[number], string>> => {
  if (removedAt !== null) return { photos: '[]', body: '{}', extras: '{}' }
  return petParts(tenantIdSchema.parse(entry.tenantId), entry.petId, pet)
}

export const writeStates = async (
  tx: SqlExecutor,
  target: Target,
  entries: readonly PetEntry[],
): Promise<void> => {
  await tx.query(upsertStates(target), [
    entries.map((entry) => entry.tenantId),
    entries.map((entry) => entry.petId),
    entries.map((entry) => entry.version),
    entries.map((entry) => entry.serial),
    entries.map((entry) => JSON.stringify(entry.state)),
  ])
}

// By primary key, which is the only index: an update stays on the row's page.
const upsertStates = (target: Target): Statement | string =>
  statementFor(`insert into ${tableName('pet_states', target)} (tenant_id, pet_id, version, serial, state)
    select * from unnest($1::text[], $2::text[], $3::int[], $4::int[], $5::text[])
    on conflict (tenant_id, pet_id) do update set version = excluded.version, state = excluded.state`)

// By primary key: one array a column, one statement whatever the page's size.
const upsertPets = (target: Target): Statement | string => {
  const types = [...COLUMNS.map(([, type]) => type), ...TEXT_COLUMNS.map(() => 'text')]
  const names = [...COLUMNS.map(([name]) => name), ...TEXT_COLUMNS]
  const changing = names.filter((name) => name !== 'tenant_id' && name !== 'pet_id')
  return statementFor(`insert into ${tableName('pets', target)} (${names.join(', ')})
    select * from unnest(${types.map((type, index) => `$${index + 1}::${type}[]`).join(', ')})
    on conflict (tenant_id, pet_id) do update
      set ${changing.map((name) => `${name} = excluded.${name}`).join(', ')}`)
}
