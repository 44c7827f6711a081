// A pet's row: the columns that are searched and sorted by, the texts that are served, and the rest of the state that
// events are folded on.
import type { SqlExecutor, Statement } from '../../core/sql.ts'
import type { PresentPet } from '../../events/pet-state.ts'
import { tableName, type Target } from '../projection.ts'
import type { PetEntry } from './entry.ts'
import { storedTexts } from './stored-state.ts'
import { statementFor } from '../statements.ts'
import { joinTexts, splitTexts } from './joined-texts.ts'

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

const TEXT_COLUMNS = ['photos', 'body', 'extras', 'rest'] as const

export const writePets = async (
  tx: SqlExecutor,
  target: Target,
  entries: readonly PetEntry[],
): Promise<void> => {
  const admitted = inNeighbourhoods(entries.filter((entry) => entry.isNew))
  const known = entries.filter((entry) => !entry.isNew)
  if (admitted.length > 0) await tx.query(insertPets(target), parametersOf(admitted))
  if (known.length > 0) await tx.query(upsertPets(target), parametersOf(known))
}

// Rows lie in the table as they come, and what is shown together is then read together: after a rebuild or an import a
// tenant's newest of a species are on a few pages, where in the order of the log each would be on a page of its own.
const inNeighbourhoods = (entries: readonly PetEntry[]): readonly PetEntry[] =>
  entries
    .map((entry) => ({ entry, place: placeOf(entry) }))
    .sort((one, other) => (one.place < other.place ? -1 : one.place > other.place ? 1 : 0))
    .map(({ entry }) => entry)

const placeOf = ({ tenantId, state }: PetEntry): string =>
  state.kind === 'present' ? `${tenantId} ${state.status} ${state.profile.species}` : tenantId

const parametersOf = (entries: readonly PetEntry[]): readonly unknown[] => {
  const shown = entries.map(toShown)
  const texts = shown.map((each) => storedTexts(each.entry.tenantId, each.entry.petId, each))
  return [
    ...COLUMNS.map(([, , read]) => shown.map(read)),
    ...TEXT_COLUMNS.map((column) => joinTexts(texts.map((text) => text[column]))),
  ]
}

const toShown = (entry: PetEntry): Shown => {
  const { state } = entry
  if (state.kind === 'present') return { entry, pet: state, removedAt: null }
  if (state.kind === 'removed') return { entry, pet: state.last, removedAt: state.removedAt }
  throw new Error(`pet ${entry.petId} has no state`)
}

// One array a column, one statement whatever the page's size. Under the checkpoint's lock nobody else writes, so a pet
// that had no row has none still, and its key need not be looked for.
const insertPets = (target: Target): Statement | string => statementFor(insertText(target))

const insertText = (target: Target): string => {
  const types = [
    ...COLUMNS.map(([, type], index) => `$${index + 1}::${type}[]`),
    ...TEXT_COLUMNS.map((_, index) => splitTexts(COLUMNS.length + index + 1)),
  ]
  return `insert into ${tableName('pets', target)} (${NAMES.join(', ')})
    select * from unnest(${types.join(', ')})`
}

const NAMES = [...COLUMNS.map(([name]) => name), ...TEXT_COLUMNS]

// The same, by primary key.
const upsertPets = (target: Target): Statement | string => {
  const changing = NAMES.filter((name) => name !== 'tenant_id' && name !== 'pet_id')
  return statementFor(`${insertText(target)}
    on conflict (tenant_id, pet_id) do update
      set ${changing.map((name) => `${name} = excluded.${name}`).join(', ')}`)
}
