// What can be asked of the pets read model, and what it answers.
import type { Version } from '../../core/event.ts'

export type PetFilter = Readonly<{
  species?: readonly string[] // upper case, any of
  status?: readonly string[]
  size?: readonly string[]
  gender?: readonly string[]
  breed?: string // whole breed, without case
  color?: string // whole colour, without case
  ageMin?: number // months, inclusive
  ageMax?: number
  goodWithKids?: boolean
  goodWithDogs?: boolean
  goodWithCats?: boolean
  vaccinated?: boolean
  spayedNeutered?: boolean
  specialNeeds?: boolean
  shelterId?: string
  intakeFrom?: string // YYYY-MM-DD, inclusive
  intakeTo?: string
  priceMin?: string // decimal, inclusive
  priceMax?: string
  q?: string // words over name, breed, colour, temperament and description; small typing errors forgiven
}>

export const PET_SORT_FIELDS = [
  'createdAt',
  'ageMonths',
  'price',
  'name',
  'intakeDate',
  'relevance',
] as const
export type PetSort = Readonly<{ field: (typeof PET_SORT_FIELDS)[number]; order: 'ASC' | 'DESC' }>

export const PET_FACETS = [
  'species',
  'status',
  'size',
  'gender',
  'goodWithKids',
  'breed',
  'shelterId',
] as const
export type PetFacet = (typeof PET_FACETS)[number]

export type Paging =
  | Readonly<{ kind: 'page'; page: number; limit: number }>
  | Readonly<{ kind: 'cursor'; after: string | null; limit: number }> // after: a nextCursor, null for the first page

export type PetQuery = Readonly<{
  filter: PetFilter
  sort: PetSort // default createdAt DESC; relevance is the default with q
  paging: Paging
  facets: readonly PetFacet[]
  extras: boolean // with the extension fields (temperament, shelterId, intakeDate, ...)
}>

export type PetPage = Readonly<{
  items: readonly string[] // each the JSON text of one pet in its /v1 shape
  totalItems: number // exact
  nextCursor: string | null // null on the last page
  /** Counts under the same filter, less the facet's own field. */
  facets?: Readonly<Partial<Record<PetFacet, Readonly<Record<string, number>>>>>
}>

export type PetRecord = Readonly<{ json: string; version: Version; updatedAt: string }>

export type Inventory = Readonly<{
  byStatus: Readonly<Record<string, number>> // every status, zero included; pets in care and adopted ones
  bySpecies: Readonly<Record<string, number>>
  total: number
}>

/** A cursor that is not one of ours, or of another sort. */
export type PetSearchResult =
  Readonly<{ kind: 'page'; page: PetPage }> | Readonly<{ kind: 'bad_cursor' }>
