// Believable pets for a first look, made from a seed: the same seed and day give the same animals.
import type { AdmitPet } from '../application.ts'
import type { PetProfile } from '../events/pet.ts'
import type { Random } from './random.ts'
import { type Kind, KINDS, NAMES, STORIES, TEMPERAMENTS } from './vocabulary.ts'

/** What becomes of a demo pet after its intake. */
export type DemoPet = Readonly<{ admit: AdmitPet; then: 'stays' | 'reserved' | 'adopted' }>

const DAY_MS = 86_400_000
const INTAKES = [
  'STRAY',
  'STRAY',
  'OWNER_SURRENDER',
  'OWNER_SURRENDER',
  'TRANSFER_IN',
  'SEIZED',
  'BORN_IN_CARE',
] as const

const kindOf = (random: Random): Kind => {
  let left = random.next() * 100
  for (const kind of KINDS) {
    left -= kind.weight
    if (left < 0) return kind
  }
  return random.pick(KINDS)
}

const profileOf = (random: Random, shelterId: string, intakeDate: string): PetProfile => {
  const kind = kindOf(random)
  const { name: breed, size, colors } = random.pick(kind.breeds)
  const gender = random.chance(0.5) ? 'FEMALE' : 'MALE'
  const name = random.pick(NAMES[gender])
  const ageMonths = Math.max(2, Math.floor(random.next() ** 1.8 * kind.oldestMonths))
  const vaccinations = kind.vaccinations.filter(() => random.chance(0.85))
  const specialNeeds = random.chance(0.07)
  const pronoun = gender === 'FEMALE' ? 'She' : 'He'
  return {
    name,
    species: kind.species,
    breed,
    ageMonths,
    size,
    color: random.pick(colors),
    gender,
    goodWithKids: random.chance(0.7),
    goodWithDogs: random.chance(0.55),
    goodWithCats: random.chance(0.5),
    price: `${random.between(kind.fee.low / 5, kind.fee.high / 5) * 5}.00`,
    currency: 'USD',
    description: `${name} ${random.pick(STORIES)}. ${pronoun} ${random.pick(STORIES)}.`,
    temperament: random.pick(TEMPERAMENTS),
    medicalInfo: {
      spayedNeutered: ageMonths > 6 && random.chance(0.9),
      vaccinated: vaccinations.length > 0,
      microchipped: random.chance(0.8),
      specialNeeds,
      healthNotes: specialNeeds ? 'On daily medication; ask our team.' : null,
    },
    vaccinations,
    microchipId: null,
    shelterId,
    intakeDate,
  }
}

/** `nowMs` dates the intakes: within the last 120 days. */
export const demoPet = (random: Random, shelterId: string, nowMs: number): DemoPet => {
  const intakeDate = new Date(nowMs - random.between(0, 120) * DAY_MS).toISOString().slice(0, 10)
  const profile = profileOf(random, shelterId, intakeDate)
  const fate = random.next()
  return {
    admit: {
      profile,
      status: fate < 0.06 ? 'NOT_AVAILABLE' : 'AVAILABLE',
      intake: { kind: random.pick(INTAKES), date: intakeDate, source: null, condition: 'healthy' },
      photos: [],
    },
    then: fate > 0.88 ? 'adopted' : fate > 0.8 ? 'reserved' : 'stays',
  }
}
