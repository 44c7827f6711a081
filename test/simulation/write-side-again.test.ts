// A second row of runs of the whole write side, with other seeds.
import t from 'tap'
import { keepEveryPromise } from './seeds.ts'

const TIMEOUT_MS = 330_000
t.setTimeout(TIMEOUT_MS)

t.test('whatever comes between, every promise is kept', { timeout: TIMEOUT_MS }, (t) =>
  keepEveryPromise(t, { runs: 1_000, firstSeed: 1_001 }),
)
