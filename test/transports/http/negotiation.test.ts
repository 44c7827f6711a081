// Who takes JSON: as the Accept field says, whatever spaces it has.
import fc from 'fast-check'
import t from 'tap'
import { takesJson } from '../../../src/transports/http/negotiation.ts'

t.test('JSON is taken by who names it, or everything of its kind, and does not refuse it', (t) => {
  const taken = ['', '*/*', 'application/json', 'application/*', 'text/html, */*;q=0.1']
  for (const accept of [undefined, ...taken, 'APPLICATION/JSON ; q=1']) {
    t.equal(takesJson(accept), true, String(accept))
  }
  for (const accept of ['text/html', 'application/json;q=0', '*/* ; q=0.00', 'application/jsonp']) {
    t.equal(takesJson(accept), false, accept)
  }
  t.end()
})

t.test('spaces around what is accepted, and around its weight, change nothing', (t) => {
  const space = fc.constantFrom('', ' ', '\t', '  ')
  const range = fc.constantFrom('*/*', 'application/json', 'application/*', 'text/html', '*/json')
  const weight = fc.constantFrom('', ';q=0', ';q=0.0', ';q=0.5', ';level=1')
  const item = fc.tuple(range, space, weight, space, space)
  const property = fc.property(fc.array(item, { minLength: 1, maxLength: 4 }), (items) => {
    const plain = items.map(([name, , q]) => name + q).join(',')
    const spaced = items.map(([name, a, q, b, c]) => `${c}${name}${a}${q}${b}`).join(',')
    return takesJson(plain) === takesJson(spaced)
  })
  t.doesNotThrow(() => fc.assert(property))
  t.end()
})

t.test('a field of a million spaces is read to its end', (t) => {
  // Were a space tried in two places, this would be as many steps as a million has times a million.
  const spaces = ' '.repeat(1_000_000)
  for (const begin of ['*/*', 'application/json', 'text/html', '*/* ;q=0,']) {
    t.equal(takesJson(`${begin}${spaces}x`), false, begin)
  }
  t.equal(takesJson(`*/*;${spaces}x`), true)
  t.end()
})
