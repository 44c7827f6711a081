// Arrays as text say exactly what was put into them.
import fc from 'fast-check'
import pg from 'pg'
import t from 'tap'
import { arrayText } from '../../../src/adapters/postgres/array-text.ts'

// The driver's own reader of text[]; its types name no array's number.
const TEXT_ARRAY = 1009 as Parameters<typeof pg.types.getTypeParser>[0]
const parse = pg.types.getTypeParser(TEXT_ARRAY) as (text: string) => (string | null)[]

t.test('whatever texts an array holds come back as they were', async (t) => {
  const awkward = fc.constantFrom('', 'null', 'NULL', '{}', ',', '"', '\\', '\n', '\u007f', '🐈')
  const texts = fc.oneof(fc.string({ unit: 'grapheme' }), fc.json(), awkward)
  fc.assert(
    fc.property(fc.array(fc.option(texts)), (values) => {
      t.strictSame(parse(arrayText(values) ?? ''), values)
    }),
    { seed: 20_260_822 },
  )
})

t.test('numbers, flags and what is missing need no quotes', async (t) => {
  t.equal(arrayText([1, 2.5, true, false, null, undefined]), '{1,2.5,true,false,NULL,NULL}')
  t.equal(arrayText([]), '{}')
})

t.test('what is no plain value is left to the driver', async (t) => {
  t.equal(arrayText(['a', ['b']]), undefined)
  t.equal(arrayText([new Uint8Array(1)]), undefined)
})
