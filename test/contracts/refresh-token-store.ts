// What every refresh token store promises. `make` gives an empty store on the given clock.
import type { Test } from 'tap'
import type { RefreshTokenStore } from '../../src/core/auth.ts'
import type { Clock } from '../../src/core/clock.ts'
import { SHARED_TENANT, tenantIdSchema } from '../../src/core/ids.ts'

type MakeStore = (t: Test, clock: Clock) => Promise<RefreshTokenStore>

const LIFETIME_MS = 30 * 24 * 3_600_000
const grant = { tenantId: SHARED_TENANT, userId: 'user-1' }

export const refreshTokenStoreContract = (t: Test, make: MakeStore): void => {
  promisesOfRotation(t, make)
  promisesOfRevocation(t, make)
  promisesOfRevokingUsers(t, make)
  promisesOfDelegation(t, make)
}

const promisesOfRotation = (t: Test, make: MakeStore): void => {
  t.test('a token is good once and gives its grant and the next token', async (t) => {
    const store = await make(t, () => 0)
    const tenantId = tenantIdSchema.parse('018f6f3a-0000-7000-8000-000000000001')
    const first = await store.create({ tenantId, userId: 'user-7' })
    const rotated = await store.rotate(first)
    t.strictSame(rotated?.grant, { tenantId, userId: 'user-7' })
    t.not(rotated?.next, first)
    t.ok(await store.rotate(rotated?.next ?? ''))
  })

  t.test('a token has 256 random bits and no two are alike', async (t) => {
    const store = await make(t, () => 0)
    const tokens = await Promise.all(Array.from({ length: 5 }, () => store.create(grant)))
    t.equal(new Set(tokens).size, 5)
    for (const token of tokens) t.match(token, /^[\w-]{43}$/)
  })

  t.test('a token that was never given out is good for nothing', async (t) => {
    const store = await make(t, () => 0)
    await store.create(grant)
    t.equal(await store.rotate('made-up'), undefined)
    t.equal(await store.rotate(''), undefined)
  })

  t.test('a token is good for 30 days and not a millisecond longer', async (t) => {
    let nowMs = 1_000
    const store = await make(t, () => nowMs)
    const first = await store.create(grant)
    const second = await store.create(grant)
    nowMs += LIFETIME_MS - 1
    t.ok(await store.rotate(first))
    nowMs += 1
    t.equal(await store.rotate(second), undefined)
  })
}

const promisesOfRevocation = (t: Test, make: MakeStore): void => {
  t.test('a second use revokes the whole family, and only that one', async (t) => {
    const store = await make(t, () => 0)
    const stolen = await store.create(grant)
    const elsewhere = await store.create(grant)
    const thief = await store.rotate(stolen)
    t.equal(await store.rotate(stolen), undefined)
    t.equal(await store.rotate(thief?.next ?? ''), undefined, 'what the first use got is dead')
    t.ok(await store.rotate(elsewhere), 'the other sign-in is not touched')
  })

  t.test('of two simultaneous uses one wins and the other ends the family', async (t) => {
    const store = await make(t, () => 0)
    for (let round = 0; round < 10; round += 1) {
      const token = await store.create(grant)
      const uses = await Promise.all([store.rotate(token), store.rotate(token)])
      const winners = uses.filter((use) => use !== undefined)
      t.equal(winners.length, 1)
      t.equal(await store.rotate(winners[0]?.next ?? ''), undefined)
    }
  })

  t.test('a reuse that races the rotation of the newest token leaves nothing alive', async (t) => {
    const store = await make(t, () => 0)
    for (let round = 0; round < 10; round += 1) {
      const first = await store.create(grant)
      const second = (await store.rotate(first))?.next ?? ''
      const [, third] = await Promise.all([store.rotate(first), store.rotate(second)])
      t.equal(await store.rotate(third?.next ?? second), undefined)
    }
  })

  t.test('revoking ends the family, by any of its tokens, as often as one likes', async (t) => {
    const store = await make(t, () => 0)
    const first = await store.create(grant)
    const second = (await store.rotate(first))?.next ?? ''
    const elsewhere = await store.create(grant)
    await store.revoke(first)
    await store.revoke(first)
    await store.revoke('made-up')
    t.equal(await store.rotate(second), undefined)
    t.ok(await store.rotate(elsewhere))
  })
}

const promisesOfRevokingUsers = (t: Test, make: MakeStore): void => {
  t.test("revoking a user ends all of that user's sign-ins, and nobody else's", async (t) => {
    const store = await make(t, () => 0)
    const first = await store.create(grant)
    const second = (await store.rotate(await store.create(grant)))?.next ?? ''
    const someoneElse = await store.create({ ...grant, userId: 'user-2' })
    const tenantId = tenantIdSchema.parse('018f6f3a-0000-7000-8000-000000000001')
    const elsewhere = await store.create({ ...grant, tenantId })
    await store.revokeUser(SHARED_TENANT, 'user-1')
    await store.revokeUser(SHARED_TENANT, 'user-1')
    for (const token of [first, second]) t.equal(await store.rotate(token), undefined)
    for (const token of [someoneElse, elsewhere]) t.ok(await store.rotate(token))
    t.ok(await store.rotate(await store.create(grant)), 'who signs in again is in')
  })

  t.test('revoking a user that races a rotation leaves nothing alive', async (t) => {
    const store = await make(t, () => 0)
    for (let round = 0; round < 10; round += 1) {
      const token = await store.create(grant)
      const [rotated] = await Promise.all([
        store.rotate(token),
        store.revokeUser(SHARED_TENANT, 'user-1'),
      ])
      t.equal(await store.rotate(rotated?.next ?? token), undefined)
    }
  })

  t.test('an eleventh sign-in ends the one that was used longest ago', async (t) => {
    let nowMs = 0
    const store = await make(t, () => (nowMs += 1))
    const tokens: string[] = []
    for (let index = 0; index < 10; index += 1) tokens.push(await store.create(grant))
    const renewed = await store.rotate(tokens[0] ?? '')
    const someoneElse = await store.create({ ...grant, userId: 'user-2' })
    await store.create(grant)
    t.equal(await store.rotate(tokens[1] ?? ''), undefined, 'the oldest ended')
    for (const token of [renewed?.next, tokens[2], tokens[9], someoneElse]) {
      t.ok(await store.rotate(token ?? ''), 'the others live')
    }
  })
}

const CLIENT = { clientId: 'client-1', scopes: ['read:pets'] } as const
const delegated = { ...grant, delegation: CLIENT }

const promisesOfDelegation = (t: Test, make: MakeStore): void => {
  t.test(
    'a token that was given to a client keeps its scopes, and is good for it only',
    async (t) => {
      const store = await make(t, () => 0)
      const first = await store.create(delegated)
      const rotated = await store.rotate(first, 'client-1')
      t.strictSame(rotated?.grant, delegated)
      t.strictSame(await store.find(rotated?.next ?? ''), delegated)
      t.equal(await store.rotate(rotated?.next ?? '', 'client-2'), undefined)
      t.equal(await store.rotate(rotated?.next ?? '', 'client-1'), undefined, 'it had leaked')
      t.equal(await store.rotate(await store.create(delegated)), undefined)
      t.equal(await store.rotate(await store.create(grant), 'client-1'), undefined)
    },
  )

  t.test('looking at a token uses nothing up', async (t) => {
    const store = await make(t, () => 0)
    const token = await store.create(grant)
    t.strictSame(await store.find(token), grant)
    t.equal(await store.find('made-up'), undefined)
    t.ok(await store.rotate(token))
    t.strictSame(await store.find(token), grant, 'also when it was used')
  })

  t.test('a family that was named is ended by its name, and no other', async (t) => {
    const store = await make(t, () => 0)
    const family = '018f6f3a-0000-7000-8000-00000000000f'
    const first = await store.create(delegated, family)
    const next = (await store.rotate(first, 'client-1'))?.next ?? ''
    const other = await store.create(delegated)
    await store.revokeFamily(grant, '018f6f3a-0000-7000-8000-0000000000ff')
    await store.revokeFamily(grant, family)
    t.equal(await store.rotate(next, 'client-1'), undefined)
    t.ok(await store.rotate(other, 'client-1'))
  })
}
