// A pet as JSON text: the documented members, in a fixed order, the same bytes from a row and from a state.
import t from 'tap'
import type { TenantId } from '../../../src/core/ids.ts'
import { evolvePet, noPet, type PresentPet } from '../../../src/events/pet-state.ts'
import { petParts, renderPet } from '../../../src/projections/pets/resource.ts'
import { admission, petId, sampleProfile, TENANTS } from '../support.ts'

const [SHARED, TENANT_A] = TENANTS as readonly [TenantId, TenantId, TenantId]
const occurredAt = '2026-08-22T10:00:00.000Z'
const publicUrl = 'https://pets.example.org'
const id = petId(1)

const presentPet = (changes: Partial<PresentPet> = {}): PresentPet => {
  const state = evolvePet(noPet, { ...admission(), occurredAt })
  if (state.kind !== 'present') throw new Error('no pet')
  return { ...state, ...changes }
}
const render = (tenantId: TenantId, pet: PresentPet, extras = false): string =>
  renderPet(petParts(tenantId, id, pet), { publicUrl, extras })

t.test('a pet has the documented members in a fixed order and no others', (t) => {
  t.equal(
    render(TENANT_A, presentPet()),
    `{"id":"${id}","species":"CAT","name":"Luna","breed":"Domestic Shorthair","ageMonths":18,"size":"SMALL",` +
      '"color":"Tabby","gender":"FEMALE","goodWithKids":true,"price":"75.00","currency":"USD",' +
      '"description":"A playful tabby who loves sunny windows.","status":"AVAILABLE",' +
      `"createdAt":"${occurredAt}","updatedAt":"${occurredAt}","tenantId":"${TENANT_A}",` +
      '"medicalInfo":{"spayedNeutered":true,"vaccinated":true,"microchipped":true,"specialNeeds":false},"photos":[]}',
  )
  t.end()
})

t.test('what is not known is left out, and the shared pool has no tenantId', (t) => {
  const profile = {
    ...sampleProfile,
    breed: null,
    size: null,
    color: null,
    gender: null,
    goodWithKids: null,
    description: null,
    medicalInfo: null,
    temperament: null,
    shelterId: null,
    goodWithDogs: null,
    goodWithCats: null,
  }
  const pet = presentPet({ profile })
  t.strictSame(Object.keys(JSON.parse(render(SHARED, pet)) as object), [
    'id',
    'species',
    'name',
    'ageMonths',
    'price',
    'currency',
    'status',
    'createdAt',
    'updatedAt',
    'photos',
  ])
  const withExtras = JSON.parse(render(SHARED, pet, true)) as Readonly<Record<string, unknown>>
  t.match(withExtras, { vaccinations: ['fvrcp', 'rabies'], intakeDate: '2026-08-22' })
  t.end()
})

t.test('the extension members come on request, and the microchip number never', (t) => {
  const parts = { ...petParts(SHARED, id, presentPet()), serial: 7 }
  const pet = JSON.parse(renderPet(parts, { publicUrl, extras: true })) as Record<string, unknown>
  t.match(pet, {
    temperament: 'playful, affectionate',
    shelterId: sampleProfile.shelterId,
    goodWithDogs: false,
    goodWithCats: true,
    serial: 7,
  })
  t.notOk(JSON.stringify(pet).includes(String(sampleProfile.microchipId)))
  t.end()
})

t.test('our own photos are addressed below the public URL, others as they were given', (t) => {
  const photos = [
    { kind: 'url', url: 'https://images.example.org/"luna"\u0001.jpg' },
    { kind: 'blob', name: 'a b.jpg', contentType: 'image/jpeg' },
  ] as const
  const urls = (tenantId: TenantId): unknown =>
    (JSON.parse(render(tenantId, presentPet({ photos }))) as { photos: unknown }).photos
  const own = `${publicUrl}/v1/pets/${id}/images/a%20b.jpg`
  t.strictSame(urls(SHARED), [photos[0].url, own])
  t.strictSame(urls(TENANT_A), [photos[0].url, `${own}?tenant=${TENANT_A}`])
  t.end()
})
