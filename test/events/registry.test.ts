// What every declared event owes: a sample, honest marks on personal data, and no secret.
import t from 'tap'
import { petAdmitted } from '../../src/events/pet.ts'
import type { JsonObject } from '../../src/core/json.ts'
import {
  aggregateOf,
  aggregates,
  definitionOf,
  definitions,
  publicDataOf,
  subjectOf,
} from '../../src/events/registry.ts'
import { fieldsOf } from '../support/event-catalogue.ts'

const SECRET = /password|secret|token|cvc|cardnumber/i

const isAt = (value: unknown, [head, ...rest]: readonly string[]): boolean =>
  head === undefined ||
  (typeof value === 'object' && value !== null && head in value && isAt(Object(value)[head], rest))

const sampleOf = (type: string): JsonObject => {
  const definition = definitionOf(type)
  if (definition === undefined) throw new Error(`no event ${type}`)
  return definition.sample as JsonObject
}

void t.test(
  'types, categories and collections are unique and named in the usual form',
  async (t) => {
    t.equal(new Set(definitions.map(({ type }) => type)).size, definitions.length)
    t.equal(new Set(aggregates.map(({ category }) => category)).size, aggregates.length)
    t.equal(new Set(aggregates.map(({ collection }) => collection)).size, aggregates.length)
    for (const { type } of definitions) t.match(type, /^[a-z]+\.[a-z]+(_[a-z]+)*$/)
    for (const { category } of aggregates) t.equal(aggregateOf(category)?.category, category)
    for (const definition of definitions) t.equal(definitionOf(definition.type), definition)
  },
)

for (const definition of definitions) {
  const { type, schema, sample, personal, hiddenFromPublic, visibleToPublic } = definition
  void t.test(`${type} is declared in full`, async (t) => {
    t.ok(schema.safeParse(sample).success, 'its sample fits its schema')
    t.match(definition.summary, /^[A-Z].*\.$/, 'its summary is a sentence')
    for (const path of [...personal, ...hiddenFromPublic]) {
      t.ok(isAt(sample, path.split('.')), `${path} is in the sample`)
    }
    if (typeof visibleToPublic !== 'string') {
      for (const field of visibleToPublic) t.ok(isAt(sample, [field]), `${field} is in the sample`)
    }
  })

  void t.test(`${type} shows the public no personal data`, async (t) => {
    const seen = publicDataOf({ type, data: sample as JsonObject })
    const shown = personal.filter((path) => isAt(seen, path.split('.')))
    t.strictSame(shown, [])
  })

  void t.test(`${type} has no field for a secret`, async (t) => {
    const fields = fieldsOf(definition)
    t.ok(fields.length > 0)
    t.strictSame(
      fields.filter(({ path }) => SECRET.test(path)),
      [],
    )
  })
}

void t.test('a field for a secret would be found, however deep', async (t) => {
  t.ok(SECRET.test('payment.source.cardNumber'))
  t.ok(fieldsOf(petAdmitted).some(({ path }) => path === 'profile.medicalInfo.healthNotes'))
})

void t.test('a subject is the collection and the id', async (t) => {
  t.equal(subjectOf({ category: 'pet', streamId: 'p-1' }), 'pets/p-1')
  t.equal(subjectOf({ category: 'shelter', streamId: 's-1' }), 'shelters/s-1')
  t.throws(() => subjectOf({ category: 'unicorn', streamId: '1' }), { code: 'unknown_event' })
})

void t.test(
  'the public sees a pet, but neither its microchip nor where it came from',
  async (t) => {
    const data = sampleOf('pet.admitted')
    const seen = publicDataOf({ type: 'pet.admitted', data })
    t.match(seen, { profile: { name: 'Luna', price: '75.00' }, status: 'AVAILABLE', photos: [] })
    t.notOk(isAt(seen, ['profile', 'microchipId']))
    t.notOk(isAt(seen, ['intake']))
    t.ok(isAt(data, ['profile', 'microchipId']), 'the event itself is untouched')
    const updated = publicDataOf({ type: 'pet.updated', data: sampleOf('pet.updated') })
    t.strictSame(updated, { changes: { name: 'Luna Belle', ageMonths: 19, goodWithDogs: null } })
  },
)

void t.test('the public sees that a status changed, but not why or for whom', async (t) => {
  t.strictSame(publicDataOf({ type: 'pet.adopted', data: sampleOf('pet.adopted') }), {
    previousStatus: 'PENDING',
    status: 'ADOPTED',
    date: '2026-09-01',
  })
})

void t.test('what is public as a whole is handed on as it is', async (t) => {
  const data = sampleOf('shelter.registered')
  t.equal(publicDataOf({ type: 'shelter.registered', data }), data)
})

void t.test('the public learns nothing of users and of unknown events', async (t) => {
  t.equal(publicDataOf({ type: 'user.registered', data: sampleOf('user.registered') }), undefined)
  t.equal(publicDataOf({ type: 'unicorn.seen', data: {} }), undefined)
})
