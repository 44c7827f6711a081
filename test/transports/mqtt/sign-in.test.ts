// A name and a password over MQTT: one sign-in that could not be looked at does not spoil the next, and whoever has no
// token is counted by the network that he comes from.
import t from 'tap'
import { Fault } from '../../../src/core/fault.ts'
import { SHARED_TENANT } from '../../../src/core/ids.ts'
import { sessionKeyOf } from '../../../src/transports/mqtt/connect.ts'
import { createSignIn } from '../../../src/transports/mqtt/sign-in.ts'
import { fixedClock } from '../../support/fixed-clock.ts'

const request = { username: 'ada', password: 'a long password', address: '192.0.2.1' }

t.test('a moment in which too many passwords wait is over with that moment', async (t) => {
  let isBusy = true
  const busy = async (work: string | boolean) => {
    if (isBusy) throw new Fault('overloaded', 'too many passwords are waiting to be checked')
    return work
  }
  let counted = 0
  const signIn = createSignIn({
    verifier: { verify: async () => undefined },
    credentials: { find: async () => undefined, findByUser: async () => undefined },
    passwords: {
      hash: async () => String(await busy('hash')),
      verify: async () => (await busy(false)) === true,
    },
    application: { users: { get: async () => undefined } as never },
    attempts: {
      countAddress: async () => void (counted += 1),
      countName: async () => async () => {},
    },
    clock: fixedClock(),
    passwordSessionMs: 1_000,
    allowAnonymous: true,
  })
  await t.rejects(signIn(request), { code: 'overloaded' })
  t.equal(counted, 1, 'an attempt is counted before any work is done for it')
  isBusy = false
  t.strictSame(await signIn(request), { kind: 'refused' })
})

t.test('anonymous clients of one IPv6 network have one share of the limits', (t) => {
  const keyOf = (address: string) =>
    sessionKeyOf(
      { principal: null, tenantId: SHARED_TENANT },
      { connect: { cmd: 'connect', clientId: 'c' }, address, newId: () => 'made' },
    ).principal
  t.equal(keyOf('2001:db8::1'), keyOf('2001:db8:0:0:f::2'))
  t.not(keyOf('2001:db8::1'), keyOf('2001:db8:0:1::1'))
  t.equal(keyOf('::ffff:192.0.2.1'), keyOf('192.0.2.1'))
  t.end()
})
