// Real argon2id hashes: their form, and the limits that keep logins from taking the machine.
import t from 'tap'
import { createPasswordHasher } from '../../../src/adapters/argon2/password-hasher.ts'

t.test('a hash is argon2id with the stated cost and a salt of its own', async (t) => {
  const passwords = createPasswordHasher()
  const [one, two] = await Promise.all([
    passwords.hash('correct horse'),
    passwords.hash('correct horse'),
  ])
  t.match(one, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  t.not(one, two)
})

t.test('only the right password passes', async (t) => {
  const passwords = createPasswordHasher()
  const encoded = await passwords.hash('correct horse')
  t.equal(await passwords.verify(encoded, 'correct horse'), true)
  t.equal(await passwords.verify(encoded, 'Correct horse'), false)
  t.equal(await passwords.verify(encoded, ''), false)
})

t.test('a password typed on a keyboard that composes characters otherwise passes', async (t) => {
  const passwords = createPasswordHasher()
  t.equal(
    await passwords.verify(await passwords.hash('caf\u00e9 8 pass'), 'cafe\u0301 8 pass'),
    true,
  )
})

t.test('a hash made elsewhere passes', async (t) => {
  const passwords = createPasswordHasher()
  const encoded =
    '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'
  t.equal(await passwords.verify(encoded, 'password'), true)
})

t.test(
  'beyond the named queue a hash is refused as overloaded, and the queue drains',
  async (t) => {
    const passwords = createPasswordHasher({ maxRunning: 1, maxWaiting: 2 })
    const outcomes = await Promise.allSettled(
      Array.from({ length: 6 }, () => passwords.hash('correct horse')),
    )
    t.strictSame(
      outcomes.map(({ status }) => status),
      ['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'rejected', 'rejected'],
    )
    for (const outcome of outcomes.slice(3)) t.match(outcome, { reason: { code: 'overloaded' } })
    t.match(await passwords.hash('correct horse'), /^\$argon2id/)
  },
)

t.test('a hash that fails gives its place back', async (t) => {
  const passwords = createPasswordHasher({ maxRunning: 1, maxWaiting: 0 })
  await t.rejects(passwords.verify('not a hash', 'correct horse'))
  t.match(await passwords.hash('correct horse'), /^\$argon2id/)
})
