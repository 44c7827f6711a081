// Users and what they sign in with: the log is right, and the credentials follow it, whatever fails in between.
import t from 'tap'
import { Fault } from '../../src/core/fault.ts'
import { SHARED_TENANT } from '../../src/core/ids.ts'
import { aContext } from '../support/builders.ts'
import { once } from './order-rig.ts'
import { usersRig } from './user-rig.ts'

const reason = null
const lost = () => Promise.reject(new Fault('event_store_unavailable', 'gone'))
const crash = async (): Promise<never> => {
  throw new Error('crash')
}

const taken = { kind: 'rejected', rejection: { code: 'username_taken', field: 'username' } }
const wrong = { kind: 'rejected', rejection: { code: 'wrong_password', field: 'currentPassword' } }

t.test('a change of the profile is recorded, and only what is new', async (t) => {
  const { users, registered, typesOf } = usersRig()
  const id = await registered()
  const changes = { email: 'new@example.org', firstName: 'Ada' }
  const result = await users.update(aContext(), id, { changes })
  t.match(result, { kind: 'done', version: 2, state: { profile: { email: 'new@example.org' } } })
  t.match(await users.update(aContext(), id, { changes }), { kind: 'done', version: 2 })
  t.match(await users.get(SHARED_TENANT, id), { id, version: 2, profile: { lastName: 'Byron' } })
  t.strictSame(await typesOf(id), ['user.registered', 'user.updated'])
})

t.test('nobody changes who was never there', async (t) => {
  const { users, rename } = usersRig()
  t.same(await rename('nobody', 'Eve'), { kind: 'not_found' })
  t.same(await users.remove(aContext(), 'nobody', { reason }), { kind: 'not_found' })
})

t.test('with a new name one signs in under it, and the old one is free', async (t) => {
  const { rename, registered, signIn, register } = usersRig()
  const id = await registered('Ada')
  t.match(await rename(id, 'Lovelace'), { state: { profile: { username: 'Lovelace' } } })
  t.equal(await signIn('lovelace'), id)
  t.equal(await signIn('ada'), undefined)
  t.equal((await register('Ada')).kind, 'done')
})

t.test("a name that is another's is refused, and nothing changes", async (t) => {
  const { rename, registered, signIn, typesOf } = usersRig()
  const id = await registered('Ada')
  const eve = await registered('Eve')
  t.match(await rename(id, 'EVE'), taken)
  t.equal(await signIn('Ada'), id)
  t.equal(await signIn('Eve'), eve)
  t.strictSame(await typesOf(id), ['user.registered'])
})

t.test('the own name may be written in another way', async (t) => {
  const { rename, registered, signIn } = usersRig()
  const id = await registered('Ada')
  t.match(await rename(id, 'ADA'), { state: { profile: { username: 'ADA' } } })
  t.equal(await signIn('ada'), id)
})

t.test('when the change is refused the new name is given back', async (t) => {
  const { users, registered, signIn, register } = usersRig()
  const id = await registered('Ada')
  const result = await users.update(aContext({ expectedVersion: 7 }), id, {
    changes: { username: 'Lovelace' },
    password: { current: 'secret', next: 'another' },
  })
  t.same(result, { kind: 'version_mismatch', actualVersion: 1 })
  t.equal(await signIn('Ada', 'secret'), id)
  t.equal((await register('Lovelace')).kind, 'done')
})

t.test('of many who want one new name at once one gets it', async (t) => {
  const { rename, registered, signIn } = usersRig()
  const all: string[] = []
  for (const name of ['a-1', 'a-2', 'a-3', 'a-4']) all.push(await registered(name))
  const results = await Promise.all(all.map((id) => rename(id, 'Star')))
  const winners = results.flatMap((result) => (result.kind === 'done' ? [result.id] : []))
  t.equal(winners.length, 1)
  t.equal(await signIn('star'), winners[0])
})

t.test('names that are changed twice at once end as the log says', async (t) => {
  const { users, rename, registered, signIn } = usersRig()
  const id = await registered('Ada')
  await Promise.all(['b-name', 'c-name', 'd-name'].map((name) => rename(id, name)))
  const user = await users.get(SHARED_TENANT, id)
  t.equal(await signIn(user?.profile.username ?? ''), id)
})

t.test('a new password needs the current one, and ends every session', async (t) => {
  const { changePassword, registered, signIn, session, refreshTokens, typesOf } = usersRig()
  const id = await registered('Ada')
  const token = await session(id)
  t.match(await changePassword(id, 'guess', 'another'), wrong)
  t.match(await changePassword(id, 'secret', 'another'), { kind: 'done', version: 1 })
  t.equal(await signIn('Ada', 'secret'), undefined)
  t.equal(await signIn('Ada', 'another'), id)
  t.equal(await refreshTokens.rotate(token), undefined)
  t.strictSame(await typesOf(id), ['user.registered'], 'the log knows nothing of it')
})

t.test('with a wrong password nothing else changes either', async (t) => {
  const { users, registered, signIn, typesOf } = usersRig()
  const id = await registered('Ada')
  const password = { current: 'guess', next: 'another' }
  t.match(
    await users.update(aContext(), id, { changes: { username: 'Lovelace' }, password }),
    wrong,
  )
  t.equal(await signIn('Ada'), id)
  t.strictSame(await typesOf(id), ['user.registered'])
})

t.test('name and password change together', async (t) => {
  const { users, registered, signIn } = usersRig()
  const id = await registered('Ada')
  const password = { current: 'secret', next: 'another' }
  await users.update(aContext(), id, { changes: { username: 'Lovelace' }, password })
  t.equal(await signIn('Lovelace', 'another'), id)
})

t.test('a password that somebody else changes meanwhile is a conflict', async (t) => {
  const { changePassword, registered, signIn, credentials, refreshTokens } = usersRig()
  const id = await registered('Ada')
  const revokeUser = refreshTokens.revokeUser
  refreshTokens.revokeUser = async (...of) => {
    const hashes = { from: 'hash of secret', to: 'hash of theirs' }
    await credentials.changePassword(SHARED_TENANT, id, hashes)
    await revokeUser(...of)
  }
  t.match(await changePassword(id, 'secret', 'another'), { kind: 'conflict' })
  t.equal(await signIn('Ada', 'theirs'), id)
})

t.test('who leaves is gone: name, password and sessions', async (t) => {
  const { users, registered, signIn, session, refreshTokens, register, rename } = usersRig()
  const id = await registered('Ada')
  const token = await session(id)
  t.match(await users.remove(aContext(), id, { reason }), { kind: 'done', version: 2 })
  t.equal(await users.get(SHARED_TENANT, id), undefined)
  t.equal(await signIn('Ada'), undefined)
  t.equal(await refreshTokens.rotate(token), undefined)
  t.same(await users.remove(aContext(), id, { reason }), { kind: 'not_found' })
  t.same(await rename(id, 'Eve'), { kind: 'not_found' })
  t.equal((await register('Ada')).kind, 'done')
})

t.test('who has seen an older version does not leave by it', async (t) => {
  const { users, registered, signIn } = usersRig()
  const id = await registered('Ada')
  const result = await users.remove(aContext({ expectedVersion: 7 }), id, { reason })
  t.same(result, { kind: 'version_mismatch', actualVersion: 1 })
  t.equal(await signIn('Ada'), id)
})

t.test('after a crash while leaving the name is free for the next who asks', async (t) => {
  const { users, registered, credentials, register, session, refreshTokens } = usersRig()
  const id = await registered('Ada')
  const token = await session(id)
  const remove = credentials.remove
  credentials.remove = crash
  await t.rejects(users.remove(aContext(), id, { reason }), /crash/)
  credentials.remove = remove
  t.equal(await users.get(SHARED_TENANT, id), undefined)
  const next = await register('ADA')
  t.equal(next.kind, 'done')
  t.equal(await refreshTokens.rotate(token), undefined)
})

t.test('after a crash while leaving, leaving again finishes it', async (t) => {
  const { users, registered, credentials, signIn } = usersRig()
  const id = await registered('Ada')
  const remove = credentials.remove
  credentials.remove = crash
  await t.rejects(users.remove(aContext(), id, { reason }), /crash/)
  credentials.remove = remove
  t.same(await users.remove(aContext(), id, { reason }), { kind: 'not_found' })
  t.equal(await signIn('Ada'), undefined)
})

t.test(
  'a change of name that was recorded and not confirmed is finished by a repeat',
  async (t) => {
    const { rename, registered, credentials, signIn } = usersRig()
    const id = await registered('Ada')
    const confirm = credentials.confirm
    credentials.confirm = crash
    await t.rejects(rename(id, 'Lovelace'), /crash/)
    credentials.confirm = confirm
    t.equal(await signIn('Ada'), id, 'the old name works until then')
    t.equal((await rename(id, 'Lovelace')).kind, 'done')
    t.equal(await signIn('Lovelace'), id)
    t.equal(await signIn('Ada'), undefined)
  },
)

t.test('a name that the log gives to a user is not taken over, however late', async (t) => {
  const { rename, registered, register, credentials, clock, signIn } = usersRig()
  const id = await registered('Ada')
  const confirm = credentials.confirm
  credentials.confirm = crash
  await t.rejects(rename(id, 'Lovelace'), /crash/)
  await t.rejects(register('Grace'), /crash/)
  credentials.confirm = confirm
  clock.advance(10 * 60_000)
  t.match(await register('lovelace'), taken)
  t.match(await register('grace'), taken)
  t.equal(await signIn('Lovelace'), id, 'and it works now')
  t.ok(await signIn('Grace'))
  t.equal((await register('Ada')).kind, 'done', 'the old one is free')
})

t.test('a registration that was recorded and not confirmed is finished by its key', async (t) => {
  const { register, credentials, signIn } = usersRig()
  const confirm = credentials.confirm
  credentials.confirm = crash
  await t.rejects(register('Ada', 'k'), /crash/)
  credentials.confirm = confirm
  t.equal(await signIn('Ada'), undefined)
  const again = await register('Ada', 'k')
  t.match(again, { kind: 'done', replayed: true })
  t.equal(await signIn('Ada'), again.kind === 'done' ? again.id : '')
})

t.test('a change that the log may or may not have keeps its name reserved', async (t) => {
  const { users, rename, registered, register, eventStore, clock, signIn } = usersRig()
  const id = await registered('Ada')
  eventStore.disturb = once('user.updated', async (_, append) => {
    await append()
    throw new Fault('append_outcome_unknown', 'the connection broke')
  })
  await t.rejects(rename(id, 'Lovelace'), Fault)
  t.match(await register('Lovelace'), taken)
  t.equal(await signIn('Lovelace'), id, 'whoever asks for it finds out whose it is')

  eventStore.disturb = once('user.updated', lost)
  await t.rejects(rename(id, 'Countess'), Fault)
  t.match(await register('Countess'), taken)
  clock.advance(60_000)
  t.equal(
    (await register('Countess')).kind,
    'done',
    'it was never recorded: a minute later it is free',
  )
  t.match(await users.get(SHARED_TENANT, id), { profile: { username: 'Lovelace' } })
})
