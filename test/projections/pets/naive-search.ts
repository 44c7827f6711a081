// What a search means, said in the plainest way over states in memory. It shares nothing with the SQL but the words.
import type { TenantId } from '../../../src/core/ids.ts'
import type { PresentPet } from '../../../src/events/pet-state.ts'
import type { PetFacet, PetFilter, PetSort } from '../../../src/projections/pets/query-types.ts'
import { wordsOf } from '../../../src/projections/pets/words.ts'
import type { Life } from '../support.ts'

type Pet = Readonly<{ petId: string; pet: PresentPet }>
type Question = Readonly<{ filter: PetFilter; sort: PetSort }>

export const naiveSearch = (
  lives: readonly Life[],
  tenantId: TenantId,
  { filter, sort }: Question,
): readonly string[] => {
  const found = presentPets(lives, tenantId).filter(({ pet }) => matches(pet, filter))
  // Relevance without words is the default order, newest first.
  const sign = sort.order === 'ASC' && sort.field !== 'relevance' ? 1 : -1
  return found
    .toSorted((left, right) => {
      const byValue = compare(sortValue(left.pet, sort), sortValue(right.pet, sort))
      return sign * (byValue === 0 ? compare(left.petId, right.petId) : byValue)
    })
    .map(({ petId }) => petId)
}

export const naiveFacet = (
  lives: readonly Life[],
  tenantId: TenantId,
  { filter, facet }: Question & Readonly<{ facet: PetFacet }>,
): Readonly<Record<string, number>> => {
  const rest = Object.fromEntries(Object.entries(filter).filter(([field]) => field !== facet))
  const groups = new Map<string, Readonly<{ shown: string; count: number }>>()
  for (const { pet } of presentPets(lives, tenantId)) {
    const value = facetValue(pet, facet)
    if (value === null || !matches(pet, rest)) continue
    const text = String(value)
    const key = facet === 'breed' ? text.toLowerCase() : text
    const group = groups.get(key)
    groups.set(key, {
      shown: group === undefined || text < group.shown ? text : group.shown,
      count: (group?.count ?? 0) + 1,
    })
  }
  return Object.fromEntries([...groups.values()].map(({ shown, count }) => [shown, count]))
}

const presentPets = (lives: readonly Life[], tenantId: TenantId): readonly Pet[] =>
  lives.flatMap(({ state, ...life }) =>
    life.tenantId === tenantId && state.kind === 'present'
      ? [{ petId: life.petId, pet: state }]
      : [],
  )

const matches = ({ profile, status }: PresentPet, filter: PetFilter): boolean => {
  const medical = profile.medicalInfo
  const anyOf = (values: readonly string[] | undefined, value: string | null): boolean =>
    values === undefined || (value !== null && values.includes(value))
  const same = <T>(wanted: T | undefined, value: T | null): boolean =>
    wanted === undefined || value === wanted
  const between = (low: number, value: number, high: number): boolean =>
    low <= value && value <= high
  return (
    anyOf(filter.species, profile.species) &&
    anyOf(filter.status, status) &&
    anyOf(filter.size, profile.size) &&
    anyOf(filter.gender, profile.gender) &&
    same(filter.breed?.toLowerCase(), profile.breed?.toLowerCase() ?? null) &&
    same(filter.color?.toLowerCase(), profile.color?.toLowerCase() ?? null) &&
    between(filter.ageMin ?? 0, profile.ageMonths, filter.ageMax ?? Infinity) &&
    between(
      Number(filter.priceMin ?? 0),
      Number(profile.price),
      Number(filter.priceMax ?? Infinity),
    ) &&
    (filter.intakeFrom ?? '') <= profile.intakeDate &&
    profile.intakeDate <= (filter.intakeTo ?? '9') &&
    same(filter.goodWithKids, profile.goodWithKids) &&
    same(filter.goodWithDogs, profile.goodWithDogs) &&
    same(filter.goodWithCats, profile.goodWithCats) &&
    same(filter.vaccinated, medical?.vaccinated ?? null) &&
    same(filter.spayedNeutered, medical?.spayedNeutered ?? null) &&
    same(filter.specialNeeds, medical?.specialNeeds ?? null) &&
    same(filter.shelterId, profile.shelterId) &&
    (filter.q === undefined || hasWords(profile, filter.q))
  )
}

/** Every word of the question begins a word of the pet. The questions asked here have no typing errors. */
const hasWords = (profile: PresentPet['profile'], q: string): boolean => {
  const { name, breed, color, temperament, description } = profile
  const words = [name, breed, color, temperament, description].flatMap((text) =>
    wordsOf(text ?? ''),
  )
  const asked = wordsOf(q)
  return asked.length > 0 && asked.every((ask) => words.some((word) => word.startsWith(ask)))
}

const facetValue = ({ profile, status }: PresentPet, facet: PetFacet): string | boolean | null =>
  facet === 'status' ? status : profile[facet]

const sortValue = (pet: PresentPet, sort: PetSort): string | number => {
  switch (sort.field) {
    case 'ageMonths':
      return pet.profile.ageMonths
    case 'price':
      return Number(pet.profile.price)
    case 'name':
      return pet.profile.name.toLowerCase()
    case 'intakeDate':
      return pet.profile.intakeDate
    default:
      return pet.createdAt
  }
}

const compare = (left: string | number, right: string | number): number => {
  if (typeof left === 'string' && typeof right === 'string')
    return Buffer.compare(Buffer.from(left), Buffer.from(right))
  return left < right ? -1 : left > right ? 1 : 0
}
