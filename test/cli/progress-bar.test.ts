// The time that is left is told at the pace so far.
import t from 'tap'
import { line, progressLine, timeLeftMs } from '../../src/cli/progress-bar.ts'

t.test(
  'the time left is that of the pace so far, and unknown before anything is done',
  async (t) => {
    t.equal(timeLeftMs({ position: 25, target: 100 }, 10_000), 30_000)
    t.equal(timeLeftMs({ position: 120, target: 100 }, 10_000), 0)
    t.equal(timeLeftMs({ position: 0, target: 0 }, 10_000), 0)
    t.equal(timeLeftMs({ position: 0, target: 100 }, 10_000), null)
    t.match(line({ position: 25, target: 100, events: 7 }, 10_000), / 25% 7 events 30s left$/)
    t.match(line({ position: 0, target: 100, events: 0 }, 10_000), / 0% 0 events$/)
  },
)

t.test('as data, the time left is whole seconds, and null before it is known', async (t) => {
  const progress = { position: 25, target: 100, events: 7 }
  const told = { kind: 'progress', ...progress, secondsLeft: 30 }
  t.strictSame(progressLine(progress, 10_100), told)
  t.match(progressLine({ ...progress, position: 0 }, 10_100), { secondsLeft: null })
})
