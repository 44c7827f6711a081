// Ordinary pets, shelters, users and contexts; a test names only what matters to it.
import type { CommandContext } from '../../src/core/command.ts'
import type { StoredEvent } from '../../src/core/event.ts'
import { SHARED_TENANT } from '../../src/core/ids.ts'
import type { PetIntake } from '../../src/events/pet-state.ts'
import type { PetEvent, PetPhoto, PetProfile } from '../../src/events/pet.ts'
import type { ShelterProfile } from '../../src/events/shelter.ts'
import type { UserProfile } from '../../src/events/user.ts'
import { TEST_TIME } from './fixed-clock.ts'

export const aPetProfile = (some: Partial<PetProfile> = {}): PetProfile => ({
  name: 'Luna',
  species: 'CAT',
  breed: 'Domestic Shorthair',
  ageMonths: 18,
  size: 'SMALL',
  color: 'Tabby',
  gender: 'FEMALE',
  goodWithKids: true,
  goodWithDogs: false,
  goodWithCats: null,
  price: '75.00',
  currency: 'USD',
  description: null,
  temperament: 'playful',
  medicalInfo: null,
  vaccinations: ['rabies'],
  microchipId: null,
  shelterId: null,
  intakeDate: '2026-08-20',
  ...some,
})

export const anIntake = (some: Partial<PetIntake> = {}): PetIntake => ({
  kind: 'STRAY',
  date: '2026-08-20',
  source: null,
  condition: 'healthy',
  ...some,
})

export const aPhoto = (number = 1): PetPhoto => ({
  kind: 'url',
  url: `https://images.example.org/${String(number)}.jpg`,
})

export const aPetAdmitted = (
  some: Partial<Extract<PetEvent, { type: 'pet.admitted' }>['data']> = {},
  occurredAt: string = TEST_TIME,
): Extract<PetEvent, { type: 'pet.admitted' }> => ({
  type: 'pet.admitted',
  data: { profile: aPetProfile(), status: 'AVAILABLE', intake: anIntake(), photos: [], ...some },
  occurredAt,
})

export const aShelterProfile = (some: Partial<ShelterProfile> = {}): ShelterProfile => ({
  name: 'Harbour Street Shelter',
  address: '12 Harbour Street, Portland, ME 04101',
  phone: '+1-207-555-0142',
  email: null,
  hours: 'Tue-Sun 10:00-18:00',
  adoptionFeeRange: '75-200',
  ...some,
})

export const aUserProfile = (some: Partial<UserProfile> = {}): UserProfile => ({
  username: 'ada',
  email: 'ada@example.org',
  firstName: 'Ada',
  lastName: 'Byron',
  phone: null,
  preferences: null,
  ...some,
})

export const aContext = (some: Partial<CommandContext> = {}): CommandContext => ({
  tenantId: SHARED_TENANT,
  actor: { kind: 'user', id: '0199f3a0-7c1e-7a01-8000-0000000000c1' },
  correlationId: 'request-1',
  ...some,
})

export const aStoredEvent = (
  some: Pick<StoredEvent, 'type' | 'schemaVersion' | 'data'> & Partial<StoredEvent>,
): StoredEvent => ({
  position: 1,
  tenantId: SHARED_TENANT,
  category: some.type.split('.')[0] ?? '',
  streamId: '0199f3a0-7c1e-7a01-8000-0000000000d1',
  version: 1,
  eventId: '0199f3a0-7c1e-7a01-8000-0000000000e1',
  metadata: { actor: aContext().actor, correlationId: 'request-1', causationId: null },
  occurredAt: TEST_TIME,
  recordedAt: TEST_TIME,
  ...some,
})
