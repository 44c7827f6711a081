// Words are known only as of the transaction that was seen last, and only so many are kept.
import t from 'tap'
import { createKnownWords } from '../../../src/projections/pets/known-words.ts'

t.test('words are known as of the transaction they were kept with, and of no other', (t) => {
  const known = createKnownWords(10)
  known.keep('a', '7', new Set(['luna']))
  t.strictSame([...known.of('a', '7')], ['luna'])
  t.strictSame([...known.of('b', '7')], [])
  t.strictSame([...known.of('a', '8')], [])
  t.strictSame([...known.of('a', '7')], [], 'once in doubt they are forgotten')
  t.strictSame([...known.of('a', undefined)], [])
  t.end()
})

t.test('beyond the limit the tenant that was kept longest ago is forgotten first', (t) => {
  const known = createKnownWords(4)
  known.keep('a', '1', new Set(['x', 'y']))
  known.keep('b', '1', new Set(['x', 'y']))
  known.keep('a', '2', new Set(['x', 'y']))
  known.keep('c', '1', new Set(['z']))
  t.strictSame([...known.of('b', '1')], [])
  t.strictSame([...known.of('a', '2')], ['x', 'y'])
  t.strictSame([...known.of('c', '1')], ['z'])
  known.keep('d', '1', new Set(['1', '2', '3', '4', '5']))
  t.strictSame([...known.of('d', '1')], [], 'more than the limit is not kept at all')
  t.end()
})
