// The state that events are folded on, as a row keeps it: what the served texts say is not said twice, so that what
// is left is small enough to stand beside them. Whatever goes out by `storedTexts` comes back by `stateOf`.
import type { TenantId } from '../../core/ids.ts'
import type { PetProfile } from '../../events/pet.ts'
import type { PetState, PresentPet } from '../../events/pet-state.ts'
import { type PetParts, petParts } from './resource.ts'

export type StoredTexts = Omit<PetParts, 'serial'> & Readonly<{ rest: string }>

/** What no served text says. */
type Rest = Readonly<
  Pick<PresentPet, 'reservedFor' | 'inCare' | 'outcome' | 'intake' | 'photos'> &
    Pick<PetProfile, 'microchipId'> & {
      removedAt: string | null
      fulfilled?: PresentPet['fulfilled'] | undefined // undefined: never adopted
    }
>

type Body = Nullable<Omit<PetProfile, 'medicalInfo'>> &
  Pick<PresentPet, 'status' | 'createdAt' | 'updatedAt'> & { medicalInfo?: Medical }
type Medical = Nullable<NonNullable<PetProfile['medicalInfo']>>
/** Null is left out of a served text. */
type Nullable<T> = {
  readonly [Field in keyof T as null extends T[Field] ? never : Field]: T[Field]
} & { readonly [Field in keyof T as null extends T[Field] ? Field : never]?: NonNullable<T[Field]> }

export const storedTexts = (
  tenantId: TenantId,
  petId: string,
  { pet, removedAt }: Readonly<{ pet: PresentPet; removedAt: string | null }>,
): StoredTexts => {
  const { reservedFor, inCare, outcome, intake, photos } = pet
  const { microchipId } = pet.profile
  const fulfilled = pet.fulfilled.length === 0 ? undefined : pet.fulfilled
  const state = { reservedFor, fulfilled, inCare, outcome, intake, photos }
  const rest: Rest = { ...state, microchipId, removedAt }
  return { rest: JSON.stringify(rest), ...petParts(tenantId, petId, pet) }
}

export const stateOf = (texts: Pick<StoredTexts, 'body' | 'extras' | 'rest'>): PetState => {
  const body = { ...JSON.parse(texts.body), ...JSON.parse(texts.extras) } as Body
  const { microchipId, removedAt, fulfilled = [], ...rest } = JSON.parse(texts.rest) as Rest
  const { status, createdAt, updatedAt } = body
  const profile = profileOf(body, microchipId)
  const common = { kind: 'present', profile, status, createdAt, updatedAt, fulfilled } as const
  const pet: PresentPet = { ...common, ...rest }
  return removedAt === null ? pet : { kind: 'removed', last: pet, removedAt }
}

const profileOf = (body: Body, microchipId: string | null): PetProfile => ({
  name: body.name,
  species: body.species,
  breed: body.breed ?? null,
  ageMonths: body.ageMonths,
  size: body.size ?? null,
  color: body.color ?? null,
  gender: body.gender ?? null,
  goodWithKids: body.goodWithKids ?? null,
  goodWithDogs: body.goodWithDogs ?? null,
  goodWithCats: body.goodWithCats ?? null,
  price: body.price,
  currency: body.currency,
  description: body.description ?? null,
  temperament: body.temperament ?? null,
  medicalInfo: body.medicalInfo === undefined ? null : medicalInfoOf(body.medicalInfo),
  vaccinations: body.vaccinations,
  microchipId,
  shelterId: body.shelterId ?? null,
  intakeDate: body.intakeDate,
})

const medicalInfoOf = (info: Medical): NonNullable<PetProfile['medicalInfo']> => ({
  spayedNeutered: info.spayedNeutered ?? null,
  vaccinated: info.vaccinated ?? null,
  microchipped: info.microchipped ?? null,
  specialNeeds: info.specialNeeds ?? null,
  healthNotes: info.healthNotes ?? null,
})
