// One pet as JSON text in its /v1 shape. Written once, when the pet changes; a list is then put together from texts. A
// pet after a command and a row of the read model give the same bytes, because both come through here.
import { SHARED_TENANT, type TenantId } from '../../core/ids.ts'
import type { PetPhoto, PetProfile } from '../../events/pet.ts'
import type { PresentPet } from '../../events/pet-state.ts'

/** `serial` is known to the read model alone: null for a pet that was rendered from its state. */
export type PetParts = Readonly<{
  body: string
  extras: string
  photos: string
  serial: number | null
}>

export type RenderOptions = Readonly<{ publicUrl: string; extras: boolean }>

// JSON text never has a raw control character, so this cannot be met in a photo's own address.
const BASE = '\u0001'

export const petParts = (
  tenantId: TenantId,
  petId: string,
  pet: PresentPet,
  { extras } = { extras: true },
): PetParts => ({
  body: petBody(tenantId, petId, pet),
  extras: extras ? petExtras(pet) : '{}',
  photos: petPhotos(tenantId, petId, pet.photos),
  serial: null,
})

export const renderPet = (parts: PetParts, options: RenderOptions): string => {
  const photos = parts.photos.includes(BASE)
    ? parts.photos.replaceAll(BASE, JSON.stringify(options.publicUrl).slice(1, -1))
    : parts.photos
  const present = `${parts.body.slice(0, -1)},"photos":${photos}`
  if (!options.extras) return `${present}}`
  const serial = parts.serial === null ? '' : `,"serial":${parts.serial}`
  return `${present},${parts.extras.slice(1, -1)}${serial}}`
}

/** The members of the documented schema but `photos`, in its order; what is not known is left out. */
export const petBody = (tenantId: TenantId, petId: string, pet: PresentPet): string => {
  const { profile, status, createdAt, updatedAt } = pet
  return JSON.stringify({
    id: petId,
    species: profile.species,
    name: profile.name,
    breed: profile.breed ?? undefined,
    ageMonths: profile.ageMonths,
    size: profile.size ?? undefined,
    color: profile.color ?? undefined,
    gender: profile.gender ?? undefined,
    goodWithKids: profile.goodWithKids ?? undefined,
    price: profile.price,
    currency: profile.currency,
    description: profile.description ?? undefined,
    status,
    createdAt,
    updatedAt,
    tenantId: tenantId === SHARED_TENANT ? undefined : tenantId,
    medicalInfo: medicalInfo(profile),
  })
}

/** The extension members. The microchip's number stays inside: it identifies an owner. */
export const petExtras = ({ profile }: PresentPet): string =>
  JSON.stringify({
    vaccinations: profile.vaccinations,
    intakeDate: profile.intakeDate,
    temperament: profile.temperament ?? undefined,
    shelterId: profile.shelterId ?? undefined,
    goodWithDogs: profile.goodWithDogs ?? undefined,
    goodWithCats: profile.goodWithCats ?? undefined,
  })

const medicalInfo = ({ medicalInfo: info }: PetProfile): object | undefined =>
  info === null
    ? undefined
    : {
        spayedNeutered: info.spayedNeutered ?? undefined,
        vaccinated: info.vaccinated ?? undefined,
        microchipped: info.microchipped ?? undefined,
        specialNeeds: info.specialNeeds ?? undefined,
        healthNotes: info.healthNotes ?? undefined,
      }

const petPhotos = (tenantId: TenantId, petId: string, photos: readonly PetPhoto[]): string =>
  `[${photos.map((photo) => photoUrl(tenantId, petId, photo)).join(',')}]`

const photoUrl = (tenantId: TenantId, petId: string, photo: PetPhoto): string => {
  if (photo.kind === 'url') return JSON.stringify(photo.url)
  const tenant = tenantId === SHARED_TENANT ? '' : `?tenant=${tenantId}`
  const path = `/v1/pets/${encodeURIComponent(petId)}/images/${encodeURIComponent(photo.name)}${tenant}`
  return `"${BASE}${path}"`
}
