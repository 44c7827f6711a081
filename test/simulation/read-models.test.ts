// Simulated logs through the real projections: read a few events at a time, with restarts that read some again, the
// tables are the same as after one replay in one go.
import t from 'tap'
import { decodeEvent } from '../../src/events/codec.ts'
import type { StoredEvent } from '../../src/core/event.ts'
import { liveTarget, type Projection } from '../../src/projections/projection.ts'
import { projections } from '../../src/projections/registry.ts'
import { contents, emptyTables } from '../projections/support.ts'
import { testDatabase } from '../support/database.ts'
import { createScheduler } from './scheduler.ts'
import { simulate } from './simulate.ts'

const SEEDS = [11, 22, 33, 44, 55, 66, 77, 88]
const LARGEST_PAGE = 5

const { database, admin } = await testDatabase(t, { installed: true })

const apply = async (projection: Projection, events: readonly StoredEvent[]): Promise<void> => {
  if (events.length === 0) return
  await database.transaction((tx) => projection.apply(tx, liveTarget(projection), events))
}

const inPages = async (
  projection: Projection,
  events: readonly StoredEvent[],
  seed: number,
): Promise<void> => {
  const { chance } = createScheduler({ seed, startMs: 0, stall: { probability: 0, longestMs: 0 } })
  for (let at = 0; at < events.length;) {
    const size = chance.between(1, LARGEST_PAGE)
    await apply(projection, events.slice(at, at + size))
    if (!chance.is(0.1)) at += size // now and then the same page comes again
  }
}

const rows = new Map<string, number>()

for (const seed of SEEDS) {
  t.test(`seed ${seed}: page by page equals one replay`, async (t) => {
    const { log } = await simulate(seed)
    const decoded = log.map(decodeEvent)
    for (const projection of projections) {
      const events = decoded.filter(({ category }) => projection.categories.includes(category))
      const target = liveTarget(projection)
      await emptyTables(admin, projection, target)
      await apply(projection, events)
      const replayed = await contents(admin, projection, target)
      await emptyTables(admin, projection, target)
      await inPages(projection, events, seed)
      t.strictSame(await contents(admin, projection, target), replayed, projection.name)
      rows.set(
        projection.name,
        (rows.get(projection.name) ?? 0) + Object.values(replayed).flat().length,
      )
    }
  })
}

t.test('the runs did fill the tables', async (t) => {
  for (const name of ['pets', 'orders', 'adoptions']) t.ok((rows.get(name) ?? 0) > 0, name)
})
