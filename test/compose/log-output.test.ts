// The log on an output that is slow, full or gone: nothing waits for it, and nothing is said twice.
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { createLogOutput } from '../../src/compose/log-output.ts'

const LINE = `${'x'.repeat(99)}\n`
const MAX_LINES = Math.floor(1_048_576 / LINE.length)

const refusing = (code: string): never => {
  throw Object.assign(new Error(code), { code })
}

/** An output that takes what it has room for. */
const rig = () => {
  let taken = ''
  const state = { room: Infinity, asked: 0, code: 'EAGAIN', lost: [] as number[] }
  const output = createLogOutput({
    writeBytes: (bytes) => {
      state.asked += 1
      if (state.room === 0) return refusing(state.code)
      const part = bytes.subarray(0, state.room)
      state.room -= part.length
      taken += part.toString('latin1')
      return part.length
    },
    onLost: (lines) => state.lost.push(lines),
  })
  return { output, state, taken: () => taken }
}

const until = async (t: Test, holds: () => boolean): Promise<void> => {
  for (let turn = 0; turn < 500 && !holds(); turn += 1) await delay(10)
  t.ok(holds())
}

t.test('lines are written at once, in order', async (t) => {
  const { output, taken } = rig()
  output.write('one\n')
  output.write('two\n')
  t.equal(taken(), 'one\ntwo\n')
})

for (const code of ['EAGAIN', 'ENOSPC']) {
  t.test(`${code}: what is not taken is written later, once`, async (t) => {
    const { output, state, taken } = rig()
    Object.assign(state, { code, room: 6 })
    output.write('first\n')
    output.write('second\n')
    output.write('third\n')
    t.equal(taken(), 'first\n')
    t.equal(state.asked, 2, 'each line does not try anew')
    state.room = 3
    await until(t, () => taken() === 'first\nsec')
    state.room = Infinity
    await until(t, () => taken() === 'first\nsecond\nthird\n')
    t.strictSame(state.lost, [])
  })
}

t.test('what waits is bounded; how many lines were lost is told when there is room', async (t) => {
  const { output, state, taken } = rig()
  state.room = 0
  for (let line = 0; line < MAX_LINES + 7; line += 1) output.write(LINE)
  t.equal(taken(), '')
  state.room = Infinity
  output.flush()
  t.equal(taken().length, MAX_LINES * LINE.length)
  t.strictSame(state.lost, [7])
  output.write('on\n')
  t.ok(taken().endsWith('\non\n'))
  t.strictSame(state.lost, [7], 'once')
})

t.test('an output whose reader has gone is left alone', async (t) => {
  const { output, state, taken } = rig()
  Object.assign(state, { code: 'EPIPE', room: 0 })
  output.write('nobody hears\n')
  state.room = Infinity
  output.write('nobody hears\n')
  output.flush()
  t.equal(taken(), '')
  t.equal(state.asked, 1)
})
