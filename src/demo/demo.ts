// The demo that a first start comes with: begun in an empty store only, and finished by the next start when a start
// was killed meanwhile. What somebody else has written to the store since, or the time, leaves it as it is.
import { type EventStore, MAX_LOG_PAGE } from '../core/event-store.ts'
import type { StoredEvent } from '../core/event.ts'
import { SHARED_TENANT, type TenantId, tenantIdSchema } from '../core/ids.ts'
import { FIRST_STEP, keyOf, LAST_STEP, type SeedDependencies, SEEDER, seedTenant } from './seed.ts'
import { SITES } from './vocabulary.ts'

/** The organisation that a first start comes with. */
export const DEMO_TENANT: TenantId = tenantIdSchema.parse('01990000-0000-7000-8000-00000000d090')

const CORRELATION_ID = '01990000-0000-7000-8000-00000000d091'
const ONCE = 'demo'
// As long as every store remembers keys: later, a step that is done could not be told from one that is not.
const MAX_AGE_MS = 86_400_000 - 600_000

const EACH = { pets: 160, correlationId: CORRELATION_ID, once: ONCE } as const

/** The shared pool and a demo tenant, two of the four shelters and half of the pets each. */
const FIRST = { ...EACH, tenantId: SHARED_TENANT, sites: SITES.slice(0, 2), seed: 20_260_822 }
const LAST = { ...EACH, tenantId: DEMO_TENANT, sites: SITES.slice(2), seed: 20_260_823 }

type Dependencies = SeedDependencies &
  Readonly<{ eventStore: Pick<EventStore, 'readAll' | 'findByKey'> }>

/** False: there was nothing to do. */
export const seedDemo = async (dependencies: Dependencies): Promise<boolean> => {
  if (!(await isWanted(dependencies))) return false
  for (const seed of [FIRST, LAST]) await seedTenant(dependencies, seed)
  return true
}

const isWanted = async ({ eventStore, clock }: Dependencies): Promise<boolean> => {
  const { events } = await eventStore.readAll({ after: 0, limit: MAX_LOG_PAGE })
  const [first] = events
  if (first === undefined) return true
  if (events.length === MAX_LOG_PAGE || !events.every(isOfDemo)) return false
  if (clock() - Date.parse(first.recordedAt) >= MAX_AGE_MS) return false
  // A clock that was set back makes nothing young again: the first step's key is the first to be forgotten.
  const isDone = async (tenantId: TenantId, step: string): Promise<boolean> =>
    (await eventStore.findByKey(tenantId, keyOf(ONCE, step))) !== undefined
  return (await isDone(FIRST.tenantId, FIRST_STEP)) && !(await isDone(LAST.tenantId, LAST_STEP))
}

/** A policy's reaction is not: it comes once a server has run, and nothing is added from then on. */
const isOfDemo = ({ metadata: { actor, correlationId } }: StoredEvent): boolean =>
  correlationId === CORRELATION_ID && (actor.kind === 'user' || actor.id === SEEDER)
