// The shelter's rules, one by one.
import t from 'tap'
import { shelterDecider } from '../../src/commands/shelter.ts'
import type { ShelterEvent } from '../../src/events/shelter.ts'
import { aShelterProfile } from '../support/builders.ts'
import { TEST_TIME } from '../support/fixed-clock.ts'
import { scenarios } from '../support/given-when-then.ts'

const scenario = scenarios(shelterDecider)
const occurredAt = TEST_TIME
const profile = aShelterProfile()
const registered: ShelterEvent = { type: 'shelter.registered', data: { profile }, occurredAt }
const register = { type: 'register', profile, occurredAt } as const
const update = (changes: Parameters<typeof aShelterProfile>[0] = {}) =>
  ({ type: 'update', changes, occurredAt }) as const
const remove = (petsInCare: number) =>
  ({ type: 'remove', reason: 'closed for good', petsInCare, occurredAt }) as const
const removed: ShelterEvent = {
  type: 'shelter.removed',
  data: { reason: 'closed for good' },
  occurredAt,
}

void t.test('a shelter is registered once', async (t) => {
  const { given } = scenario(t)
  given().when(register).then(registered)
  given(registered).when(register).then()
  const other = { ...register, profile: aShelterProfile({ name: 'Riverside Rescue' }) }
  given(registered).when(other).thenRejected('shelter_already_registered')
})

void t.test('an update records the fields that differ, and only those', async (t) => {
  const { given } = scenario(t)
  const updated = (changes: Partial<typeof profile>): ShelterEvent => {
    return { type: 'shelter.updated', data: { changes }, occurredAt }
  }
  given(registered)
    .when(update({ hours: 'daily', name: profile.name, phone: null }))
    .then(updated({ hours: 'daily', phone: null }))
  given(registered)
    .when(update({ name: profile.name }))
    .then()
  given(registered, updated({ hours: 'daily' }))
    .when(update({ hours: 'daily' }))
    .then()
})

void t.test('a shelter that was never registered is not updated', async (t) => {
  scenario(t)
    .given()
    .when(update({ hours: 'daily' }))
    .thenRejected('shelter_not_found')
})

void t.test('a shelter is removed when no pet is in its care, and not before', async (t) => {
  const { given } = scenario(t)
  given(registered).when(remove(1)).thenRejected('shelter_has_pets')
  given(registered).when(remove(0)).then(removed)
  given(registered, removed).when(remove(0)).then()
  given().when(remove(0)).thenRejected('shelter_not_found')
})

void t.test('nothing is done with a removed shelter, and it keeps what it was', async (t) => {
  const { given } = scenario(t)
  given(registered, removed).when(register).thenRejected('shelter_not_found')
  given(registered, removed)
    .when(update({ hours: 'daily' }))
    .thenRejected('shelter_not_found')
  const { evolve, initialState } = shelterDecider
  const before = evolve(initialState, registered)
  const after = evolve(before, removed)
  t.strictSame(after, { kind: 'removed', last: before, removedAt: occurredAt })
  t.equal(evolve(after, registered), after, 'whatever else its stream may say')
})
