// What people type: understood, or refused with a sentence before anything is done.
import t from 'tap'
import {
  checkArguments,
  parseCount,
  parseLifetime,
  parseScopes,
  parseTenant,
  valuesOf,
} from '../../src/cli/arguments.ts'
import { eventLine } from '../../src/cli/event-line.ts'
import { line, progressBar } from '../../src/cli/progress-bar.ts'
import { table } from '../../src/cli/terminal.ts'
import { stripVTControlCharacters } from 'node:util'

const definition = {
  name: { type: 'positional' },
  tenant: { type: 'string' },
  json: { type: 'boolean' },
} as const

t.test('options that exist, in either form, are let through', async (t) => {
  checkArguments(['pets', '--tenant', 'shared', '--tenant=x', '--json'], definition)
  t.pass('no refusal')
})

for (const [argv, message] of [
  [['--tenat', 'x'], /there is no option --tenat/],
  [['-t', 'x'], /there is no option -t/],
  [['--name', 'x'], /there is no option --name/],
  [['--tenant'], /--tenant needs a value/],
  [['--tenant', '--json'], /--tenant needs a value/],
  [['a', 'b'], /"b" is one word too many/],
] as const) {
  t.test(`"${argv.join(' ')}" is refused`, async (t) => {
    t.throws(() => checkArguments(argv, definition), { message, exit: 'usage' })
  })
}

t.test('a repeated option and a list of values are the same', async (t) => {
  const expected = ['a', 'b', 'c']
  t.strictSame(valuesOf(['--x', 'a', '--y', 'q', '--x=b,c'], 'x'), expected)
  t.strictSame(valuesOf(['--x', 'a b  c'], 'x'), expected)
  t.strictSame(valuesOf([], 'x'), [])
})

t.test('tenants, scopes, times and counts are checked', async (t) => {
  t.equal(parseTenant('shared'), 'shared')
  t.throws(() => parseTenant('acme'), { message: /neither shared nor a UUID/ })
  t.strictSame(parseScopes(['read:pets', 'admin']), ['read:pets', 'admin'])
  t.throws(() => parseScopes(['read:cats']), {
    message: /no scope "read:cats"; the scopes are read:pets/,
  })
  t.strictSame(['90s', '30m', '24h', '7d'].map(parseLifetime), [90, 1_800, 86_400, 604_800])
  for (const bad of ['24', '0h', '2w', '367d', '']) {
    t.throws(() => parseLifetime(bad), { message: /is not a time like/ })
  }
  t.equal(parseCount('20', 'pets', 100), 20)
  for (const bad of ['0', '101', '1e1', '-3']) {
    t.throws(() => parseCount(bad, 'pets', 100), { message: /from 1 to 100/ })
  }
})

t.test('an event is one line, cut to the width, and cannot steer the terminal', async (t) => {
  const json = JSON.stringify({
    type: 'pet.admitted',
    subject: 'pets/1',
    time: '2026-08-22T10:00:00.123Z',
    data: { name: 'Lu\u001b[31mna\u009b2J', note: 'x'.repeat(500) },
  })
  const shown = stripVTControlCharacters(eventLine(json, 80))
  t.equal(shown.length, 80)
  t.match(shown, /^10:00:00\.123 pet\.admitted {13}pets\/1 \{"name":"Lu/)
  t.notMatch(eventLine(json, 80), /\u009b/)
  t.equal(eventLine('no json\u0007', 80), 'no json ')
})

t.test('progress shows its share and the time that is left', async (t) => {
  t.match(
    line({ position: 50, target: 200, events: 40 }, 10_000),
    /█{7}░{21} 25% 40 events 30s left$/,
  )
  t.match(line({ position: 0, target: 200, events: 0 }, 10_000), / 0% 0 events$/)
  t.match(line({ position: 7, target: 0, events: 0 }, 10), / 100% 0 events 0s left$/)
  let nowMs = 0
  let written = 0
  const bar = progressBar({ label: 'pets', nowMs: () => nowMs, write: () => (written += 1) })
  for (let position = 0; position < 50; position += 1)
    bar.show({ position, target: 100, events: 1 })
  t.equal(written, 1, 'it is not drawn more often than can be seen')
  nowMs = 1_000
  bar.show({ position: 60, target: 100, events: 1 })
  bar.show({ position: 100, target: 100, events: 1 })
  t.equal(written, 3, 'the end is always drawn')
})

t.test('a table has aligned columns and no trailing blanks', async (t) => {
  t.equal(
    table([
      ['a', 'long'],
      ['wider', 'x'],
    ]),
    'a      long\nwider  x',
  )
})
