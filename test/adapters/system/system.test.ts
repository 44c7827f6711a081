// Identifiers, time and randomness from the machine.
import fc from 'fast-check'
import t from 'tap'
import { systemClock } from '../../../src/adapters/system/clock.ts'
import { uuidV7 } from '../../../src/adapters/system/ids.ts'
import { randomToken } from '../../../src/adapters/system/random.ts'
import { isUuid } from '../../../src/core/ids.ts'

const timeOf = (id: string): number => parseInt(id.replaceAll('-', '').slice(0, 12), 16)

t.test('an id is a UUID of version 7 that carries the time of the clock', async (t) => {
  const id = uuidV7(() => 1_766_000_000_123)()
  t.ok(isUuid(id))
  t.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  t.equal(timeOf(id), 1_766_000_000_123)
})

t.test('ids of one generator rise strictly, whatever the clock does', async (t) => {
  const result = fc.check(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 2 ** 47 }), { minLength: 2, maxLength: 200 }),
      (times) => {
        let index = 0
        const next = uuidV7(() => times[index++] ?? 0)
        const ids = times.map(() => next())
        return ids.every((id, place) => place === 0 || id > (ids[place - 1] ?? ''))
      },
    ),
    { seed: 7 },
  )
  t.equal(result.failed, false, fc.defaultReportMessage(result) ?? 'held')
})

t.test('ten thousand ids in one millisecond rise strictly and none repeats', async (t) => {
  const next = uuidV7(() => 1_766_000_000_000)
  const ids = Array.from({ length: 10_000 }, next)
  t.strictSame(ids, [...ids].sort())
  t.equal(new Set(ids).size, ids.length)
  t.ok(timeOf(ids.at(-1) ?? '') <= 1_766_000_000_010, 'and they stay near the clock')
})

t.test('two generators at the same time give different ids', async (t) => {
  const clock = () => 1_766_000_000_000
  t.not(uuidV7(clock)(), uuidV7(clock)())
})

t.test('a token is base64url text of the bytes asked for', async (t) => {
  t.match(randomToken(32), /^[A-Za-z0-9_-]{43}$/)
  t.not(randomToken(32), randomToken(32))
})

t.test('the system clock is in milliseconds', async (t) => {
  t.ok(systemClock() > 1_700_000_000_000)
})
