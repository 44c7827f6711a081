// The user's rules, one by one.
import t from 'tap'
import { userDecider, type UserCommand } from '../../src/commands/user.ts'
import type { UserEvent } from '../../src/events/user.ts'
import { aUserProfile } from '../support/builders.ts'
import { TEST_TIME } from '../support/fixed-clock.ts'
import { scenarios } from '../support/given-when-then.ts'

const scenario = scenarios(userDecider)
const scopes = ['read:pets', 'write:user']
const profile = aUserProfile()
const register = { type: 'register', profile, scopes, occurredAt: TEST_TIME } as const
const registered = {
  type: 'user.registered',
  data: { profile, scopes },
  occurredAt: TEST_TIME,
} as const

void t.test('a person registers once under an id', async (t) => {
  const { given } = scenario(t)
  given().when(register).then(registered)
  given(registered).when(register).then()
  const other = { ...register, profile: aUserProfile({ username: 'eve' }) }
  given(registered).when(other).thenRejected('user_already_registered')
  given(registered)
    .when({ ...register, scopes: ['admin'] })
    .thenRejected('user_already_registered')
})

const updated = (changes: Partial<typeof profile>): UserEvent => ({
  type: 'user.updated',
  data: { changes },
  occurredAt: TEST_TIME,
})
const update = (changes: Extract<UserCommand, { type: 'update' }>['changes']) =>
  ({ type: 'update', changes, occurredAt: TEST_TIME }) as const
const leave = { type: 'delete', reason: null, occurredAt: TEST_TIME } as const
const left: UserEvent = { type: 'user.deleted', data: { reason: null }, occurredAt: TEST_TIME }

void t.test('of a change only what is really new is recorded', async (t) => {
  const { given } = scenario(t)
  given(registered)
    .when(update({ username: 'ada', email: 'new@example.org', firstName: undefined }))
    .then(updated({ email: 'new@example.org' }))
  given(registered)
    .when(update({ username: 'ada', phone: null }))
    .then()
  given(registered).when(update({})).then()
})

void t.test('each preference is changed for itself, and null takes all away', async (t) => {
  const { given } = scenario(t)
  const both = { newsletter: true, notifications: true }
  const preferences = { newsletter: true, notifications: false }
  given(registered)
    .when(update({ preferences: { newsletter: true } }))
    .then(updated({ preferences }))
  given(registered, updated({ preferences }))
    .when(update({ preferences: { notifications: true } }))
    .then(updated({ preferences: both }))
  given(registered, updated({ preferences })).when(update({ preferences })).then()
  given(registered, updated({ preferences }))
    .when(update({ preferences: null }))
    .then(updated({ preferences: null }))
})

void t.test('who has left is changed no more and does not come back under the id', async (t) => {
  const { given } = scenario(t)
  given(registered).when(leave).then(left)
  given(registered, left).when(leave).then()
  given(registered, left)
    .when(update({ firstName: 'Eve' }))
    .thenRejected('user_deleted')
  given(registered, left).when(register).thenRejected('user_deleted')
  given().when(leave).thenRejected('user_not_found')
  given()
    .when(update({ firstName: 'Eve' }))
    .thenRejected('user_not_found')
})
