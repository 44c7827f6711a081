// Pets for the read benchmark: any number, in 200 tenants whose sizes follow Zipf's law, folded by the
// real projection. The log is left out: what is measured is reading.
import { uuidV7 } from '../../src/adapters/system/ids.ts'
import type { TenantId } from '../../src/core/ids.ts'
import { tenantIdSchema } from '../../src/core/ids.ts'
import type { StoredEvent } from '../../src/core/event.ts'
import type { SqlDatabase } from '../../src/core/sql.ts'
import { demoPet } from '../../src/demo/demo-data.ts'
import { type Random, seededRandom } from '../../src/demo/random.ts'
import { createTable } from '../../src/projections/install.ts'
import { petsProjection } from '../../src/projections/pets/fold.ts'
import { liveTarget } from '../../src/projections/projection.ts'
import { finishTables } from '../../src/projections/rebuild-switch.ts'

const TENANTS = 200
const PAGE = 4_000
const START_MS = Date.UTC(2026, 0, 1)

export type Population = Readonly<{
  tenants: readonly TenantId[]
  /** A tenant, drawn by its number of pets. */
  draw: (random: Random) => TenantId
  sheltersOf: (tenant: TenantId) => readonly string[]
}>

const tenantNumber = (index: number): TenantId =>
  tenantIdSchema.parse(`01990000-0000-7000-8000-${(index + 1).toString(16).padStart(12, '0')}`)

export const population: Population = (() => {
  const tenants = Array.from({ length: TENANTS }, (_, index) => tenantNumber(index))
  const weights = tenants.map((_, index) => 1 / (index + 1))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const draw = (random: Random): TenantId => {
    let left = random.next() * total
    const index = weights.findIndex((weight) => (left -= weight) < 0)
    return tenants[Math.max(index, 0)] ?? tenantNumber(0)
  }
  const sheltersOf = (tenant: TenantId) =>
    [1, 2, 3, 4].map((site) => `${tenant.slice(0, -2)}${site}f`)
  return { tenants, draw, sheltersOf }
})()

/** Into an empty database; as a rebuild does it, indexes and statistics come last. */
export const fill = async (database: SqlDatabase, pets: number): Promise<void> => {
  const target = liveTarget(petsProjection)
  await database.transaction(async (tx) => {
    for (const table of petsProjection.tables) await createTable(tx, table, target)
  })
  const pages = pagesOf(pets)
  let written: Promise<unknown> = Promise.resolve()
  for (const page of pages) {
    await written
    // Two lanes of tenants at once, and the next page is made meanwhile; no row is of both lanes.
    const lanes = [0, 1].map((lane) =>
      page.filter(({ tenantId }) => tenantId.charCodeAt(35) % 2 === lane),
    )
    written = Promise.all(
      lanes.map((events) => database.transaction((tx) => petsProjection.apply(tx, target, events))),
    )
    written.catch(() => {}) // heard when it is awaited
  }
  await written
  await finishTables(database, petsProjection, target)
}

export function* pagesOf(pets: number): Generator<readonly StoredEvent[]> {
  const random = seededRandom(7)
  let now = START_MS
  const ids = uuidV7(() => (now += 9))
  for (let done = 0; done < pets; done += PAGE) {
    yield Array.from({ length: Math.min(PAGE, pets - done) }, (_, index) => {
      const tenantId = population.draw(random)
      const { admit } = demoPet(random, random.pick(population.sheltersOf(tenantId)), now)
      const id = ids()
      const at = new Date(now).toISOString()
      return {
        position: done + index + 1,
        tenantId,
        category: 'pet',
        streamId: id,
        version: 1,
        eventId: id,
        type: 'pet.admitted',
        schemaVersion: 1,
        data: { ...admit },
        metadata: { actor: { kind: 'system', id: 'bench' }, correlationId: id, causationId: null },
        occurredAt: at,
        recordedAt: at,
      }
    })
    if (done % 100_000 === 0 && done > 0) process.stdout.write(`  ${done} pets\n`)
  }
}
