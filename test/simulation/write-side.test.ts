// The whole write side under everything that can come between: seeded runs, each with buyers, applicants and staff,
// processes that die, stand still or run side by side, policies that begin again, calls that go wrong.
// Arguments: how many runs, and the seed of the first one; `... write-side.test.ts 1 4711` replays run 4711 and
// prints its log.
import t from 'tap'
import { keepEveryPromise, line } from './seeds.ts'
import { simulate } from './simulate.ts'

const [runs = 1_000, firstSeed = 1] = process.argv.slice(2).map(Number)

// A thousand runs take longer than the default allows, more so on a busy machine.
const TIMEOUT_MS = 230_000 + runs * 100
t.setTimeout(TIMEOUT_MS)

t.test('whatever comes between, every promise is kept', { timeout: TIMEOUT_MS }, (t) =>
  keepEveryPromise(t, { runs, firstSeed }),
)

t.test('a run is the same again under its seed', async (t) => {
  const [first, second] = [await simulate(4711), await simulate(4711)]
  t.ok(first.log.length > 5)
  t.strictSame(first.log.map(line), second.log.map(line))
  t.equal(first.steps, second.steps)
})
