// What a revision says of a pet's profile. Absent keeps, null clears; medicalInfo is an object of its
// own, and each of its members is taken for itself.
import type { PetProfile } from '../events/pet.ts'
import { type Partially, withFields } from './changes.ts'
import { normaliseMoney } from './money.ts'

type MedicalInfo = NonNullable<PetProfile['medicalInfo']>

export type PetChanges = Partially<Omit<PetProfile, 'medicalInfo'>> &
  Readonly<{ medicalInfo?: Partially<MedicalInfo> | null | undefined }>

const NOTHING_KNOWN: MedicalInfo = {
  spayedNeutered: null,
  vaccinated: null,
  microchipped: null,
  specialNeeds: null,
  healthNotes: null,
}

/** The fields that are named, as the profile is to have them. */
export const wantedFields = (
  current: PetProfile,
  { price, medicalInfo, ...rest }: PetChanges,
): Partially<PetProfile> => ({
  ...rest,
  price: price === undefined ? undefined : normaliseMoney(price),
  medicalInfo: medicalInfo
    ? withFields(current.medicalInfo ?? NOTHING_KNOWN, medicalInfo)
    : medicalInfo,
})
