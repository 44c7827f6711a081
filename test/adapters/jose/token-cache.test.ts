// The memory of checked tokens: it saves the check, keeps to its bounds and never outlives what it remembers.
import t from 'tap'
import { cachedVerifier } from '../../../src/adapters/jose/token-cache.ts'
import type { Principal } from '../../../src/core/auth.ts'

const principalUntil = (expiresAtMs: number): Principal => ({
  subject: 'user-1',
  kind: 'user',
  tenants: [],
  scopes: new Set(),
  expiresAtMs,
})

const counting = (answer: (token: string) => Principal | undefined, clock = (): number => 0) => {
  const checked: string[] = []
  const check = async (token: string): Promise<Principal | undefined> => {
    checked.push(token)
    return answer(token)
  }
  return { checked, verifier: cachedVerifier({ check, clock }) }
}

t.test('a token is checked once while it lasts', async (t) => {
  const { checked, verifier } = counting(() => principalUntil(1))
  t.equal(await verifier.verify('a'), await verifier.verify('a'))
  t.strictSame(checked, ['a'])
})

t.test('a bad token is checked again after ten seconds', async (t) => {
  let nowMs = 0
  const { checked, verifier } = counting(
    () => undefined,
    () => nowMs,
  )
  await verifier.verify('a')
  nowMs = 9_999
  await verifier.verify('a')
  t.equal(checked.length, 1)
  nowMs = 10_000
  await verifier.verify('a')
  t.equal(checked.length, 2)
})

t.test('a flood of bad tokens does not make the good ones be checked again', async (t) => {
  const { checked, verifier } = counting((token) =>
    token === 'good' ? principalUntil(1) : undefined,
  )
  await verifier.verify('good')
  for (let index = 0; index < 3_000; index += 1) await verifier.verify(`bad ${index}`)
  await verifier.verify('good')
  t.equal(checked.filter((token) => token === 'good').length, 1)
  await verifier.verify('bad 0')
  t.equal(
    checked.filter((token) => token === 'bad 0').length,
    2,
    'the memory of bad ones is bounded',
  )
})

t.test(
  'ten thousand good tokens are remembered, and the least recently used goes first',
  async (t) => {
    const { checked, verifier } = counting(() => principalUntil(1))
    for (let index = 0; index < 10_000; index += 1) await verifier.verify(`${index}`)
    await verifier.verify('0')
    await verifier.verify('one more')
    await verifier.verify('0')
    t.equal(checked.length, 10_001)
    await verifier.verify('1')
    t.equal(checked.length, 10_002)
  },
)

t.test('a check that throws is not remembered', async (t) => {
  let broken = true
  const verifier = cachedVerifier({
    clock: () => 0,
    check: async () => {
      if (broken) throw new Error('broken')
      return principalUntil(1)
    },
  })
  await t.rejects(verifier.verify('a'), { message: 'broken' })
  broken = false
  t.ok(await verifier.verify('a'))
})
