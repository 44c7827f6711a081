// Tests with errors that nobody awaits, each of which must fail the test that it comes from; told what to do by
// test/architecture/stray-errors.test.ts, which reads what is printed.
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'

const LATER_MS = 10
const LONG_ENOUGH_MS = 100

const fail = (message: string): never => {
  throw new Error(message)
}

void t.test('nothing is wrong', async (t) => t.ok(true))
void t.test('a timer throws', async () => {
  setTimeout(() => fail('in a timer'), LATER_MS)
  await delay(LONG_ENOUGH_MS)
})
void t.test('a promise is rejected', async () => {
  void Promise.reject(new Error('in a promise'))
  await delay(LONG_ENOUGH_MS)
})
void t.test('around others', async (t) => {
  await t.test('its inner one throws', async () => {
    await delay(LATER_MS)
    process.nextTick(() => fail('in a tick'))
    await delay(LONG_ENOUGH_MS)
  })
  await t.test('it is over when it throws', async () => {
    setTimeout(() => fail('too late'), LATER_MS)
  })
  await t.test('another goes on meanwhile', () => delay(LONG_ENOUGH_MS))
})
