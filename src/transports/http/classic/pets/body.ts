// Bodies of writes on a pet, and what they mean in the domain. What the profile cannot say (colour, price,
// photos, ...) is left as it is.
import { z } from 'zod'
import type { AdmitPet, ClassicPet, RevisePet } from '../../../../application.ts'
import { dayField, ignored, MAX_AGE_MONTHS, optionalText, text, toMoney } from '../../fields.ts'
import { upper } from './query.ts'
import { GENDERS, SIZES, SPECIES, STATUSES } from './view.ts'

const MAX_VACCINATIONS = 50

/** Null for what is not known; it has to be said. */
const knownText = (max: number) => optionalText(max).unwrap()

const medicalFields = {
  spayed_neutered: z.boolean().nullable(),
  vaccinations: z.array(text(100)).max(MAX_VACCINATIONS),
}
const fields = {
  name: text(50),
  species: z.enum(SPECIES),
  breed: knownText(100),
  age_months: z.int().min(0).max(MAX_AGE_MONTHS),
  gender: z.enum(GENDERS).nullable(),
  size: z.enum(SIZES).nullable(),
  temperament: knownText(500),
  description: knownText(5_000),
  shelter_id: z.int().min(1).nullable(),
  status: z.enum(STATUSES),
}
const beside = { intake_date: dayField.optional(), id: ignored }

export const fullPetBody = z.strictObject({
  ...fields,
  medical: z.strictObject(medicalFields),
  ...beside,
})
export type FullPetBody = z.output<typeof fullPetBody>

export const petPatchBody = z.strictObject({
  ...z.object(fields).partial().shape,
  medical: z.strictObject(z.object(medicalFields).partial().shape).optional(),
  ...beside,
})
export type PetPatchBody = z.output<typeof petPatchBody>

/** A shelter that the body names, as the domain knows it. */
export type NamedShelter = Readonly<{ id: string; adoptionFeeRange: string | null }>

/** A pet comes into care; the fee is the least that its shelter takes. */
export const admission = (
  body: FullPetBody,
  shelter: NamedShelter | null,
  today: string,
): AdmitPet => {
  const date = body.intake_date ?? today
  const { spayed_neutered: spayedNeutered, vaccinations } = body.medical
  return {
    profile: {
      name: body.name,
      species: upper(body.species),
      breed: body.breed,
      ageMonths: body.age_months,
      size: body.size === null ? null : upper(body.size),
      gender: body.gender === null ? null : upper(body.gender),
      description: body.description,
      temperament: body.temperament,
      vaccinations,
      medicalInfo: {
        spayedNeutered,
        vaccinated: vaccinations.length > 0,
        microchipped: null,
        specialNeeds: null,
        healthNotes: null,
      },
      shelterId: shelter?.id ?? null,
      intakeDate: date,
      price: toMoney(shelter?.adoptionFeeRange?.split('-')[0] ?? '0'),
      currency: 'USD',
      ...{ color: null, goodWithKids: null, goodWithDogs: null, goodWithCats: null },
      microchipId: null,
    },
    status: 'AVAILABLE',
    intake: { kind: 'OTHER', date, source: null, condition: null },
    photos: [],
  }
}

/** `shelter`: undefined where the body does not name one. */
export const revision = (
  body: PetPatchBody,
  known: ClassicPet,
  shelter: NamedShelter | null | undefined,
): RevisePet => {
  const { species, size, status } = body
  return {
    changes: {
      name: body.name,
      species: species && upper(species),
      breed: body.breed,
      ageMonths: body.age_months,
      size: size && upper(size),
      gender: genderOf(body, known),
      description: body.description,
      temperament: body.temperament,
      vaccinations: body.medical?.vaccinations,
      medicalInfo: medicalInfoOf(body, known),
      shelterId: shelter === undefined ? undefined : (shelter?.id ?? null),
      intakeDate: body.intake_date,
    },
    ...(status === undefined ? {} : { status: upper(status) }),
  }
}

/** Null stands for UNKNOWN too: said of a pet of which it is so already, it changes nothing. */
const genderOf = ({ gender }: PetPatchBody, known: ClassicPet) => {
  const isUnknown = known.gender === null || known.gender === 'UNKNOWN'
  return gender === null && isUnknown ? undefined : gender && upper(gender)
}

/**
 * A pet with vaccinations is vaccinated, and is so no more when all of them are taken back. An empty
 * list of a pet that had none says nothing: it may be known to be vaccinated, only not against what.
 */
const medicalInfoOf = ({ medical }: PetPatchBody, known: ClassicPet) => {
  if (medical === undefined) return undefined
  const { vaccinations, spayed_neutered: given } = medical
  const isStill = given === undefined || (given === null && known.spayedNeutered === null)
  const spayedNeutered = isStill ? undefined : given
  const vaccinated =
    vaccinations === undefined || (vaccinations.length === 0 && known.vaccinations.length === 0)
      ? undefined
      : vaccinations.length > 0
  if (spayedNeutered === undefined && vaccinated === undefined) return undefined
  return { spayedNeutered, vaccinated }
}
