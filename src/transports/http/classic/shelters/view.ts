// A shelter as the classic profile shows it, and what requests on it share.
import { z } from 'zod'
import type { ShelterView } from '../../../../application.ts'
import type { ShelterProfile } from '../../../../events/shelter.ts'

export const shelterSchema = z
  .strictObject({
    name: z.string(),
    address: z.string().nullable(),
    phone: z.string().nullable(),
    email: z.string().nullable(),
    hours: z.string().nullable(),
    available_pet_count: z.int(),
    adoption_fee_range: z.string().nullable(),
    id: z.int(),
  })
  .meta({ id: 'ClassicShelter' })

export const querystring = z.strictObject({})
export const tags = ['shelters']

type Shown = ShelterProfile & Pick<ShelterView, 'serial' | 'availablePetCount' | 'version'>

export const shownAfter = (
  done: Readonly<{ version: number; state: Readonly<{ profile: ShelterProfile }> }>,
  { serial, availablePetCount }: Pick<Shown, 'serial' | 'availablePetCount'>,
): Shown => ({ ...done.state.profile, version: done.version, serial, availablePetCount })

export const shelterView = (shelter: Shown) => ({
  name: shelter.name,
  address: shelter.address,
  phone: shelter.phone,
  email: shelter.email,
  hours: shelter.hours,
  available_pet_count: shelter.availablePetCount,
  adoption_fee_range: shelter.adoptionFeeRange,
  id: shelter.serial,
})

/** The count of pets moves without the shelter's version, which is what If-Match reads. */
export const shelterTag = ({ version, availablePetCount }: Shown): string =>
  `"v${version}.${availablePetCount}"`
