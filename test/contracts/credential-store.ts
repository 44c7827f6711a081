// What every credential store promises. `make` gives an empty store on the given clock.
import type { Test } from 'tap'
import type { Credential, CredentialStore } from '../../src/core/auth.ts'
import type { Clock } from '../../src/core/clock.ts'
import { SHARED_TENANT, type TenantId, tenantIdSchema } from '../../src/core/ids.ts'

type MakeStore = (t: Test, clock: Clock) => Promise<CredentialStore>

const OTHER_TENANT = tenantIdSchema.parse('018f6f3a-0000-7000-8000-000000000001')
const ada: Credential = { userId: 'user-1', username: 'Ada', passwordHash: 'hash-1' }
const impostor: Credential = { userId: 'user-2', username: 'aDA', passwordHash: 'hash-2' }

export const credentialStoreContract = (t: Test, make: MakeStore): void => {
  promisesOfReservation(t, make)
  promisesOfConfirmation(t, make)
  promisesOfRenaming(t, make)
  promisesOfOthersNames(t, make)
  promisesOfPasswords(t, make)
  promisesOfRemoval(t, make)
}

const promisesOfReservation = (t: Test, make: MakeStore): void => {
  t.test('a username belongs to one user of a tenant, without regard to case', async (t) => {
    const store = await make(t, () => 0)
    t.equal(await store.reserve(SHARED_TENANT, ada), 'reserved')
    t.equal(await store.reserve(SHARED_TENANT, impostor), 'taken')
    await store.confirm(SHARED_TENANT, 'user-1', 'ada')
    t.equal(await store.reserve(SHARED_TENANT, impostor), 'taken')
    t.match(await store.find(SHARED_TENANT, 'ADA'), ada)
  })

  t.test('what no username can be is nobody, and no trouble', async (t) => {
    const store = await make(t, () => 0)
    await store.reserve(SHARED_TENANT, { ...ada, username: 'ada\ufffd' })
    await store.confirm(SHARED_TENANT, 'user-1', 'ada\ufffd')
    t.ok(await store.find(SHARED_TENANT, 'ada\ufffd'))
    for (const name of ['\u0000', 'ada\u0000', '\ud800', 'ada\udfff']) {
      t.equal(await store.find(SHARED_TENANT, name), undefined)
    }
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
    await store.confirm(OTHER_TENANT, 'user-2', 'ada')
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
    await store.confirm(SHARED_TENANT, 'user-1', 'ada')
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
    await store.confirm(SHARED_TENANT, 'user-1', 'ada')
    t.equal(await store.find(SHARED_TENANT, 'ada'), undefined, 'the first user lost the name')
    await store.confirm(SHARED_TENANT, 'user-2', 'ADA')
    t.match(await store.find(SHARED_TENANT, 'ada'), impostor)
  })
}

const promisesOfConfirmation = (t: Test, make: MakeStore): void => {
  t.test('a credential is found only once it is confirmed', async (t) => {
    const store = await make(t, () => 0)
    await store.reserve(SHARED_TENANT, ada)
    t.equal(await store.find(SHARED_TENANT, 'Ada'), undefined)
    await store.confirm(SHARED_TENANT, 'user-1', 'ada')
    t.strictSame({ ...(await store.find(SHARED_TENANT, 'Ada')) }, ada)
  })

  t.test('a confirmed username is never taken over, however old it is', async (t) => {
    let nowMs = 0
    const store = await make(t, () => nowMs)
    await store.reserve(SHARED_TENANT, ada)
    await store.confirm(SHARED_TENANT, 'user-1', 'ada')
    nowMs += 365 * 24 * 3_600_000
    t.equal(await store.reserve(SHARED_TENANT, impostor), 'taken')
  })

  t.test('a released username is free at once', async (t) => {
    const store = await make(t, () => 0)
    await store.reserve(SHARED_TENANT, ada)
    await store.release(SHARED_TENANT, 'user-1', 'ADA')
    t.equal(await store.reserve(SHARED_TENANT, impostor), 'reserved')
  })

  t.test('a late release does not take a confirmed account away', async (t) => {
    const store = await make(t, () => 0)
    await store.reserve(SHARED_TENANT, ada)
    await store.confirm(SHARED_TENANT, 'user-1', 'ada')
    await store.release(SHARED_TENANT, 'user-1', 'ADA')
    t.equal((await store.find(SHARED_TENANT, 'ada'))?.userId, 'user-1')
  })
}

const confirmed = async (store: CredentialStore, credential = ada): Promise<void> => {
  await store.reserve(SHARED_TENANT, credential)
  await store.confirm(SHARED_TENANT, credential.userId, credential.username)
}
const lovelace: Credential = { userId: 'user-1', username: 'Lovelace', passwordHash: 'hash-1' }

const promisesOfRenaming = (t: Test, make: MakeStore): void => {
  t.test(
    'while a new name is reserved, the old one works and nobody else gets either',
    async (t) => {
      const store = await make(t, () => 0)
      await confirmed(store)
      t.equal(await store.reserve(SHARED_TENANT, lovelace), 'reserved')
      t.match(await store.find(SHARED_TENANT, 'ada'), ada)
      t.equal(await store.find(SHARED_TENANT, 'lovelace'), undefined)
      t.match(await store.findByUser(SHARED_TENANT, 'user-1'), ada)
      for (const username of ['ADA', 'LOVELACE']) {
        t.equal(await store.reserve(SHARED_TENANT, { ...impostor, username }), 'taken')
        t.equal(await store.holderOf(SHARED_TENANT, username), 'user-1')
      }
    },
  )

  t.test(
    'a new name that is confirmed takes the place of the old one, which is free',
    async (t) => {
      const store = await make(t, () => 0)
      await confirmed(store)
      await store.reserve(SHARED_TENANT, lovelace)
      await store.confirm(SHARED_TENANT, 'user-1', 'lovelace')
      await store.confirm(SHARED_TENANT, 'user-1', 'lovelace')
      t.match(await store.find(SHARED_TENANT, 'lovelace'), lovelace)
      t.match(await store.findByUser(SHARED_TENANT, 'user-1'), lovelace)
      t.equal(await store.find(SHARED_TENANT, 'ada'), undefined)
      t.equal(await store.holderOf(SHARED_TENANT, 'ada'), undefined)
      t.equal(await store.reserve(SHARED_TENANT, impostor), 'reserved')
    },
  )

  t.test('a password that is changed meanwhile is the one of the new name', async (t) => {
    const store = await make(t, () => 0)
    await confirmed(store)
    await store.reserve(SHARED_TENANT, lovelace)
    await store.changePassword(SHARED_TENANT, 'user-1', { from: 'hash-1', to: 'hash-3' })
    await store.confirm(SHARED_TENANT, 'user-1', 'lovelace')
    t.equal((await store.find(SHARED_TENANT, 'lovelace'))?.passwordHash, 'hash-3')
  })

  t.test('a new name that is given back leaves the old one as it was', async (t) => {
    const store = await make(t, () => 0)
    await confirmed(store)
    await store.reserve(SHARED_TENANT, lovelace)
    await store.release(SHARED_TENANT, 'user-1', 'ada')
    await store.release(SHARED_TENANT, 'user-1', 'lovelace')
    t.match(await store.find(SHARED_TENANT, 'ada'), ada)
    t.equal(await store.holderOf(SHARED_TENANT, 'lovelace'), undefined)
  })
}

const promisesOfOthersNames = (t: Test, make: MakeStore): void => {
  t.test(
    'nobody confirms or gives back what another has reserved, nor what nobody has',
    async (t) => {
      const store = await make(t, () => 0)
      await confirmed(store)
      await store.reserve(SHARED_TENANT, { ...impostor, username: 'eve' })
      for (const username of ['eve', 'nobody']) {
        await store.confirm(SHARED_TENANT, 'user-1', username)
        await store.release(SHARED_TENANT, 'user-1', username)
      }
      t.equal(await store.holderOf(SHARED_TENANT, 'eve'), 'user-2')
      t.match(await store.findByUser(SHARED_TENANT, 'user-1'), ada)
    },
  )

  t.test('reserving the own name changes nothing of it', async (t) => {
    const store = await make(t, () => 0)
    await confirmed(store)
    const again = { ...ada, username: 'ADA', passwordHash: 'newer' }
    t.equal(await store.reserve(SHARED_TENANT, again), 'reserved')
    t.match(await store.find(SHARED_TENANT, 'ada'), ada)
  })

  t.test('after two changes of name at once the user has one name', async (t) => {
    const store = await make(t, () => 0)
    await confirmed(store)
    const names = Array.from({ length: 6 }, (_, index) => `name-${index}`)
    for (const username of names) await store.reserve(SHARED_TENANT, { ...ada, username })
    await Promise.all(names.map((name) => store.confirm(SHARED_TENANT, 'user-1', name)))
    const found = await Promise.all(names.map((name) => store.find(SHARED_TENANT, name)))
    t.equal(found.filter((credential) => credential !== undefined).length, 1)
  })
}

const promisesOfPasswords = (t: Test, make: MakeStore): void => {
  t.test('a password changes when the former one is named, and only then', async (t) => {
    const store = await make(t, () => 0)
    await confirmed(store)
    const change = (tenantId: TenantId, userId: string, from: string) =>
      store.changePassword(tenantId, userId, { from, to: 'hash-3' })
    t.equal(await change(SHARED_TENANT, 'user-1', 'another'), false)
    t.equal(await change(SHARED_TENANT, 'user-2', 'hash-1'), false)
    t.equal(await change(OTHER_TENANT, 'user-1', 'hash-1'), false)
    t.equal((await store.find(SHARED_TENANT, 'ada'))?.passwordHash, 'hash-1')
    t.equal(await change(SHARED_TENANT, 'user-1', 'hash-1'), true)
    t.equal((await store.find(SHARED_TENANT, 'ada'))?.passwordHash, 'hash-3')
  })

  t.test('of two changes of a password at once one is made', async (t) => {
    const store = await make(t, () => 0)
    await confirmed(store)
    const changes = await Promise.all(
      ['hash-3', 'hash-4', 'hash-5'].map((to) =>
        store.changePassword(SHARED_TENANT, 'user-1', { from: 'hash-1', to }),
      ),
    )
    t.equal(changes.filter(Boolean).length, 1)
  })
}

const promisesOfRemoval = (t: Test, make: MakeStore): void => {
  t.test(
    'a removed user has no name any more, reserved or confirmed, and others keep theirs',
    async (t) => {
      const store = await make(t, () => 0)
      await confirmed(store)
      await store.reserve(SHARED_TENANT, lovelace)
      await confirmed(store, { ...impostor, username: 'eve' })
      await store.reserve(OTHER_TENANT, ada)
      await store.remove(SHARED_TENANT, 'user-1')
      await store.remove(SHARED_TENANT, 'user-1')
      for (const username of ['ada', 'lovelace']) {
        t.equal(await store.holderOf(SHARED_TENANT, username), undefined)
      }
      t.equal(await store.findByUser(SHARED_TENANT, 'user-1'), undefined)
      t.equal((await store.find(SHARED_TENANT, 'eve'))?.userId, 'user-2')
      t.equal(await store.holderOf(OTHER_TENANT, 'ada'), 'user-1')
    },
  )
}
