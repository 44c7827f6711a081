// Registration and a user's own page.
import t from 'tap'
import { SHARED_TENANT } from '../../../../src/core/ids.ts'
import { ADA, accountsApp, PASSWORD, TENANT } from './accounts-app.ts'

t.test('a registration answers the user with its place, version and cursor', async (t) => {
  const { post, ports } = await accountsApp(t)
  const answer = await post('/v1/users', ADA)
  t.equal(answer.status, 201)
  t.match(answer.body, {
    id: /^[0-9a-f-]{36}$/,
    username: 'Ada',
    email: 'ada@example.org',
    firstName: 'Ada',
    lastName: 'Byron',
    phone: '+12075550142',
    preferences: { newsletter: true, notifications: false },
    createdAt: '2026-08-22T10:00:00.000Z',
    updatedAt: '2026-08-22T10:00:00.000Z',
  })
  t.equal(answer.headers['location'], `/v1/users/${String(answer.body['id'])}`)
  t.equal(answer.headers['etag'], '"v1"')
  const cursor = ports.cursors.decode(SHARED_TENANT, String(answer.headers['event-cursor']))
  t.strictSame(cursor, { kind: 'position', position: await ports.eventStore.head() })
  t.equal(answer.headers['cache-control'], 'no-store')
})

t.test('what was not given is absent from the answer', async (t) => {
  const { post } = await accountsApp(t)
  const answer = await post('/v1/users', { ...ADA, phone: undefined, preferences: null })
  t.strictSame(Object.keys(answer.body), [
    'id',
    'username',
    'email',
    'firstName',
    'lastName',
    'createdAt',
    'updatedAt',
  ])
})

t.test('a password is in no answer, no event and no log line', async (t) => {
  const { post, logged, ports } = await accountsApp(t)
  const answers = [
    await post('/v1/users', ADA),
    await post('/v1/users', ADA),
    await post('/v1/users', { ...ADA, username: '', email: PASSWORD }),
    await post('/v1/users', { ...ADA, password: PASSWORD.repeat(10) }),
    await post('/v1/auth/tokens', { username: 'Ada', password: `${PASSWORD}!` }),
    await post('/v1/auth/tokens', { username: 'Ada', password: PASSWORD }),
  ]
  t.strictSame(
    answers.map(({ status }) => status),
    [201, 422, 422, 422, 401, 200],
  )
  const { events } = await ports.eventStore.readAll({ after: 0, limit: 100 })
  const everything = JSON.stringify([answers, logged, events])
  t.notOk(everything.includes(PASSWORD))
  t.notOk(everything.includes('argon2'))
})

t.test('a username that somebody has, in any case, names the field', async (t) => {
  const { post } = await accountsApp(t)
  await post('/v1/users', ADA)
  const answer = await post('/v1/users', { ...ADA, username: 'ADA', email: 'other@example.org' })
  t.equal(answer.status, 422)
  t.match(answer.body, { errors: [{ field: 'username', code: 'username_taken' }] })
  t.match(answer.headers['content-type'], /^application\/problem\+json/)
})

t.test('the same username is free in another tenant', async (t) => {
  const { post } = await accountsApp(t)
  t.equal((await post('/v1/users', ADA)).status, 201)
  const answer = await post('/v1/users', ADA, { 'x-tenant-id': TENANT })
  t.equal(answer.status, 201)
  t.equal(answer.body['tenantId'], TENANT)
})

t.test('an empty body, or none, names every field that is required', async (t) => {
  const { post, send } = await accountsApp(t)
  const required = ['username', 'email', 'firstName', 'lastName', 'password']
  for (const answer of [
    await post('/v1/users', {}),
    await send({ method: 'POST', url: '/v1/users' }),
  ]) {
    t.equal(answer.status, 422)
    const errors = answer.body['errors'] as { field: string; code: string }[]
    t.strictSame(
      errors.map(({ field, code }) => [field, code]),
      required.map((field) => [field, 'REQUIRED']),
    )
  }
})

t.test('each field that breaks a rule is named', async (t) => {
  const { post } = await accountsApp(t)
  const cases: readonly (readonly [field: string, value: unknown])[] = [
    ['username', 'ab'],
    ['username', 'a'.repeat(51)],
    ['username', ' ada'],
    ['username', 'ada\u200b'],
    ['username', 'a\u0000da'],
    ['email', 'ada'],
    ['email', `${'a'.repeat(250)}@example.org`],
    ['firstName', ' '],
    ['lastName', 1],
    ['password', '1234567'],
    ['password', 'x'.repeat(129)],
    ['phone', 'call me'],
    ['preferences.newsletter', 'yes'],
    ['preferences.sms', true],
    ['scopes', ['admin']],
  ]
  for (const [field, value] of cases) {
    const [outer = '', inner] = field.split('.')
    const answer = await post('/v1/users', {
      ...ADA,
      [outer]: inner === undefined ? value : { [inner]: value },
    })
    t.equal(answer.status, 422, field)
    t.match(answer.body, { errors: [{ field }] })
  }
})

t.test('a registration sent twice under one key happens once', async (t) => {
  const { post } = await accountsApp(t)
  const headers = { 'idempotency-key': 'first-try' }
  const first = await post('/v1/users', ADA, headers)
  const second = await post('/v1/users', ADA, headers)
  t.equal(second.status, 201)
  t.strictSame(second.body, first.body)
  t.equal(second.headers['idempotent-replayed'], 'true')
  t.equal(first.headers['idempotent-replayed'], undefined)
  const other = await post('/v1/users', { ...ADA, username: 'Grace' }, headers)
  t.equal(other.status, 422)
  t.match(other.body, { errors: [{ field: 'Idempotency-Key' }] })
})

t.test('what is remembered of a request does not depend on its password', async (t) => {
  const { post } = await accountsApp(t)
  const headers = { 'idempotency-key': 'first-try' }
  const first = await post('/v1/users', ADA, headers)
  const second = await post('/v1/users', { ...ADA, password: 'another password' }, headers)
  t.equal(second.body['id'], first.body['id'])
  const login = await post('/v1/auth/tokens', { username: 'Ada', password: 'another password' })
  t.equal(login.status, 401, 'and the second password means nothing')
})

t.test('of simultaneous registrations of one username one succeeds', async (t) => {
  const { post } = await accountsApp(t)
  const answers = await Promise.all(Array.from({ length: 4 }, () => post('/v1/users', ADA)))
  t.strictSame(answers.map(({ status }) => status).sort(), [201, 422, 422, 422])
})

t.test('a user sees its own page and nobody else sees it', async (t) => {
  const { post, get } = await accountsApp(t)
  const bearerOf = async (username: string): Promise<{ id: string; authorization: string }> => {
    await post('/v1/users', { ...ADA, username })
    const { body } = await post('/v1/auth/tokens', { username, password: PASSWORD })
    const { id } = body['user'] as { id: string }
    return { id, authorization: `Bearer ${String(body['token'])}` }
  }
  const ada = await bearerOf('Ada')
  const grace = await bearerOf('Grace')
  const page = await get(`/v1/users/${ada.id}`, { authorization: ada.authorization })
  t.equal(page.status, 200)
  t.match(page.body, { id: ada.id, username: 'Ada' })
  t.equal(page.headers['cache-control'], 'private, no-cache')

  t.equal((await get(`/v1/users/${ada.id}`)).status, 401)
  const others = await get(`/v1/users/${ada.id}`, { authorization: grace.authorization })
  const nobodys = await get('/v1/users/user_abc123xyz', { authorization: grace.authorization })
  t.equal(others.status, 404)
  t.equal(others.body['detail'], nobodys.body['detail'], 'existence is not disclosed')

  const again = await get(`/v1/users/${ada.id}`, {
    authorization: ada.authorization,
    'if-none-match': String(page.headers['etag']),
  })
  t.equal(again.status, 304)
  t.equal(again.text, '')
})
