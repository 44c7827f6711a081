// A pet as the classic profile shows it. What comes from the read model and what comes from a command's state go
// through the same type, and so give the same bytes.
import { z } from 'zod'
import type { ClassicPet } from '../../../../application.ts'
import type { PresentPet } from '../../../../events/pet-state.ts'

export const SPECIES = ['cat', 'dog'] as const
export const STATUSES = ['available', 'pending', 'adopted'] as const
export const SIZES = ['small', 'medium', 'large'] as const
export const GENDERS = ['male', 'female'] as const

export const classicPetSchema = z
  .strictObject({
    name: z.string(),
    species: z.enum(SPECIES),
    breed: z.string().nullable(),
    age_months: z.int(),
    gender: z.enum(GENDERS).nullable(),
    size: z.enum(SIZES).nullable(),
    temperament: z.string().nullable(),
    medical: z.strictObject({
      spayed_neutered: z.boolean().nullable(),
      vaccinations: z.array(z.string()),
    }),
    description: z.string().nullable(),
    shelter_id: z.int().nullable(),
    status: z.enum(STATUSES),
    intake_date: z.string(),
    id: z.int(),
  })
  .meta({ id: 'ClassicPet' })

export const petView = (pet: ClassicPet) => ({
  name: pet.name,
  species: pet.species.toLowerCase(),
  breed: pet.breed,
  age_months: pet.ageMonths,
  gender: pet.gender === 'UNKNOWN' ? null : (pet.gender?.toLowerCase() ?? null),
  size: pet.size?.toLowerCase() ?? null,
  temperament: pet.temperament,
  medical: { spayed_neutered: pet.spayedNeutered, vaccinations: pet.vaccinations },
  description: pet.description,
  shelter_id: pet.shelterSerial,
  status: pet.status.toLowerCase(),
  intake_date: pet.intakeDate,
  id: pet.serial,
})

type Numbered = Pick<ClassicPet, 'petId' | 'version' | 'serial' | 'shelterSerial'>

/** Undefined for a pet that the profile cannot express. */
export const petOfState = (known: Numbered, state: PresentPet): ClassicPet | undefined => {
  const { profile, status } = state
  const { species } = profile
  if (status === 'NOT_AVAILABLE' || (species !== 'CAT' && species !== 'DOG')) return undefined
  return {
    ...known,
    name: profile.name,
    species,
    breed: profile.breed,
    ageMonths: profile.ageMonths,
    gender: profile.gender,
    size: profile.size,
    temperament: profile.temperament,
    spayedNeutered: profile.medicalInfo?.spayedNeutered ?? null,
    vaccinations: profile.vaccinations,
    description: profile.description,
    status,
    intakeDate: profile.intakeDate,
    updatedAt: state.updatedAt,
  }
}

/**
 * The version, for If-Match, and the shelter's number: that may come to be known without the pet
 * being touched.
 */
export const petTag = ({ version, shelterSerial }: ClassicPet): string =>
  `"v${version}.${shelterSerial ?? 0}"`
