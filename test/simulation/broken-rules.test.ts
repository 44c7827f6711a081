// The simulation notices what it is for: each rule is broken once, and must be missed soon.
import t from 'tap'
import type { CommandHandler } from '../../src/commands/handle.ts'
import type { OrderCommand } from '../../src/commands/order.ts'
import type { OrderState } from '../../src/events/order-state.ts'
import { createPolicies } from '../../src/policies/registry.ts'
import { DELAY_MS, simulate } from './simulate.ts'

t.setTimeout(230_000)

// A simulation that notices nothing looks just like a system without faults.
const without = (name: string) =>
  createPolicies({ delayMs: DELAY_MS }).filter((policy) => policy.name !== name)

for (const { name } of createPolicies({ delayMs: DELAY_MS })) {
  t.test(`is noticed: nobody runs ${name}`, async (t) => {
    let seed = 1
    const policies = without(name)
    while (seed <= 200 && (await simulate(seed, { policies })).problems.length === 0) seed += 1
    t.ok(seed <= 200, `by run ${seed}`)
  })
}

t.test('is noticed: a reservation is released without closing the order first', async (t) => {
  let seed = 1
  const fine = {
    kind: 'done',
    id: '',
    state: {},
    version: 1,
    position: 1,
    replayed: false,
  } as const
  const spoiled = (run: number) =>
    simulate(run, {
      spoil: {
        writeSide: ({ orders, adoptions, ...rest }) => {
          const abandon = async () => fine
          return { ...rest, orders: { ...orders, abandon }, adoptions: { ...adoptions, abandon } }
        },
      },
    })
  while (seed <= 1_500 && (await spoiled(seed)).problems.length === 0) seed += 1
  t.ok(seed <= 1_500, `by run ${seed}`)
})

/** Cancelling does not see that a payment of the order is being processed. */
const heedless = ({ handle }: CommandHandler): CommandHandler => ({
  handle: (request) => {
    const { category, decider } = request.aggregate
    if (category !== 'order') return handle(request)
    const decide: typeof decider.decide = (command, state) => {
      const order = state as OrderState
      const isCancelling = (command as OrderCommand).type === 'cancel' && order.kind === 'present'
      if (!isCancelling) return decider.decide(command, state)
      const payments = order.payments.filter(({ status }) => status !== 'PROCESSING')
      return decider.decide(command, { ...order, payments } as typeof state)
    }
    return handle({
      ...request,
      aggregate: { ...request.aggregate, decider: { ...decider, decide } },
    })
  },
})

t.test('is noticed: an order is cancelled while its payment is being processed', async (t) => {
  let seed = 1
  const spoiled = (run: number) => simulate(run, { spoil: { handler: heedless } })
  while (seed <= 200 && (await spoiled(seed)).problems.length === 0) seed += 1
  t.ok(seed <= 200, `by run ${seed}`)
})
