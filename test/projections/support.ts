// What the projections' tests share: a log in memory, random lives of pets, and the rows of a set of tables.
import fc from 'fast-check'
import { createMemoryEventStore } from '../../src/adapters/memory/event-store.ts'
import { systemClock } from '../../src/adapters/system/clock.ts'
import type { EventStore } from '../../src/core/event-store.ts'
import type { StoredEvent } from '../../src/core/event.ts'
import { SHARED_TENANT, type TenantId, tenantIdSchema } from '../../src/core/ids.ts'
import type { JsonObject } from '../../src/core/json.ts'
import type { SqlDatabase } from '../../src/core/sql.ts'
import { noMetrics } from '../../src/core/metrics.ts'
import { silentLogger } from '../../src/core/logger.ts'
import { decodeEvent } from '../../src/events/codec.ts'
import { evolvePet, noPet, type PetState } from '../../src/events/pet-state.ts'
import { petAdmitted, type PetEvent, type PetProfile } from '../../src/events/pet.ts'
import type { Projection, Target } from '../../src/projections/projection.ts'
import { tableName } from '../../src/projections/projection.ts'
import type { ReadModelMove } from '../../src/projections/runner/checkpoint.ts'
import type { RunnerOptions } from '../../src/projections/runner/options.ts'
import { type Runner, startRunner } from '../../src/projections/runner/runner.ts'

export const TENANTS: readonly TenantId[] = [
  SHARED_TENANT,
  tenantIdSchema.parse('0199f3a0-7c1e-7a01-8000-00000000000a'),
  tenantIdSchema.parse('0199f3a0-7c1e-7a01-8000-00000000000b'),
]
const SHELTERS = ['0199f3a0-7c1e-7a01-8000-0000000000a1', '0199f3a0-7c1e-7a01-8000-0000000000a2']

export const sampleProfile: PetProfile = petAdmitted.sample.profile

export const memoryLog = (): EventStore => createMemoryEventStore({ clock: systemClock })

let eventNumber = 0
export const append = async (
  store: EventStore,
  to: Readonly<{ tenantId: TenantId; category: string; id: string }>,
  events: readonly Readonly<{
    type: string
    data: unknown
    occurredAt?: string
    schemaVersion?: number
  }>[],
): Promise<number> => {
  const outcome = await store.append({
    stream: to,
    expectedVersion: 'any',
    metadata: { actor: { kind: 'system', id: 'test' }, correlationId: 'test', causationId: null },
    events: events.map(({ type, data, occurredAt, schemaVersion }) => ({
      eventId: `0199f3a0-7c1e-7a01-8000-${String((eventNumber += 1)).padStart(12, '0')}`,
      type,
      schemaVersion: schemaVersion ?? 1,
      data: data as JsonObject,
      occurredAt: occurredAt ?? '2026-08-22T10:00:00.123Z',
    })),
  })
  if (outcome.kind !== 'appended') throw new Error(`not appended: ${outcome.kind}`)
  return outcome.position
}

export const petId = (number: number): string =>
  `0199f3a0-7c1e-7a01-8000-${String(number).padStart(12, '0')}`

export const admission = (
  profile: Partial<PetProfile> = {},
  status: 'AVAILABLE' | 'NOT_AVAILABLE' = 'AVAILABLE',
): Readonly<{
  type: 'pet.admitted'
  data: Extract<PetEvent, { type: 'pet.admitted' }>['data']
}> => ({
  type: 'pet.admitted',
  data: { ...petAdmitted.sample, status, profile: { ...sampleProfile, ...profile } },
})

const orNull = <T>(values: readonly T[]): fc.Arbitrary<T | null> => fc.constantFrom(...values, null)
const flag = fc.constantFrom(true, false, null)

export const NAMES = ['Luna', 'Milo', 'Bella', 'Émile', 'Zoë', 'Rex', 'luna belle', 'Max']
export const BREEDS = ['Labrador Retriever', 'labrador retriever', 'Beagle', 'Domestic Shorthair']

export const profileArbitrary: fc.Arbitrary<PetProfile> = fc.record({
  name: fc.constantFrom(...NAMES),
  species: fc.constantFrom('DOG', 'CAT', 'RABBIT', 'BIRD', 'REPTILE', 'OTHER'),
  breed: orNull(BREEDS),
  ageMonths: fc.integer({ min: 0, max: 8 }),
  size: orNull(['SMALL', 'MEDIUM', 'LARGE'] as const),
  color: orNull(['Black', 'black', 'Tabby']),
  gender: orNull(['MALE', 'FEMALE', 'UNKNOWN'] as const),
  goodWithKids: flag,
  goodWithDogs: flag,
  goodWithCats: flag,
  price: fc.constantFrom('0.00', '9.50', '75.00', '100.00'),
  currency: fc.constant('USD'),
  description: orNull(['Loves "sunny" windows\\.', 'A calm friend', 'Plays with children']),
  temperament: orNull(['playful, affectionate', 'shy']),
  medicalInfo: fc.option(
    fc.record({
      spayedNeutered: flag,
      vaccinated: flag,
      microchipped: flag,
      specialNeeds: flag,
      healthNotes: orNull(['ok']),
    }),
  ),
  vaccinations: fc.constantFrom([], ['rabies']),
  microchipId: orNull(['985112004567890']),
  shelterId: orNull(SHELTERS),
  intakeDate: fc.constantFrom('2026-01-01', '2026-02-03', '2026-03-05'),
})

const SAMPLE_INTAKE = petAdmitted.sample.intake

/** One step of a pet's life, as far as its state allows: undefined when the step is none. */
const stepArbitrary = fc.record({
  choice: fc.integer({ min: 0, max: 9 }),
  profile: profileArbitrary,
})
type Step = Readonly<{ choice: number; profile: PetProfile }>

const nextEvent = (
  state: PetState,
  { choice, profile }: Step,
): Omit<PetEvent, 'occurredAt'> | undefined => {
  if (state.kind === 'removed') return undefined
  if (state.kind === 'none') return admission(profile, choice > 7 ? 'NOT_AVAILABLE' : 'AVAILABLE')
  const previousStatus = state.status
  const reason = null
  const cause = { kind: 'order', id: 'o1' } as const
  if (choice === 0) return { type: 'pet.removed', data: { previousStatus, reason } }
  if (choice === 1) {
    const photo = { kind: 'blob', name: 'a b.jpg', contentType: 'image/jpeg' } as const
    return { type: 'pet.photo_added', data: { photo, description: null } }
  }
  if (choice <= 4) {
    const { name, breed, ageMonths, shelterId } = profile
    return { type: 'pet.updated', data: { changes: { name, breed, ageMonths, shelterId } } }
  }
  if (!state.inCare) {
    const status = 'AVAILABLE'
    return { type: 'pet.returned', data: { previousStatus, status, reason, intake: SAMPLE_INTAKE } }
  }
  const date = '2026-09-01'
  if (choice === 5) {
    const outcome = { kind: 'TRANSFER_OUT', date, destination: null } as const
    return {
      type: 'pet.outcome_recorded',
      data: { previousStatus, status: 'NOT_AVAILABLE', reason, ...outcome },
    }
  }
  if (state.status === 'PENDING') {
    const adopted = { status: 'ADOPTED', cause, adopterId: null, date } as const
    return { type: 'pet.adopted', data: { previousStatus, reason, ...adopted } }
  }
  const status = choice <= 8 ? 'PENDING' : 'NOT_AVAILABLE'
  return { type: 'pet.status_changed', data: { previousStatus, status, reason, cause } }
}

export type Life = Readonly<{ tenantId: TenantId; petId: string; version: number; state: PetState }>
export type History = Readonly<{ events: readonly StoredEvent[]; lives: readonly Life[] }>

/** Interleaved lives of pets in several tenants, as the log would give them, and what they come to. */
export const historyArbitrary = (
  options: Readonly<{ pets: number; maxSteps: number; minSteps?: number }>,
): fc.Arbitrary<History> =>
  fc
    .array(
      fc.record({
        pet: fc.integer({ min: 0, max: options.pets - 1 }),
        step: stepArbitrary,
        minute: fc.integer({ min: 0, max: 5 }),
      }),
      { minLength: options.minSteps ?? 0, maxLength: options.maxSteps },
    )
    .map((steps) => historyOf(steps))

const historyOf = (
  steps: readonly Readonly<{ pet: number; step: Step; minute: number }>[],
): History => {
  const lives = new Map<number, Life>()
  const events: StoredEvent[] = []
  for (const { pet, step, minute } of steps) {
    const tenantId = TENANTS[pet % TENANTS.length] ?? SHARED_TENANT
    const life = lives.get(pet) ?? { tenantId, petId: petId(pet), version: 0, state: noPet }
    const next = nextEvent(life.state, step)
    if (next === undefined) continue
    const occurredAt = `2026-08-22T10:0${minute}:00.000Z`
    const version = life.version + 1
    lives.set(pet, {
      ...life,
      version,
      state: evolvePet(life.state, { ...next, occurredAt } as PetEvent),
    })
    events.push(stored(events.length + 1, { ...life, version }, { ...next, occurredAt }))
  }
  return { events, lives: [...lives.values()] }
}

const stored = (
  position: number,
  life: Pick<Life, 'tenantId' | 'petId' | 'version'>,
  event: Readonly<{ type: string; data: unknown; occurredAt: string }>,
): StoredEvent => ({
  position,
  tenantId: life.tenantId,
  category: 'pet',
  streamId: life.petId,
  version: life.version,
  eventId: petId(position),
  type: event.type,
  schemaVersion: 1,
  data: event.data as JsonObject,
  metadata: { actor: { kind: 'system', id: 'test' }, correlationId: 'test', causationId: null },
  occurredAt: event.occurredAt,
  recordedAt: event.occurredAt,
})

/** Everything in a projection's tables, in a fixed order; cells of cubes that came to zero are left out. */
export const contents = async (
  database: SqlDatabase,
  projection: Projection,
  target: Target,
): Promise<Readonly<Record<string, readonly unknown[]>>> => {
  const tables = projection.tables.map(async (table) => {
    const name = tableName(table.name, target)
    const nonZero = table.columns.includes('count int') ? 'where count <> 0' : ''
    const text = `select * from ${name} ${nonZero} order by ${table.primaryKey.join(', ')}`
    return [table.name, await database.query(text)] as const
  })
  return Object.fromEntries(await Promise.all(tables))
}

export const emptyTables = async (
  admin: SqlDatabase,
  projection: Projection,
  target: Target,
): Promise<void> => {
  const names = projection.tables.map((table) => tableName(table.name, target))
  await admin.query(`truncate ${names.join(', ')}`)
}

type TestScope = { teardown(work: () => unknown): unknown }

/** A runner with quick timing that is stopped at teardown, and what it has done. */
export const testRunner = (
  t: TestScope,
  options: Pick<RunnerOptions, 'projection' | 'eventStore' | 'database'> & Partial<RunnerOptions>,
): Runner & Readonly<{ moves: readonly ReadModelMove[] }> => {
  const moves: ReadModelMove[] = []
  const runner = startRunner({
    decode: decodeEvent,
    owner: 'runner',
    clock: systemClock,
    logger: silentLogger,
    metrics: noMetrics,
    refreshStatistics: async () => {},
    ...options,
    onMove: (move) => {
      moves.push(move)
      options.onMove?.(move)
    },
    timing: {
      standbyPollMs: 20,
      housekeepingMs: 30,
      skipWriteMs: 20,
      firstRetryMs: 10,
      longestRetryMs: 50,
      leaseMs: 400,
      ...options.timing,
    },
  })
  t.teardown(runner.stop)
  return { ...runner, moves }
}

const CONDITION_DEADLINE_MS = 20_000

/** Waits for a condition by looking again and again; throws with its name when it does not come true. */
export const until = async (
  what: string,
  holds: () => Promise<boolean> | boolean,
): Promise<void> => {
  const deadline = systemClock() + CONDITION_DEADLINE_MS
  while (!(await holds())) {
    if (systemClock() > deadline) throw new Error(`never came true: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
