// The PostgreSQL adapter keeps the event store's contract on a real server, under the program's own
// role.
import t from 'tap'
import { eventStoreContract } from '../../contracts/event-store.ts'
import { openTestStore } from './event-store-rig.ts'

// One database a case: on a busy machine making them takes longer than the default allows.
const TIMEOUT_MS = 180_000
t.setTimeout(TIMEOUT_MS)

t.test('keeps the contract', { timeout: TIMEOUT_MS }, (t) =>
  eventStoreContract(t, {
    make: async (t) => (await openTestStore(t)).store,
    features: { densePositions: true },
  }),
)
