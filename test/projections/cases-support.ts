// What the tests of orders and applications share: random histories of both as the log would give them, what they come
// to by a fold that knows no tables, and the statements that a query sends.
import fc from 'fast-check'
import type { StoredEvent } from '../../src/core/event.ts'
import { SHARED_TENANT, type TenantId } from '../../src/core/ids.ts'
import type { JsonObject } from '../../src/core/json.ts'
import type { SqlDatabase, Statement } from '../../src/core/sql.ts'
import {
  type AdoptionState,
  evolveAdoption,
  isEnded,
  noAdoption,
} from '../../src/events/adoption-state.ts'
import { adoptionCompleted, type AdoptionEvent } from '../../src/events/adoption.ts'
import { evolveOrder, noOrder, type OrderState } from '../../src/events/order-state.ts'
import { type OrderEvent, paymentSubmitted } from '../../src/events/order.ts'
import type { Projection } from '../../src/projections/projection.ts'
import { liveTarget } from '../../src/projections/projection.ts'
import { TENANTS } from './support.ts'

export const PEOPLE = ['u-1', 'u-2', 'u-3']
export const PETS = ['p-1', 'p-2']

/** One case as a fold without tables has it. */
export type Life<State> = Readonly<{
  tenantId: TenantId
  id: string
  version: number
  position: number // of its first event
  state: State
}>
export type CaseHistory<State> = Readonly<{
  events: readonly StoredEvent[]
  lives: readonly Life<State>[]
}>

type Bare<Event> = Event extends unknown ? Omit<Event, 'occurredAt'> : never
type Step = Readonly<{ case: number; choice: number; person: string; pet: string }>
type Model<State, Event> = Readonly<{
  category: string
  initial: State
  next: (state: State, step: Step, paymentId: string) => Bare<Event> | undefined
  evolve: (state: State, event: Event) => State
}>

const steps = fc.array(
  fc.record({
    case: fc.integer({ min: 0, max: 8 }),
    choice: fc.integer({ min: 0, max: 9 }),
    person: fc.constantFrom(...PEOPLE),
    pet: fc.constantFrom(...PETS),
  }),
  { minLength: 30, maxLength: 80 },
)

const historyOf = <State, Event extends Readonly<{ type: string; data: unknown }>>(
  model: Model<State, Event>,
  taken: readonly Step[],
): CaseHistory<State> => {
  const lives = new Map<number, Life<State>>()
  const events: StoredEvent[] = []
  for (const step of taken) {
    const tenantId = TENANTS[step.case % TENANTS.length] ?? SHARED_TENANT
    const position = events.length * 3 + 7 // positions need not be dense
    const fresh = { tenantId, id: `case-${step.case}`, version: 0, position }
    const life: Life<State> = lives.get(step.case) ?? { ...fresh, state: model.initial }
    const next = model.next(life.state, step, `payment-${position}`)
    if (next === undefined) continue
    const occurredAt = `2026-08-22T10:00:00.${String(events.length).padStart(3, '0')}Z`
    const event = { ...next, occurredAt } as unknown as Event
    const version = life.version + 1
    lives.set(step.case, { ...life, version, state: model.evolve(life.state, event) })
    const { type, data } = event
    const place = { position, tenantId, category: model.category, streamId: life.id, version }
    events.push({ ...envelope(position, occurredAt), ...place, type, data: data as JsonObject })
  }
  return { events, lives: [...lives.values()] }
}

const envelope = (position: number, time: string) => ({
  eventId: `event-${position}`,
  schemaVersion: 1,
  metadata: {
    actor: { kind: 'system', id: 'test' },
    correlationId: 'test',
    causationId: null,
  } as const,
  occurredAt: time,
  recordedAt: time,
})

const orderModel: Model<OrderState, OrderEvent> = {
  category: 'order',
  initial: noOrder,
  evolve: evolveOrder,
  next: (state, { choice, person, pet }, paymentId) => {
    const amount = { amount: '75.00', currency: 'USD' }
    if (state.kind === 'abandoned') return undefined
    if (state.kind === 'none') {
      if (choice === 0) {
        return { type: 'order.abandoned', data: { petId: pet, reason: 'too late' } }
      }
      const price = { totalAmount: amount.amount, currency: amount.currency }
      return { type: 'order.placed', data: { petId: pet, userId: person, ...price } }
    }
    const running = state.payments.find(({ status }) => status === 'PROCESSING')
    if (running !== undefined) {
      const { id } = running
      if (choice % 2 === 0) {
        const failure = { code: 'card_declined', message: 'no' }
        return { type: 'payment.failed', data: { paymentId: id, ...failure } }
      }
      const receipt = { receiptId: `rcp_${id}`, reference: `sandbox_${id}` }
      return { type: 'payment.succeeded', data: { paymentId: id, ...amount, ...receipt } }
    }
    if (choice < 4) {
      const { source } = paymentSubmitted.sample
      return { type: 'payment.submitted', data: { paymentId, ...amount, source } }
    }
    const status = (['APPROVED', 'SHIPPED', 'CANCELLED'] as const)[choice % 3] ?? 'APPROVED'
    const change = { previousStatus: state.status, status, reason: null, cause: null }
    return { type: 'order.status_changed', data: change }
  },
}

const adoptionModel: Model<AdoptionState, AdoptionEvent> = {
  category: 'adoption',
  initial: noAdoption,
  evolve: evolveAdoption,
  next: (state, { choice, person, pet }) => {
    if (state.kind === 'abandoned') return undefined
    if (state.kind === 'none') {
      if (choice === 0) {
        return { type: 'adoption.abandoned', data: { petId: pet, reason: 'too late' } }
      }
      const words = { message: choice % 2 === 0 ? null : 'A quiet home.', household: null }
      const submitted = { petId: pet, applicantId: person, waiting: choice > 5, ...words }
      return { type: 'adoption.submitted', data: submitted }
    }
    if (isEnded(state)) return undefined
    const previousStatus = state.status
    if (choice === 1) {
      const done = { petId: state.petId, applicantId: state.applicantId, previousStatus }
      return { type: 'adoption.completed', data: { ...adoptionCompleted.sample, ...done } }
    }
    const statuses = ['UNDER_REVIEW', 'APPROVED', 'REJECTED', 'WITHDRAWN'] as const
    const status = statuses[choice % 4] ?? 'APPROVED'
    return { type: 'adoption.status_changed', data: { previousStatus, status, reason: 'because' } }
  },
}

export const orderHistories = steps.map((taken) => historyOf(orderModel, taken))
export const adoptionHistories = steps.map((taken) => historyOf(adoptionModel, taken))

/** What a list should show: a tenant's present cases, newest first. */
export const presentIn = <State extends Readonly<{ kind: string }>>(
  { lives }: CaseHistory<State>,
  tenantId: TenantId,
): readonly (Life<State> & Readonly<{ state: Extract<State, { kind: 'present' }> }>)[] =>
  lives
    .flatMap((life) => {
      const { state } = life
      return life.tenantId === tenantId && isPresent(state) ? [{ ...life, state }] : []
    })
    .sort((left, right) => right.position - left.position)

const isPresent = <State extends Readonly<{ kind: string }>>(
  state: State,
): state is Extract<State, { kind: 'present' }> => state.kind === 'present'

/** Applies events in pages of the given sizes, taken in turn, until all are applied. */
export const applyInPages = async (
  database: SqlDatabase,
  projection: Projection,
  { events, sizes }: Readonly<{ events: readonly StoredEvent[]; sizes: readonly number[] }>,
): Promise<void> => {
  const live = liveTarget(projection)
  for (let from = 0, turn = 0; from < events.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1
    const page = events.slice(from, from + size)
    await database.transaction((tx) => projection.apply(tx, live, page))
    from += size
  }
}

export type Sent = Readonly<{ text: string; values: readonly unknown[] }>

/** The same database, and every statement that is sent to it. */
export const recordingDatabase = (
  database: SqlDatabase,
): Readonly<{ database: SqlDatabase; sent: Sent[] }> => {
  const sent: Sent[] = []
  return {
    sent,
    database: {
      ...database,
      query: (statement: Statement | string, values: readonly unknown[] = []) => {
        sent.push({ text: typeof statement === 'string' ? statement : statement.text, values })
        return database.query(statement, values)
      },
    },
  }
}
