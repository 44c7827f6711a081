// Equality of JSON values, on which it rests whether something is recorded.
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { changedFields, sameJson } from '../../src/commands/changes.ts'

void t.test('a value equals its copy, and no other value', async (t) => {
  const few = fc.object({
    key: fc.constantFrom('a', 'b'),
    values: [fc.constantFrom(0, 1, '0', null, false)],
    maxDepth: 2,
    maxKeys: 2,
    withBigInt: false,
  })
  let sameOnes = 0
  fc.assert(
    fc.property(few, few, fc.jsonValue(), (one, other, any) => {
      const isSame = sameJson(one, other)
      if (isSame) sameOnes += 1
      return isSame === isDeepStrictEqual(one, other) && sameJson(any, structuredClone(any))
    }),
    { seed: 20260822, numRuns: 2_000 },
  )
  t.ok(sameOnes > 10, 'equal pairs were among them')
  for (const [one, other] of [
    [{ a: 1 }, { a: 2 }],
    [{ a: 1 }, { b: 1 }],
    [{ a: 1 }, { a: 1, b: 2 }],
    [
      [1, 2],
      [2, 1],
    ],
    [[1], { 0: 1 }],
    [[], {}],
    [null, {}],
    ['1', 1],
    [{ a: { b: [1, { c: null }] } }, { a: { b: [1, { c: false }] } }],
  ]) {
    t.notOk(sameJson(one, other), JSON.stringify([one, other]))
  }
})

void t.test('neither the order of members nor undefined ones make a difference', async (t) => {
  t.ok(sameJson({ a: 1, b: [{ c: 2 }] }, { b: [{ c: 2, d: undefined }], a: 1 }))
})

void t.test('a change to null is a change, an undefined one is none', async (t) => {
  const current = { name: 'Luna', breed: 'Siamese', tags: ['a'] }
  t.equal(
    changedFields<Partial<typeof current>>(current, { name: undefined, tags: ['a'] }),
    undefined,
  )
  t.strictSame(
    changedFields<Record<string, unknown>>(current, { name: 'Luna', breed: null, tags: ['b'] }),
    { breed: null, tags: ['b'] },
  )
})
