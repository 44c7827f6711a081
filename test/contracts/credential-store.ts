// What every credential store promises. `make` gives an empty store on the given clock.
import type { Test } from 'tap'
import type { Credential, CredentialStore } from '../../src/core/auth.ts'
import type { Clock } from '../../src/core/clock.ts'
import { SHARED_TENANT, tenantIdSchema } from '../../src/core/ids.ts'

type MakeStore = (t: Test, clock: Clock) => Promise<CredentialStore>

const OTHER_TENANT = tenantIdSchema.parse('018f6f3a-0000-7000-8000-000000000001')
const ada: Credential = { userId: 'user-1', username: 'Ada', passwordHash: 'hash-1' }
const impostor: Credential = { userId: 'user-2', username: 'aDA', passwordHash: 'hash-2' }

export const credentialStoreContract = (t: Test, make: MakeStore): void => {
  promisesOfReservation(t, make)
  promisesOfConfirmation(t, make)
}

const promisesOfReservation = (t: Test, make: MakeStore): void => {
  t.test('a username belongs to one user of a tenant, without regard to case', async (t) => {
    const store = await make(t, () => 0)
    t.equal(await store.reserve(SHARED_TENANT, ada), 'reserved')
    t.equal(await store.reserve(SHARED_TENANT, impostor), 'taken')
    await store.confirm(SHARED_TENANT, 'user-1')
    t.equal(await store.reserve(SHARED_TENANT, impostor), 'taken')
    t.match(await store.find(SHARED_TENANT, 'ADA'), ada)
  })

  t.test('two spellings of one character are one username', async (t) => {
    const store = await make(t, () => 0)
    t.equal(await store.reserve(SHARED_TENANT, { ...ada, username: 'Ame\u0301lie' }), 'reserved')
    t.equal(await store.reserve(SHARED_TENANT, { ...impostor, username: 'am\u00e9lie' }), 'taken')
  })

  t.test('the same username may belong to another user in another tenant', async (t) => {
    const store = await make(t, () => 0)
    t.equal(await store.reserve(SHARED_TENANT, ada), 'reserved')
    t.equal(await store.reserve(OTHER_TENANT, impostor), 'reserved')
    await store.confirm(OTHER_TENANT, 'user-2')
    t.equal(await store.find(SHARED_TENANT, 'ada'), undefined)
    t.equal((await store.find(OTHER_TENANT, 'ada'))?.userId, 'user-2')
  })

  t.test('of many simultaneous reservations of one username exactly one succeeds', async (t) => {
    const store = await make(t, () => 0)
    const outcomes = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        store.reserve(SHARED_TENANT, { ...ada, userId: `user-${index}` }),
      ),
    )
    t.equal(outcomes.filter((outcome) => outcome === 'reserved').length, 1)
  })

  t.test('a user may reserve its own username again, as a retry does', async (t) => {
    const store = await make(t, () => 0)
    await store.reserve(SHARED_TENANT, ada)
    t.equal(await store.reserve(SHARED_TENANT, { ...ada, passwordHash: 'newer' }), 'reserved')
    await store.confirm(SHARED_TENANT, 'user-1')
    t.equal((await store.find(SHARED_TENANT, 'ada'))?.passwordHash, 'newer')
  })

  t.test('a reservation that was never confirmed may be taken over after a minute', async (t) => {
    let nowMs = 1_000_000
    const store = await make(t, () => nowMs)
    await store.reserve(SHARED_TENANT, ada)
    nowMs += 59_999
    t.equal(await store.reserve(SHARED_TENANT, impostor), 'taken')
    nowMs += 1
    t.equal(await store.reserve(SHARED_TENANT, impostor), 'reserved')
    await store.confirm(SHARED_TENANT, 'user-1')
    t.equal(await store.find(SHARED_TENANT, 'ada'), undefined, 'the first user lost the name')
    await store.confirm(SHARED_TENANT, 'user-2')
    t.match(await store.find(SHARED_TENANT, 'ada'), impostor)
  })
}

const promisesOfConfirmation = (t: Test, make: MakeStore): void => {
  t.test('a credential is found only once it is confirmed', async (t) => {
    const store = await make(t, () => 0)
    await store.reserve(SHARED_TENANT, ada)
    t.equal(await store.find(SHARED_TENANT, 'Ada'), undefined)
    await store.confirm(SHARED_TENANT, 'user-1')
    t.strictSame({ ...(await store.find(SHARED_TENANT, 'Ada')) }, ada)
  })

  t.test('a confirmed username is never taken over, however old it is', async (t) => {
    let nowMs = 0
    const store = await make(t, () => nowMs)
    await store.reserve(SHARED_TENANT, ada)
    await store.confirm(SHARED_TENANT, 'user-1')
    nowMs += 365 * 24 * 3_600_000
    t.equal(await store.reserve(SHARED_TENANT, impostor), 'taken')
  })

  t.test('a released username is free at once', async (t) => {
    const store = await make(t, () => 0)
    await store.reserve(SHARED_TENANT, ada)
    await store.release(SHARED_TENANT, 'user-1')
    t.equal(await store.reserve(SHARED_TENANT, impostor), 'reserved')
  })

  t.test('a late release does not take a confirmed account away', async (t) => {
    const store = await make(t, () => 0)
    await store.reserve(SHARED_TENANT, ada)
    await store.confirm(SHARED_TENANT, 'user-1')
    await store.release(SHARED_TENANT, 'user-1')
    t.equal((await store.find(SHARED_TENANT, 'ada'))?.userId, 'user-1')
  })
}
