// Distinct searches as people make them, each drawn for a tenant by its size. Path and tenant; the same
// list for every server.
import type { Random } from '../../src/demo/random.ts'
import { population } from './data.ts'

export type Search = Readonly<{ path: string; tenant: string }>

const SPECIES = ['DOG', 'CAT', 'RABBIT', 'BIRD'] as const
const SIZES = ['SMALL', 'MEDIUM', 'LARGE'] as const
const BREEDS = ['Beagle', 'Siamese', 'Maine Coon', 'Golden Retriever', 'Greyhound', 'Rex'] as const
const WORDS = ['playful', 'labrador', 'sunny', 'tabby', 'quiet home', 'greyhond', 'siamse'] as const

const parameters = (random: Random, shelters: readonly string[]): Record<string, string> => {
  const kind = random.next()
  const page = String(random.between(1, 5))
  const species = random.pick(SPECIES)
  if (kind < 0.35) return { species, page }
  if (kind < 0.55)
    return { species, size: random.pick(SIZES), goodWithKids: String(random.chance(0.7)), page }
  const ageMin = random.between(0, 60)
  if (kind < 0.7)
    return { species, ageMin: String(ageMin), ageMax: String(ageMin + random.between(3, 60)) }
  const sort = random.pick(['price', '-price', 'ageMonths', '-ageMonths'])
  if (kind < 0.8) return { species, sort, page }
  if (kind < 0.88) return { q: random.pick(WORDS), species }
  if (kind < 0.94) return { breed: random.pick(BREEDS), page }
  return { shelterId: random.pick(shelters), species, page }
}

export const searches = (random: Random, count: number): readonly Search[] => {
  const seen = new Set<string>()
  const list: Search[] = []
  while (list.length < count) {
    const tenant = population.draw(random)
    const asked = parameters(random, population.sheltersOf(tenant))
    const limit = String(random.between(10, 24)) // about the default of 20; makes nearly every search its own
    const path = `/v1/pets?${new URLSearchParams({ ...asked, limit }).toString()}`
    if (seen.has(tenant + path)) continue
    seen.add(tenant + path)
    list.push({ path, tenant })
  }
  return list
}
