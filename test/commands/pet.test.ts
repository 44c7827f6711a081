// The pet's record, rule by rule: intake, revision, photos and removal.
import t from 'tap'
import { MAX_PHOTOS, petDecider } from '../../src/commands/pet.ts'
import type { PetEvent, PetPhoto, PetProfile } from '../../src/events/pet.ts'
import { anIntake, aPetAdmitted, aPetProfile, aPhoto } from '../support/builders.ts'
import { scenarios } from '../support/given-when-then.ts'
import {
  occurredAt,
  admitted,
  changed,
  reserved,
  adopted,
  removed,
  admit,
  adopt,
  recordOutcome,
  giveBack,
  revise,
  reserve,
  release,
  remove,
} from './pet-histories.ts'

const scenario = scenarios(petDecider)

type MedicalInfo = NonNullable<PetProfile['medicalInfo']>
const aMedicalInfo = (some: Partial<MedicalInfo> = {}): MedicalInfo => ({
  spayedNeutered: null,
  vaccinated: null,
  microchipped: null,
  specialNeeds: null,
  healthNotes: null,
  ...some,
})

void t.test('intake', async (t) => {
  void t.test('admits a pet', async (t) => {
    const { given } = scenario(t)
    given().when(admit).then(admitted)
  })
  void t.test('records money with two decimal places', async (t) => {
    const { given } = scenario(t)
    for (const [price, recorded] of [
      ['400', '400.00'],
      ['75.5', '75.50'],
      ['007.25', '7.25'],
      ['0', '0.00'],
    ] as const) {
      const profile = aPetProfile({ price: recorded })
      given()
        .when({ ...admit, profile: aPetProfile({ price }) })
        .then(aPetAdmitted({ profile }))
    }
  })
  void t.test(
    'the same intake again is already so, another one under the id is refused',
    async (t) => {
      const { given } = scenario(t)
      given(admitted).when(admit).then()
      given(admitted)
        .when({ ...admit, profile: aPetProfile({ price: '75' }) })
        .then()
      const other = { ...admit, profile: aPetProfile({ name: 'Max' }) }
      given(admitted).when(other).thenRejected('pet_already_admitted')
      given(admitted)
        .when({ ...admit, status: 'NOT_AVAILABLE' })
        .thenRejected('pet_already_admitted')
    },
  )
  void t.test('the same photo twice is one', async (t) => {
    const { given } = scenario(t)
    const photos = [aPhoto(1), aPhoto(2), aPhoto(1)]
    given()
      .when({ ...admit, photos })
      .then(aPetAdmitted({ photos: [aPhoto(1), aPhoto(2)] }))
  })
  void t.test('takes today anywhere on earth for its date, but no later day', async (t) => {
    const { given } = scenario(t)
    const tomorrow = anIntake({ date: '2026-08-23' })
    given()
      .when({ ...admit, intake: tomorrow })
      .then(aPetAdmitted({ intake: tomorrow }))
    const intake = anIntake({ date: '2026-08-24' })
    given()
      .when({ ...admit, intake })
      .thenRejected('date_in_future', 'intake.date')
    const profile = aPetProfile({ intakeDate: '2026-08-24' })
    given()
      .when({ ...admit, profile })
      .thenRejected('date_in_future', 'intakeDate')
  })
  void t.test('refuses more photos than a pet may have', async (t) => {
    const { given } = scenario(t)
    const photos = Array.from({ length: MAX_PHOTOS + 1 }, (_, n) => aPhoto(n))
    given()
      .when({ ...admit, photos })
      .thenRejected('photo_limit_reached', 'photos')
  })
})

const updated = (changes: Extract<PetEvent, { type: 'pet.updated' }>['data']['changes']) =>
  ({ type: 'pet.updated', data: { changes }, occurredAt }) as const

void t.test('revision', async (t) => {
  void t.test('records the fields that differ, and only those', async (t) => {
    const { given } = scenario(t)
    const changes = { name: 'Luna', ageMonths: 19, breed: null, color: undefined, price: '80' }
    given(admitted)
      .when({ ...revise, changes })
      .then(updated({ ageMonths: 19, breed: null, price: '80.00' }))
  })
  void t.test('what is already so is not recorded again', async (t) => {
    const { given } = scenario(t)
    given(admitted).when(revise).then()
    given(admitted)
      .when({ ...revise, changes: { price: '75', vaccinations: ['rabies'] }, status: 'AVAILABLE' })
      .then()
    const medicalInfo = aMedicalInfo({ spayedNeutered: true })
    given(admitted, updated({ medicalInfo }))
      .when({ ...revise, changes: { medicalInfo: { ...medicalInfo } } })
      .then()
  })
  void t.test('changes profile, status and photos together', async (t) => {
    const { given } = scenario(t)
    given(admitted)
      .when({
        ...revise,
        changes: { name: 'Max' },
        status: 'NOT_AVAILABLE',
        reason: 'medical hold',
        photos: [aPhoto(1), aPhoto(1)],
      })
      .then(
        updated({ name: 'Max' }),
        changed('AVAILABLE', 'NOT_AVAILABLE', { reason: 'medical hold' }),
        { type: 'pet.photo_added', data: { photo: aPhoto(1), description: null }, occurredAt },
      )
  })
  void t.test('is refused whole when its status is', async (t) => {
    const { given } = scenario(t)
    given(admitted)
      .when({ ...revise, changes: { name: 'Max' }, status: 'ADOPTED' })
      .thenRejected('invalid_status_transition', 'status')
  })
  void t.test('keeps a status that it names again, whatever it is', async (t) => {
    const { given } = scenario(t)
    given(admitted, reserved)
      .when({ ...revise, status: 'PENDING' })
      .then()
    given(admitted, reserved, adopted)
      .when({ ...revise, status: 'ADOPTED' })
      .then()
  })
  void t.test('refuses an intake date in the future', async (t) => {
    const { given } = scenario(t)
    given(admitted)
      .when({ ...revise, changes: { intakeDate: '2026-08-24' } })
      .thenRejected('date_in_future', 'intakeDate')
  })
})

void t.test('revision of medicalInfo', async (t) => {
  void t.test('takes each member of medicalInfo for itself', async (t) => {
    const { given } = scenario(t)
    const nothing = aMedicalInfo()
    const fine = { vaccinated: true, healthNotes: 'fine' }
    given(admitted)
      .when({ ...revise, changes: { medicalInfo: fine } })
      .then(updated({ medicalInfo: aMedicalInfo(fine) }))
    const known = updated({ medicalInfo: aMedicalInfo(fine) })
    given(admitted, known)
      .when({ ...revise, changes: { medicalInfo: { microchipped: true, healthNotes: null } } })
      .then(updated({ medicalInfo: aMedicalInfo({ vaccinated: true, microchipped: true }) }))
    given(admitted, known)
      .when({ ...revise, changes: { medicalInfo: { vaccinated: true, microchipped: undefined } } })
      .then()
    given(admitted, known)
      .when({ ...revise, changes: { medicalInfo: undefined } })
      .then()
    given(admitted, known)
      .when({ ...revise, changes: { medicalInfo: nothing } })
      .then(updated({ medicalInfo: nothing }))
  })
  void t.test('clears medicalInfo with null, and begins it anew with an empty one', async (t) => {
    const { given } = scenario(t)
    given(admitted, updated({ medicalInfo: aMedicalInfo({ vaccinated: true }) }))
      .when({ ...revise, changes: { medicalInfo: null } })
      .then(updated({ medicalInfo: null }))
    given(admitted)
      .when({ ...revise, changes: { medicalInfo: null } })
      .then()
    given(admitted)
      .when({ ...revise, changes: { medicalInfo: {} } })
      .then(updated({ medicalInfo: aMedicalInfo() }))
  })
})

void t.test('photos', async (t) => {
  const add = (photo: PetPhoto) =>
    ({ type: 'add_photo', photo, description: 'in the sun', occurredAt }) as const
  const blob: PetPhoto = { kind: 'blob', name: 'ab12.png', contentType: 'image/png' }

  void t.test('a photo is added once', async (t) => {
    const { given } = scenario(t)
    const data = { photo: blob, description: 'in the sun' }
    given(admitted).when(add(blob)).then({ type: 'pet.photo_added', data, occurredAt })
    given(aPetAdmitted({ photos: [blob] }))
      .when(add(blob))
      .then()
  })
  void t.test('a pet has at most fifty', async (t) => {
    const { given } = scenario(t)
    t.equal(MAX_PHOTOS, 50)
    const photos = Array.from({ length: MAX_PHOTOS }, (_, n) => aPhoto(n))
    const full = aPetAdmitted({ photos })
    given(full).when(add(blob)).thenRejected('photo_limit_reached', 'photos')
    given(full)
      .when(add(aPhoto(0)))
      .then()
    given(full)
      .when({ ...revise, photos: [blob] })
      .thenRejected('photo_limit_reached', 'photos')
    const almost = aPetAdmitted({ photos: photos.slice(1) })
    given(almost)
      .when({ ...revise, photos: [blob, aPhoto(99)] })
      .thenRejected('photo_limit_reached')
  })
})

void t.test('removal', async (t) => {
  void t.test('removes a pet, once', async (t) => {
    const { given } = scenario(t)
    const data = { previousStatus: 'AVAILABLE', reason: 'entered twice' } as const
    given(admitted).when(remove).then({ type: 'pet.removed', data, occurredAt })
    given(admitted, removed).when(remove).then()
  })
  void t.test('waits until a reservation is released', async (t) => {
    const { given } = scenario(t)
    given(admitted, reserved).when(remove).thenRejected('pet_reserved')
  })
  void t.test('nothing can be done with a removed pet, or with none', async (t) => {
    const { given } = scenario(t)
    for (const command of [revise, reserve, release, adopt, recordOutcome, giveBack, admit]) {
      given(admitted, removed).when(command).thenRejected('pet_removed')
      if (command.type !== 'admit') given().when(command).thenRejected('pet_not_found')
    }
    given().when(remove).thenRejected('pet_not_found')
  })
})
