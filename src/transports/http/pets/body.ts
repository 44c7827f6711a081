// Bodies of writes on a pet. Closed: an unknown member is an error that names it. Members that only we set (id,
// timestamps, tenantId, links) are let through and ignored, so that what was read can be sent back.
import { z } from 'zod'
import type { RevisePet } from '../../../application.ts'
import type { PetIntake } from '../../../events/pet-state.ts'
import type { PetPhoto, PetProfile } from '../../../events/pet.ts'
import { uuidSchema } from '../../../core/ids.ts'
import {
  currencyField,
  dayField,
  feeField,
  GENDERS,
  ignored,
  isStorable,
  MAX_AGE_MONTHS,
  moneyField,
  ofAnyObject,
  optionalText,
  SIZES,
  SPECIES,
  STATUSES,
  text,
  toMoney,
} from '../fields.ts'

const MAX_PHOTOS = 20
const MAX_VACCINATIONS = 50
const MAX_URL_LENGTH = 2_048
export const INTAKE_KINDS = [
  'STRAY',
  'OWNER_SURRENDER',
  'TRANSFER_IN',
  'RETURN',
  'SEIZED',
  'BORN_IN_CARE',
  'OTHER',
] as const satisfies readonly PetIntake['kind'][]

const optionalFlag = z.boolean().nullish()
const readOnly = {
  id: ignored,
  serial: ignored,
  tenantId: ignored,
  createdAt: ignored,
  updatedAt: ignored,
  links: ignored,
}

export const photoUrl = z
  .string()
  .max(MAX_URL_LENGTH)
  .refine((url) => isWebUrl(url), {
    error: 'Must be an http or https URL',
    params: { code: 'INVALID_FORMAT' },
  })

const isWebUrl = (url: string): boolean =>
  /^https?:\/\/\S+$/i.test(url) && isStorable(url) && URL.canParse(url)

const medicalInfo = z.strictObject({
  spayedNeutered: optionalFlag,
  vaccinated: optionalFlag,
  microchipped: optionalFlag,
  specialNeeds: optionalFlag,
  healthNotes: optionalText(5_000),
})

const optionalFields = {
  breed: optionalText(100),
  size: z.enum(SIZES).nullish(),
  color: optionalText(100),
  gender: z.enum(GENDERS).nullish(),
  goodWithKids: optionalFlag,
  goodWithDogs: optionalFlag,
  goodWithCats: optionalFlag,
  description: optionalText(5_000),
  temperament: optionalText(500),
  medicalInfo: medicalInfo.nullish(),
  vaccinations: z.array(text(100)).max(MAX_VACCINATIONS).nullish(),
  microchipId: optionalText(50),
  shelterId: uuidSchema.nullish(),
  intakeDate: dayField.optional(),
  photos: z.array(photoUrl).max(MAX_PHOTOS).nullish(),
  status: z.enum(STATUSES).optional(),
}

const requiredFields = {
  name: text(50),
  ageMonths: z.int().min(0).max(MAX_AGE_MONTHS),
  species: z.enum(SPECIES),
}

const priceFields = {
  price: moneyField.optional(),
  adoptionFee: feeField.optional(), // an alias of price, as a number
  currency: currencyField.optional(),
}

type Priced = Readonly<{ price?: unknown; adoptionFee?: unknown }>
const isPriced = ({ price, adoptionFee }: Priced): boolean =>
  price !== undefined || adoptionFee !== undefined
const pricesAgree = ({ price, adoptionFee }: Priced): boolean =>
  typeof price !== 'string' || typeof adoptionFee !== 'number' || price === toMoney(adoptionFee)

const priceRequired = {
  path: ['price'],
  error: 'Is required',
  params: { code: 'REQUIRED' },
  when: ofAnyObject,
}
const agreement = {
  path: ['adoptionFee'],
  error: 'Must be the same amount as price, or be left out',
  params: { code: 'INVALID_VALUE' },
}

const intakeField = z.strictObject({
  kind: z.enum(INTAKE_KINDS).optional(),
  date: dayField.optional(),
  source: optionalText(200),
  condition: optionalText(200),
})

export const petCreateBody = z
  .strictObject({
    ...requiredFields,
    ...priceFields,
    ...optionalFields,
    intake: intakeField.optional(),
    ...readOnly,
  })
  .refine(isPriced, priceRequired)
  .refine(pricesAgree, agreement)
  .refine(
    ({ status }) => status === undefined || status === 'AVAILABLE' || status === 'NOT_AVAILABLE',
    {
      path: ['status'],
      error: 'A new pet is AVAILABLE or NOT_AVAILABLE',
      params: { code: 'INVALID_VALUE' },
    },
  )
export type PetCreateBody = z.output<typeof petCreateBody>

export const petReplaceBody = z
  .strictObject({
    ...requiredFields,
    ...priceFields,
    ...optionalFields,
    reason: optionalText(500),
    ...readOnly,
  })
  .refine(isPriced, priceRequired)
  .refine(pricesAgree, agreement)
export type PetReplaceBody = z.output<typeof petReplaceBody>

export const petPatchBody = z
  .strictObject({
    ...z.object(requiredFields).partial().shape,
    ...priceFields,
    ...optionalFields,
    reason: optionalText(500),
    ...readOnly,
  })
  .refine(pricesAgree, agreement)
export type PetPatchBody = z.output<typeof petPatchBody>

const priceOf = (
  body: Readonly<{ price?: string | undefined; adoptionFee?: number | undefined }>,
) => body.price ?? (body.adoptionFee === undefined ? undefined : toMoney(body.adoptionFee))

const medicalOf = (given: z.output<typeof medicalInfo> | null | undefined) =>
  given === null || given === undefined
    ? null
    : {
        spayedNeutered: given.spayedNeutered ?? null,
        vaccinated: given.vaccinated ?? null,
        microchipped: given.microchipped ?? null,
        specialNeeds: given.specialNeeds ?? null,
        healthNotes: given.healthNotes ?? null,
      }

/** Everything of the profile; what is absent becomes unknown. */
export const fullProfile = (
  body: PetReplaceBody | PetCreateBody,
): Omit<PetProfile, 'intakeDate'> => ({
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
  price: priceOf(body) ?? '0.00',
  currency: body.currency ?? 'USD',
  description: body.description ?? null,
  temperament: body.temperament ?? null,
  medicalInfo: medicalOf(body.medicalInfo),
  vaccinations: body.vaccinations ?? [],
  microchipId: body.microchipId ?? null,
  shelterId: body.shelterId ?? null,
})

/** What the patch names. */
export const changedProfile = (body: PetPatchBody): RevisePet['changes'] => {
  const { name, species, breed, ageMonths, size, color, gender } = body
  const { goodWithKids, goodWithDogs, goodWithCats, currency, description } = body
  const { temperament, medicalInfo, vaccinations, microchipId, shelterId, intakeDate } = body
  return {
    ...{ name, species, breed, ageMonths, size, color, gender },
    ...{ goodWithKids, goodWithDogs, goodWithCats, currency, description },
    ...{ temperament, medicalInfo, microchipId, shelterId, intakeDate },
    price: priceOf(body),
    vaccinations: medicalInfo?.vaccinated === false ? (vaccinations ?? []) : listOf(vaccinations),
  }
}

const listOf = (vaccinations: string[] | null | undefined): string[] | undefined =>
  vaccinations === null ? [] : vaccinations

/**
 * Of a PUT: who only knows whether a pet is vaccinated keeps the list of what against; of a pet that
 * is not, or of which nothing is said, there is none.
 */
export const replacedVaccinations = (body: PetReplaceBody): string[] | undefined =>
  body.medicalInfo?.vaccinated === true ? listOf(body.vaccinations) : (body.vaccinations ?? [])

export const intakeOf = (body: PetCreateBody, today: string): PetIntake => ({
  kind: body.intake?.kind ?? 'OTHER',
  date: body.intake?.date ?? body.intakeDate ?? today,
  source: body.intake?.source ?? null,
  condition: body.intake?.condition ?? null,
})

const BLOB_PATH = /\/v1\/pets\/([0-9a-f-]{36})\/images\/([0-9a-f]{64}\.(jpg|png|webp))(\?.*)?$/
const CONTENT_TYPES = { jpg: 'image/jpeg', png: 'image/png', webp: 'image/webp' } as const

/**
 * A photo's URL as the pet has it: ours, when it is one that we gave out for this pet; otherwise one
 * hosted elsewhere.
 */
export const photoOf = (url: string, publicUrl: string, petId: string | null): PetPhoto => {
  const match = url.startsWith(publicUrl) ? BLOB_PATH.exec(url) : null
  const [, owner, name, extension] = match ?? []
  if (petId === null || owner !== petId || name === undefined) return { kind: 'url', url }
  const kind = extension === 'png' || extension === 'webp' ? extension : 'jpg'
  return { kind: 'blob', name, contentType: CONTENT_TYPES[kind] }
}

export const OUTCOME_KINDS = [
  'RETURNED_TO_OWNER',
  'TRANSFER_OUT',
  'RETURNED_TO_FIELD',
  'DIED_IN_CARE',
  'EUTHANASIA',
  'LOST_IN_CARE',
  'OTHER',
] as const

export const outcomeBody = z.strictObject({
  kind: z.enum(OUTCOME_KINDS),
  date: dayField.optional(),
  destination: optionalText(200),
  reason: optionalText(500),
})

export const returnBody = z.strictObject({
  status: z.enum(['AVAILABLE', 'NOT_AVAILABLE']).default('AVAILABLE'),
  date: dayField.optional(),
  source: optionalText(200),
  condition: optionalText(200),
  reason: optionalText(500),
})
