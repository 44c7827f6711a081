// Orders over the memory log and the sandbox, with a log that can be made to fail and a provider that can be slow.
import { createMemoryEventStore } from '../../src/adapters/memory/event-store.ts'
import { createSandboxPayments } from '../../src/adapters/sandbox-payments/provider.ts'
import type { OrderView } from '../../src/application.ts'
import { createOrders, type OrdersOptions } from '../../src/application/orders.ts'
import { createPetCommands } from '../../src/application/pets.ts'
import { createCommandHandler } from '../../src/commands/handle.ts'
import { userAggregate } from '../../src/commands/user.ts'
import type { CommandContext } from '../../src/core/command.ts'
import type { AppendOutcome, AppendRequest, EventStore } from '../../src/core/event-store.ts'
import { SHARED_TENANT } from '../../src/core/ids.ts'
import type { CardSource, PaymentProvider } from '../../src/core/payments.ts'
import { aContext, anIntake, aPetProfile, aUserProfile } from '../support/builders.ts'
import { fixedClock, TEST_TIME } from '../support/fixed-clock.ts'
import { seededIds } from '../support/seeded-ids.ts'

export const BUYER = '0199f3a0-7c1e-7a01-8000-0000000000c1' // the actor of `aContext`
export const reason = null

export const aCard = (some: Partial<CardSource> = {}): CardSource => ({
  object: 'card',
  name: 'Ada Byron',
  number: '4242424242424242',
  cvc: '987',
  expMonth: 12,
  expYear: 2030,
  billingAddress: null,
  ...some,
})

/** Stands between a command and the log: what it does with an append is the append's outcome. */
export type Disturb = (
  request: AppendRequest,
  append: () => Promise<AppendOutcome>,
) => Promise<AppendOutcome>

/** The real memory log, but for the appends that `disturb` meets. */
export const failingEventStore = (
  eventStore: EventStore,
): EventStore & { disturb: Disturb | undefined } => {
  const failing = {
    ...eventStore,
    disturb: undefined as Disturb | undefined,
    append: (request: AppendRequest): Promise<AppendOutcome> => {
      const append = () => eventStore.append(request)
      return failing.disturb === undefined ? append() : failing.disturb(request, append)
    },
  }
  return failing
}

/** Meets the first append of an event of that type, and lets all others through. */
export const once = (type: string, what: Disturb): Disturb => {
  let isMet = false
  return (request, append) => {
    if (isMet || !request.events.some((event) => event.type === type)) return append()
    isMet = true
    return what(request, append)
  }
}

export type RigOptions = Readonly<{
  provider?: (sandbox: PaymentProvider) => PaymentProvider
  providerDeadlineMs?: number
}>

export const orderRig = (options: RigOptions = {}) => {
  const { provider = (sandbox) => sandbox, providerDeadlineMs = 10_000 } = options
  const clock = fixedClock()
  const ids = seededIds()
  const eventStore = failingEventStore(createMemoryEventStore({ clock }))
  const handler = createCommandHandler({ eventStore, ids })
  const pets = createPetCommands({ handler, eventStore, clock, ids })
  const { payments, calls } = counting(
    provider(createSandboxPayments({ clock, settleAfterMs: 1_000 })),
  )
  const { logged, logger } = rememberingLogger()
  const { orderQueries, receipts, pages } = givenQueries()
  const orders = createOrders({
    handler,
    eventStore,
    pets,
    payments,
    orderQueries,
    clock,
    ids,
    logger,
    providerDeadlineMs,
  })
  return {
    ...{ orders, pets, eventStore, clock, calls, logged, receipts, pages },
    ...inTheLog(eventStore),
    admitPet: async (price = '75.00'): Promise<string> => {
      const admitted = await pets.admit(aContext(), {
        profile: aPetProfile({ price }),
        status: 'AVAILABLE',
        intake: anIntake(),
        photos: [],
      })
      return mustBeDone(admitted).id
    },
    register: async (id: string): Promise<void> => {
      const who = { profile: aUserProfile(), scopes: [] }
      const command = { type: 'register', ...who, occurredAt: TEST_TIME } as const
      const context = aContext()
      mustBeDone(await handler.handle({ aggregate: userAggregate, id, command, context }))
    },
    place: (petId: string, some: Partial<CommandContext> = {}, userId = BUYER) =>
      orders.place(aContext(some), { petId, userId }),
    pay: (orderId: string, source: CardSource = aCard(), some: Partial<CommandContext> = {}) =>
      orders.pay(aContext(some), orderId, { amount: '75.00', currency: 'USD', source }),
  }
}

/** With an order that was placed; what is done to it afterwards. */
export const placedRig = async (options: RigOptions = {}) => {
  const rig = orderRig(options)
  const petId = await rig.admitPet()
  const { id: orderId } = mustBeDone(await rig.place(petId))
  return {
    ...rig,
    orderId,
    order: () => rig.orders.get(SHARED_TENANT, orderId),
    settle: (paymentId: string | undefined) =>
      rig.orders.settlePayment(aContext(), orderId, paymentId ?? ''),
    cancel: () => rig.orders.cancel(aContext(), orderId, { reason }),
    refund: (paymentId: string | undefined) =>
      rig.orders.refundPayment(aContext(), orderId, paymentId ?? ''),
  }
}

const counting = (given: PaymentProvider) => {
  const calls = { charge: 0, find: 0, close: 0, refund: 0 }
  const payments: PaymentProvider = {
    name: given.name,
    charge: (charge) => {
      calls.charge += 1
      return given.charge(charge)
    },
    find: (...of) => {
      calls.find += 1
      return given.find(...of)
    },
    close: (...of) => {
      calls.close += 1
      return given.close(...of)
    },
    refund: (...of) => {
      calls.refund += 1
      return given.refund(...of)
    },
  }
  return { payments, calls }
}

const rememberingLogger = () => {
  const logged: string[] = []
  const log = (fields: Readonly<Record<string, unknown>>, message: string): void => {
    logged.push(`${message} ${JSON.stringify(fields)}`)
  }
  return { logged, logger: { debug: log, info: log, warn: log, error: log } }
}

/** What the read model knows is told by the test. */
const givenQueries = () => {
  const receipts = new Map<string, string>()
  const pages: unknown[] = []
  const orderQueries: OrdersOptions['orderQueries'] = {
    list: async (tenantId, query) => {
      pages.push({ tenantId, query })
      return { items: [], totalItems: 0, nextCursor: null }
    },
    orderOfReceipt: async (_tenantId, receiptId) => receipts.get(receiptId),
  }
  return { receipts, pages, orderQueries }
}

const inTheLog = (eventStore: EventStore) => {
  const eventsOf = async (category: string, id: string) =>
    (await eventStore.readStream({ tenantId: SHARED_TENANT, category, id })).events
  return {
    types: async (category: string, id: string): Promise<string[]> =>
      (await eventsOf(category, id)).map(({ type }) => type),
    metadataOf: async (category: string, id: string) =>
      (await eventsOf(category, id)).map(({ metadata }) => metadata),
    petEvents: async (petId: string) =>
      (await eventsOf('pet', petId)).slice(1).map(({ data }) => data['status']),
    everything: async (): Promise<string> =>
      JSON.stringify((await eventStore.readAll({ after: 0, limit: 1_000 })).events),
  }
}

export const mustBeDone = <T extends Readonly<{ kind: string }>>(
  result: T,
): Extract<T, Readonly<{ kind: 'done' }>> => {
  if (result.kind !== 'done') throw new Error(`not done: ${JSON.stringify(result)}`)
  return result as Extract<T, Readonly<{ kind: 'done' }>>
}

export const withKey = (key: string, requestHash = key) => ({ idempotency: { key, requestHash } })

export const paymentIn = (order: OrderView | undefined, id: string | undefined) =>
  order?.payments.find((payment) => payment.id === id)
