// Whatever was set, set again, deleted and taken before, what is taken is the entry that was set longest ago.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { oldestFirst } from '../../src/core/oldest-first.ts'

type Step = Readonly<{ kind: 'set' | 'move' | 'delete' | 'take' | 'clear'; key: number }>

const MOST_KEYS = 12

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('set', 'set', 'set', 'move', 'delete', 'take', 'take', 'clear'),
  key: fc.nat(MOST_KEYS),
})

t.test('the oldest goes first, after any history of the map', async (t) => {
  let taken = 0
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 80 }), (steps) => {
      const map = new Map<number, number>()
      const takeOldest = oldestFirst(map)
      for (const [turn, { kind, key }] of steps.entries()) {
        if (kind === 'move' || kind === 'delete') map.delete(key)
        if (kind === 'set' || kind === 'move') map.set(key, turn)
        if (kind === 'clear' && key === 0) map.clear()
        if (kind !== 'take') continue
        const [expected, ...others] = [...map]
        if (expected !== undefined) taken += 1
        assert.deepEqual(takeOldest(), expected)
        assert.deepEqual([...map], others)
      }
    }),
    { numRuns: 200 },
  )
  t.ok(taken > 500, 'entries were taken')
})
