// What every OAuth store promises. `make` gives an empty store on the given clock.
import type { Test } from 'tap'
import type { Clock } from '../../src/core/clock.ts'
import { SHARED_TENANT, tenantIdSchema } from '../../src/core/ids.ts'
import {
  type ClientDefinition,
  CODE_LIFETIME_SECONDS,
  type CodeGrant,
  DEVICE_CODE_GRANT,
  DEVICE_LIFETIME_SECONDS,
  type OAuthStore,
} from '../../src/core/oauth.ts'

type MakeStore = (t: Test, clock: Clock) => Promise<OAuthStore>

const TENANT = tenantIdSchema.parse('018f6f3a-0000-7000-8000-000000000001')
const APP: ClientDefinition = {
  name: 'Walks "R" Us',
  kind: 'confidential',
  grantTypes: ['authorization_code', 'refresh_token', DEVICE_CODE_GRANT],
  scopes: ['read:pets', 'write:pets'],
  tenants: [SHARED_TENANT, TENANT],
  redirectUris: ['https://walks.example/cb', 'org.example.walks:/cb'],
}
const GRANT: CodeGrant = {
  clientId: 'client-1',
  tenantId: TENANT,
  userId: 'user-1',
  signInMark: 'mark-1',
  scopes: ['read:pets'],
  redirectUri: 'https://walks.example/cb',
  codeChallenge: 'a'.repeat(43),
}
const REQUEST = { clientId: 'client-1', tenantId: TENANT, scopes: ['read:pets'] } as const
const ADA = { userId: 'user-1', signInMark: 'mark-1' }
const SECRET = /^[\w-]{43}$/

export const oauthStoreContract = (t: Test, make: MakeStore): void => {
  promisesOfClients(t, make)
  promisesOfCodes(t, make)
  promisesOfDevices(t, make)
  promisesOfPolling(t, make)
}

const created = async (store: OAuthStore, definition: ClientDefinition) => {
  const made = await store.createClient(definition)
  if (made === undefined) throw new Error('no room for a client')
  return made
}

const promisesOfClients = (t: Test, make: MakeStore): void => {
  t.test('a client is found as it was registered, with an id and a time', async (t) => {
    const store = await make(t, () => 1_000)
    const { client } = await created(store, APP)
    t.strictSame({ ...client }, { ...APP, id: client.id, createdAtMs: 1_000 })
    t.strictSame({ ...(await store.findClient(client.id)) }, { ...client })
    t.equal(await store.findClient('unknown'), undefined)
  })

  t.test(
    'a secret is given once, is good for its client only, and is 256 random bits',
    async (t) => {
      const store = await make(t, () => 0)
      const one = await created(store, APP)
      const two = await created(store, APP)
      t.match(one.secret, SECRET)
      t.not(one.secret, two.secret)
      t.equal((await store.authenticate(one.client.id, one.secret ?? ''))?.id, one.client.id)
      t.equal(await store.authenticate(one.client.id, two.secret ?? ''), undefined)
      t.equal(await store.authenticate(one.client.id, ''), undefined)
      t.equal(await store.authenticate('unknown', one.secret ?? ''), undefined)
    },
  )

  t.test('a public client has no secret, and none is good for it', async (t) => {
    const store = await make(t, () => 0)
    const { client, secret } = await created(store, { ...APP, kind: 'public' })
    t.equal(secret, null)
    for (const guess of ['', 'null', '\u0000']) {
      t.equal(await store.authenticate(client.id, guess), undefined)
    }
    t.equal((await store.findClient(client.id))?.kind, 'public')
  })

  t.test('clients are listed oldest first, and are gone once removed', async (t) => {
    let nowMs = 0
    const store = await make(t, () => (nowMs += 1))
    const made = []
    for (const name of ['b', 'a', 'c']) made.push(await created(store, { ...APP, name }))
    t.strictSame(
      (await store.listClients()).map(({ name }) => name),
      ['b', 'a', 'c'],
    )
    const [first] = made
    t.equal(await store.removeClient(first?.client.id ?? ''), true)
    t.equal(await store.removeClient(first?.client.id ?? ''), false)
    t.equal(await store.authenticate(first?.client.id ?? '', first?.secret ?? ''), undefined)
    t.equal((await store.listClients()).length, 2)
  })
}

const promisesOfCodes = (t: Test, make: MakeStore): void => {
  t.test('a code gives what it was made for, and has 256 random bits', async (t) => {
    const store = await make(t, () => 0)
    const code = await store.createCode(GRANT)
    t.match(code, SECRET)
    const found = await store.findCode(code)
    t.strictSame({ ...found }, { ...GRANT, family: found?.family, state: 'fresh' })
    t.not((await store.findCode(await store.createCode(GRANT)))?.family, found?.family)
    t.equal(await store.findCode('made-up'), undefined)
    t.equal(await store.useCode('made-up'), false)
  })

  t.test('a code is used once, and remembered as used', async (t) => {
    let nowMs = 0
    const store = await make(t, () => nowMs)
    const code = await store.createCode(GRANT)
    t.equal(await store.useCode(code), true)
    t.equal(await store.useCode(code), false)
    t.equal((await store.findCode(code))?.state, 'used')
    nowMs = 3_600_000
    await store.createCode(GRANT)
    t.equal((await store.findCode(code))?.state, 'used', 'an hour later too')
  })

  t.test('of many simultaneous uses of a code one succeeds', async (t) => {
    const store = await make(t, () => 0)
    const code = await store.createCode(GRANT)
    const uses = await Promise.all(Array.from({ length: 8 }, () => store.useCode(code)))
    t.equal(uses.filter(Boolean).length, 1)
  })

  t.test('a code is good for a minute and not a millisecond longer', async (t) => {
    let nowMs = 0
    const store = await make(t, () => nowMs)
    const [first, second] = [await store.createCode(GRANT), await store.createCode(GRANT)]
    nowMs = CODE_LIFETIME_SECONDS * 1000 - 1
    t.equal(await store.useCode(first), true)
    nowMs += 1
    t.equal((await store.findCode(second))?.state, 'expired')
    t.equal(await store.useCode(second), false)
  })
}

const promisesOfDevices = (t: Test, make: MakeStore): void => {
  t.test('a device is found by its user code, however that is typed', async (t) => {
    const store = await make(t, () => 0)
    const { deviceCode, userCode } = await store.startDevice(REQUEST)
    t.match(deviceCode, SECRET)
    t.match(userCode, /^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/)
    for (const typed of [
      userCode,
      userCode.toLowerCase(),
      userCode.replace('-', ''),
      ` ${userCode} `,
    ]) {
      t.strictSame({ ...(await store.findDevice(typed)) }, REQUEST)
    }
    t.equal(await store.findDevice('BBBB-BBBB-B'), undefined)
    t.equal(await store.findDevice(''), undefined)
  })

  t.test('of two answers of the user the first one stands', async (t) => {
    const store = await make(t, () => 0)
    const { deviceCode, userCode } = await store.startDevice(REQUEST)
    t.equal(await store.answerDevice(userCode, null), true)
    t.equal(await store.answerDevice(userCode, ADA), false)
    t.equal(await store.findDevice(userCode), undefined)
    t.strictSame(await store.pollDevice(deviceCode, 'client-1'), { kind: 'denied' })
  })

  t.test('a device that waited too long is told so, and cannot be allowed any more', async (t) => {
    let nowMs = 0
    const store = await make(t, () => nowMs)
    const { deviceCode, userCode } = await store.startDevice(REQUEST)
    nowMs = DEVICE_LIFETIME_SECONDS * 1000
    t.equal(await store.findDevice(userCode), undefined)
    t.equal(await store.answerDevice(userCode, ADA), false)
    t.strictSame(await store.pollDevice(deviceCode, 'client-1'), { kind: 'expired' })
  })
}

const promisesOfPolling = (t: Test, make: MakeStore): void => {
  t.test('a device that the user allowed gets the grant once, and its client only', async (t) => {
    const store = await make(t, () => 0)
    const { deviceCode, userCode } = await store.startDevice(REQUEST)
    t.equal(await store.answerDevice(userCode, ADA), true)
    t.strictSame(await store.pollDevice(deviceCode, 'client-2'), { kind: 'unknown' })
    const polls = await Promise.all(
      Array.from({ length: 4 }, () => store.pollDevice(deviceCode, 'client-1')),
    )
    const approved = polls.filter(({ kind }) => kind === 'approved')
    t.strictSame(approved, [{ kind: 'approved', consent: { ...REQUEST, ...ADA } }])
    t.equal(polls.filter(({ kind }) => kind === 'unknown').length, 3)
    t.strictSame(await store.pollDevice('made-up', 'client-1'), { kind: 'unknown' })
  })

  t.test('a device that asks too soon waits five seconds longer each time', async (t) => {
    let nowMs = 0
    const store = await make(t, () => nowMs)
    const { deviceCode, userCode } = await store.startDevice(REQUEST)
    const poll = async (afterMs: number): Promise<string> => {
      nowMs += afterMs
      return (await store.pollDevice(deviceCode, 'client-1')).kind
    }
    t.equal(await poll(0), 'pending', 'the first time is never too soon')
    t.equal(await poll(5_000), 'pending')
    t.equal(await poll(1_000), 'slow_down')
    t.equal(await poll(5_000), 'slow_down', 'five seconds are too few by now')
    t.equal(await poll(15_000), 'pending')
    await store.answerDevice(userCode, ADA)
    t.equal(await poll(0), 'approved', 'what is there is given at once')
  })
}
