// A user's own page: changed and taken down by that user, and by nobody else.
import t from 'tap'
import { SHARED_TENANT } from '../../../../src/core/ids.ts'
import { ADA, accountsApp, PASSWORD, TENANT } from './accounts-app.ts'

type App = Awaited<ReturnType<typeof accountsApp>>
type Headers = Readonly<Record<string, string>>
type Method = 'GET' | 'PUT' | 'PATCH' | 'DELETE'
type Session = Readonly<{ id: string; token: string; refreshToken: string }>

const signIn = async (
  app: App,
  username: string,
  more: Readonly<{ password?: string; headers?: Headers }> = {},
): Promise<Session | undefined> => {
  const { password = PASSWORD, headers = {} } = more
  const { status, body } = await app.post('/v1/auth/tokens', { username, password }, { ...headers })
  if (status !== 200) return undefined
  const { id } = body['user'] as { id: string }
  return { id, token: String(body['token']), refreshToken: String(body['refreshToken']) }
}

const joined = async (app: App, username = 'Ada', headers: Headers = {}): Promise<Session> => {
  await app.post('/v1/users', { ...ADA, username }, { ...headers })
  const session = await signIn(app, username, { headers })
  if (session === undefined) throw new Error('did not sign in')
  return session
}

const pageOf = (app: App, { id, token }: Session, standing: Headers = {}) => {
  const send = (method: Method, payload?: object, headers: Headers = {}) =>
    app.send({
      method,
      url: `/v1/users/${id}`,
      headers: { authorization: `Bearer ${token}`, ...standing, ...headers },
      ...(payload === undefined ? {} : { payload }),
    })
  return {
    get: (headers?: Headers) => send('GET', undefined, headers),
    put: (payload: object, headers?: Headers) => send('PUT', payload, headers),
    patch: (payload: object, headers?: Headers) => send('PATCH', payload, headers),
    remove: (headers?: Headers) => send('DELETE', undefined, headers),
  }
}

t.test('a change answers the whole user, with its version and cursor', async (t) => {
  const app = await accountsApp(t)
  const page = pageOf(app, await joined(app))
  const answer = await page.put({ email: 'new@example.org', firstName: 'Augusta' })
  t.equal(answer.status, 200)
  t.match(answer.body, {
    username: 'Ada',
    email: 'new@example.org',
    firstName: 'Augusta',
    lastName: 'Byron',
    phone: '+12075550142',
    preferences: { newsletter: true, notifications: false },
  })
  t.equal(answer.headers['etag'], '"v2"')
  const cursor = app.ports.cursors.decode(SHARED_TENANT, String(answer.headers['event-cursor']))
  t.strictSame(cursor, { kind: 'position', position: await app.ports.eventStore.head() })
  t.equal(answer.headers['cache-control'], 'no-store')
  t.strictSame((await page.get()).body, answer.body)
})

t.test(
  'what is left out stays, by PUT and by PATCH; null takes away what may be unknown',
  async (t) => {
    const app = await accountsApp(t)
    const page = pageOf(app, await joined(app))
    t.match((await page.put({ preferences: { notifications: true } })).body, {
      preferences: { newsletter: true, notifications: true },
    })
    const { body } = await page.patch({ phone: null, preferences: { newsletter: false } })
    t.notOk('phone' in body)
    t.match(body, { preferences: { newsletter: false, notifications: true }, email: ADA.email })
    t.notOk('preferences' in (await page.patch({ preferences: null })).body)
    t.equal((await page.patch({})).status, 200)
    const merge = { 'content-type': 'application/merge-patch+json' }
    t.match((await page.patch({ lastName: 'King' }, merge)).body, { lastName: 'King' })
  },
)

t.test('what was read can be sent back, and changes nothing', async (t) => {
  const app = await accountsApp(t)
  for (const headers of [{}, { 'x-tenant-id': TENANT }]) {
    const page = pageOf(app, await joined(app, 'Ada', headers), headers)
    const read = await page.get()
    const answer = await page.put(read.body)
    t.equal(answer.status, 200)
    t.strictSame(answer.body, read.body)
    t.equal(answer.headers['etag'], '"v1"')
  }
})

t.test('every field that breaks a rule is named, all in one answer', async (t) => {
  const app = await accountsApp(t)
  const page = pageOf(app, await joined(app))
  const bad = {
    username: 'ab',
    email: 'ada',
    firstName: null,
    lastName: ' ',
    phone: 'call me',
    preferences: { newsletter: 'yes', sms: true },
    password: 'short',
    scopes: ['admin'],
  }
  const fields = [
    'currentPassword',
    'email',
    'firstName',
    'lastName',
    'password',
    'phone',
    'preferences.newsletter',
    'preferences.sms',
    'scopes',
    'username',
  ]
  for (const answer of [await page.put(bad), await page.patch(bad)]) {
    t.equal(answer.status, 422)
    const errors = answer.body['errors'] as { field: string }[]
    t.strictSame(errors.map(({ field }) => field).sort(), fields)
  }
  t.match((await page.put({ currentPassword: PASSWORD })).body, {
    errors: [{ field: 'password', code: 'REQUIRED' }],
  })
  t.equal((await page.get()).headers['etag'], '"v1"')
})

t.test('If-Match guards a change and the leaving', async (t) => {
  const app = await accountsApp(t)
  const page = pageOf(app, await joined(app))
  const stale = { 'if-match': '"v7"' }
  for (const answer of [
    await page.put({ username: 'Lovelace' }, stale),
    await page.patch({ username: 'Lovelace' }, stale),
    await page.remove(stale),
  ]) {
    t.equal(answer.status, 412)
    t.equal(answer.headers['etag'], '"v1"')
  }
  t.equal((await page.put({ username: 'Lovelace' }, { 'if-match': '"v1"' })).status, 200)
  t.equal((await page.get({ 'if-none-match': '"v2"' })).status, 304)
  t.equal((await page.remove({ 'if-match': '"v2"' })).status, 204)
})

t.test('with a new name one signs in under it; the old one is free', async (t) => {
  const app = await accountsApp(t)
  const ada = await joined(app)
  const page = pageOf(app, ada)
  await joined(app, 'Grace')
  const taken = await page.put({ username: 'GRACE' })
  t.equal(taken.status, 422)
  t.match(taken.body, { errors: [{ field: 'username', code: 'username_taken' }] })
  t.equal((await page.put({ username: 'Lovelace' })).status, 200)
  t.equal(await signIn(app, 'Ada'), undefined)
  t.equal((await signIn(app, 'lovelace'))?.id, ada.id)
  t.equal((await app.post('/v1/users', ADA)).status, 201)
})

t.test('a new password needs the current one, and ends every session', async (t) => {
  const app = await accountsApp(t)
  const ada = await joined(app)
  const page = pageOf(app, ada)
  const password = 'staple horse battery'
  const wrong = await page.patch({ password, currentPassword: 'a guess' })
  t.equal(wrong.status, 422)
  t.match(wrong.body, { errors: [{ field: 'currentPassword', code: 'wrong_password' }] })
  t.ok(await signIn(app, 'Ada'), 'nothing has changed')

  const answer = await page.patch({ password, currentPassword: PASSWORD })
  t.equal(answer.status, 200)
  t.equal(await signIn(app, 'Ada'), undefined)
  t.equal((await signIn(app, 'Ada', { password }))?.id, ada.id)
  const { refreshToken } = ada
  t.equal((await app.post('/v1/auth/tokens/refresh', { refreshToken })).status, 401)
  const { events } = await app.ports.eventStore.readAll({ after: 0, limit: 100 })
  const everything = JSON.stringify([answer, wrong, events, app.logged])
  for (const secret of [password, PASSWORD, 'a guess', 'argon2']) {
    t.notOk(everything.includes(secret), 'and it is told nowhere')
  }
})

t.test('guesses at the current password are cut off', async (t) => {
  const app = await accountsApp(t, { attempts: { perName: 3 } })
  const page = pageOf(app, await joined(app))
  const guess = (currentPassword: string) =>
    page.patch({ password: 'staple horse battery', currentPassword })
  const statuses: number[] = []
  for (const word of ['one', 'two', 'three', PASSWORD]) statuses.push((await guess(word)).status)
  t.strictSame(statuses, [422, 422, 422, 429])
})

t.test('who leaves is gone at once, and the name is free', async (t) => {
  const app = await accountsApp(t)
  const ada = await joined(app)
  const page = pageOf(app, ada)
  const answer = await page.remove()
  t.equal(answer.status, 204)
  t.equal(answer.text, '')
  const cursor = app.ports.cursors.decode(SHARED_TENANT, String(answer.headers['event-cursor']))
  t.strictSame(cursor, { kind: 'position', position: await app.ports.eventStore.head() })

  const { refreshToken } = ada
  t.equal((await app.post('/v1/auth/tokens/refresh', { refreshToken })).status, 401)
  t.equal(await signIn(app, 'Ada'), undefined)
  for (const gone of [
    await page.get(),
    await page.put({ firstName: 'Eve' }),
    await page.patch({ firstName: 'Eve' }),
    await page.remove(),
  ]) {
    t.equal(gone.status, 404, 'the token is good for a while, its user is not there')
  }
  t.not((await joined(app)).id, ada.id)
})

t.test("another's page is not there, whatever is done to it", async (t) => {
  const app = await accountsApp(t)
  const ada = await joined(app)
  const grace = await joined(app, 'Grace')
  for (const id of [grace.id, 'user_abc123xyz']) {
    const page = pageOf(app, { ...ada, id })
    for (const answer of [
      await page.get(),
      await page.put({ firstName: 'Mine' }),
      await page.patch({ firstName: 'Mine' }),
      await page.remove(),
    ]) {
      t.equal(answer.status, 404)
    }
  }
  t.match((await pageOf(app, grace).get()).body, { firstName: 'Ada' })
})

t.test(
  'without a token, in a tenant that it is not good for, or without the scope: no',
  async (t) => {
    const app = await accountsApp(t)
    const ada = await joined(app)
    const url = `/v1/users/${ada.id}`
    const scoped = await app.ports.issuer.issue({
      subject: ada.id,
      kind: 'user',
      tenants: [SHARED_TENANT],
      scopes: ['read:user'],
      lifetimeSeconds: 60,
    })
    for (const method of ['PUT', 'PATCH', 'DELETE'] as const) {
      const payload = method === 'DELETE' ? {} : { payload: { firstName: 'Mine' } }
      t.equal((await app.send({ method, url, ...payload })).status, 401)
      const page = pageOf(app, ada, { 'x-tenant-id': TENANT })
      t.equal((await page[method === 'DELETE' ? 'remove' : 'put']({})).status, 403)
      const authorization = `Bearer ${scoped.token}`
      t.equal((await app.send({ method, url, ...payload, headers: { authorization } })).status, 403)
    }
    t.equal((await pageOf(app, ada).get()).headers['etag'], '"v1"')
  },
)

t.test(
  'a session that is begun while the password changes does not outlive the change',
  async (t) => {
    const app = await accountsApp(t)
    const ada = await joined(app)
    const { refreshTokens, credentials } = app.ports
    const create = refreshTokens.create
    // Between the check of the password and the session the password changes.
    const changing = Object.assign(refreshTokens, {
      create: async (...of: Parameters<typeof create>) => {
        changing.create = create
        const from = (await credentials.findByUser(SHARED_TENANT, ada.id))?.passwordHash ?? ''
        await credentials.changePassword(SHARED_TENANT, ada.id, { from, to: 'another hash' })
        return create(...of)
      },
    })
    const answer = await app.post('/v1/auth/tokens', { username: 'Ada', password: PASSWORD })
    t.equal(answer.status, 401)
  },
)
