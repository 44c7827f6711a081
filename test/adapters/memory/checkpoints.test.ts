// The memory adapter keeps the checkpoints' contract, and an adapter that does nothing fails every case of it.
import t from 'tap'
import { createMemoryCheckpoints } from '../../../src/adapters/memory/checkpoints.ts'
import type { Checkpoints } from '../../../src/core/checkpoints.ts'
import { checkpointsCases, checkpointsContract, SHORT_MS } from '../../contracts/checkpoints.ts'
import { fixedClock } from '../../support/fixed-clock.ts'

t.test('keeps the contract', (t) =>
  checkpointsContract(t, async () => {
    const clock = fixedClock()
    return {
      checkpoints: createMemoryCheckpoints({ clock }),
      silence: async () => clock.advance(SHORT_MS + 1),
    }
  }),
)

const doesNothing: Checkpoints = {
  acquire: async () => undefined,
  renew: async () => {},
  advance: async () => {},
  release: async () => {},
  parked: async () => [],
  park: async () => {},
  unpark: async () => {},
}

for (const [title, run] of checkpointsCases) {
  t.test(`one that does nothing fails: ${title}`, (t) =>
    t.rejects(run({ checkpoints: doesNothing, silence: async () => {} })),
  )
}
