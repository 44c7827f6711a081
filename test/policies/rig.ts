// The write side on memory adapters, and policies that are given the log by hand: what each does can be looked at
// alone.
import { createMemoryEventStore } from '../../src/adapters/memory/event-store.ts'
import { createSandboxPayments } from '../../src/adapters/sandbox-payments/provider.ts'
import { createAdoptions } from '../../src/application/adoptions.ts'
import { createOrders } from '../../src/application/orders.ts'
import { createPetCommands } from '../../src/application/pets.ts'
import { createCommandHandler } from '../../src/commands/handle.ts'
import type { CommandContext, CommandResult } from '../../src/core/command.ts'
import type { StoredEvent } from '../../src/core/event.ts'
import { type IdGenerator, SHARED_TENANT } from '../../src/core/ids.ts'
import type { PaymentProvider } from '../../src/core/payments.ts'
import { decodeEventOf } from '../../src/events/codec.ts'
import type { DomainEvent } from '../../src/events/registry.ts'
import { contextOf, type Policy, type PolicyOutcome } from '../../src/policies/policy.ts'
import { createPolicies } from '../../src/policies/registry.ts'
import { createFoldedQueries } from '../simulation/queries.ts'
import { createScheduler } from '../simulation/scheduler.ts'
import type { WriteSide } from '../simulation/world.ts'
import { aContext, aPetProfile, anIntake } from '../support/builders.ts'
import { fixedClock } from '../support/fixed-clock.ts'
import { seededIds } from '../support/seeded-ids.ts'

export const DELAY_MS = 60_000
export const GOOD_CARD = '4242424242424242'
export const ANSWER_LOST = '4000000000000119'
export const SUCCEEDS_LATER = '4000000000000077'

const policies = createPolicies({ delayMs: DELAY_MS })

export const policyNamed = (name: string): Policy => {
  const found = policies.find((policy) => policy.name === name)
  if (found === undefined) throw new Error(`there is no policy ${name}`)
  return found
}

const ROUNDS = 10

export const policyRig = (wrap: (sandbox: PaymentProvider) => PaymentProvider = (same) => same) => {
  const clock = fixedClock()
  const ids = seededIds()
  const eventStore = createMemoryEventStore({ clock })
  const handler = createCommandHandler({ eventStore, ids })
  const pets = createPetCommands({ handler, eventStore, clock, ids })
  const { chance } = createScheduler({
    seed: 1,
    startMs: 0,
    stall: { probability: 0, longestMs: 0 },
  })
  const queries = createFoldedQueries(eventStore, chance)
  const common = { handler, eventStore, pets, clock, ids }
  const orders = createOrders({
    ...common,
    payments: wrap(createSandboxPayments({ clock, settleAfterMs: 2 * DELAY_MS })),
    orderQueries: queries.orders,
  })
  const adoptions = createAdoptions({
    ...common,
    hasWaitingList: () => true,
    adoptionQueries: queries.adoptions,
    waitForAdoptions: queries.waitForAdoptions,
  })
  const application = { pets, orders, adoptions }
  const read = async (types: readonly string[], after = 0): Promise<readonly StoredEvent[]> =>
    (await eventStore.readAll({ after, limit: 1_000, filter: { types } })).events

  /** Gives the policy everything it listens to, from the start of the log; answers what came of the last event. */
  const run = async (name: string): Promise<PolicyOutcome | undefined> => {
    const policy = policyNamed(name)
    let outcome: PolicyOutcome | undefined
    for (const event of await read(policy.types)) {
      const decoded = { ...event, ...decodeEventOf<DomainEvent>(event) }
      outcome = await policy.react(decoded, application, contextOf(policy, event))
    }
    return outcome
  }
  return {
    ...application,
    application,
    clock,
    eventStore,
    run,
    /** All policies, again and again, until nothing more follows. */
    settle: async (): Promise<void> => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const before = await eventStore.head()
        for (const { name } of policies) await run(name)
        if ((await eventStore.head()) === before) return
      }
      throw new Error('the policies never come to rest')
    },
    newest: async (type: string) => (await read([type])).at(-1),
    ...peopleOf(application, ids),
    petOf: async (petId: string) => {
      const pet = await pets.current(SHARED_TENANT, petId)
      return { status: pet?.status, for: pet?.reservedFor?.id }
    },
    statusOf: async (adoptionId: string) =>
      (await adoptions.get(SHARED_TENANT, adoptionId))?.status,
    order: (orderId: string) => orders.get(SHARED_TENANT, orderId),
  }
}

/** What people ask for in the tests, with ordinary input. */
const peopleOf = (
  { pets, orders, adoptions }: Pick<WriteSide, 'pets' | 'orders' | 'adoptions'>,
  ids: IdGenerator,
) => ({
  admit: async (): Promise<string> => {
    const input = { profile: aPetProfile(), intake: anIntake(), photos: [] }
    return idOf(await pets.admit(STAFF, { ...input, status: 'AVAILABLE' }))
  },
  place: async (petId: string): Promise<string> => {
    const userId = ids()
    return idOf(await orders.place(byUser(userId), { petId, userId }))
  },
  apply: async (petId: string): Promise<string> => {
    const applicantId = ids()
    const input = { petId, applicantId, message: null, household: null }
    return idOf(await adoptions.submit(byUser(applicantId), input))
  },
  pay: (orderId: string, number = GOOD_CARD) => {
    const card = { object: 'card', name: 'Ada', number, cvc: null, billingAddress: null } as const
    const source = { ...card, expMonth: 12, expYear: 2030 }
    return orders.pay(STAFF, orderId, { amount: '75.00', currency: 'USD', source })
  },
})

export const STAFF: CommandContext = aContext({ actor: { kind: 'client', id: 'staff' } })
export const BY_HAND = { reason: null }
const byUser = (id: string): CommandContext => aContext({ actor: { kind: 'user', id } })

const idOf = (result: CommandResult<unknown>): string => {
  if (result.kind !== 'done') throw new Error(`not done: ${JSON.stringify(result)}`)
  return result.id
}
