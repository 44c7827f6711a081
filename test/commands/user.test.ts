// The user's rules, one by one.
import t from 'tap'
import { userDecider } from '../../src/commands/user.ts'
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
