// The whole write side under everything that can come between: thousands of seeded runs, each with buyers, applicants
// and staff, processes that die, stand still or run side by side, policies that begin again, calls that go wrong.
// Arguments: how many runs, and the seed of the first one; `... write-side.test.ts 1 4711` replays run 4711 and
// prints its log.
import t from 'tap'
import type { StoredEvent } from '../../src/core/event.ts'
import { createPolicies } from '../../src/policies/registry.ts'
import type { PolicyEvent } from '../../src/policies/policy.ts'
import { DELAY_MS, simulate } from './simulate.ts'

const [runs = 2_000, firstSeed = 1] = process.argv.slice(2).map(Number)
const MOST_SHOWN = 5

// A few thousand runs take longer than the default allows, more so on a busy machine.
const TIMEOUT_MS = 230_000 + runs * 100
t.setTimeout(TIMEOUT_MS)

const line = ({ position, recordedAt, type, streamId, data, metadata }: StoredEvent): string =>
  `${position} ${recordedAt} ${type} ${streamId} ${metadata.actor.id} ${JSON.stringify(data)}`

t.test('whatever comes between, every promise is kept', { timeout: TIMEOUT_MS }, async (t) => {
  const types = new Set<string>()
  let deaths = 0
  let broken = 0
  for (let seed = firstSeed; seed < firstSeed + runs && broken < MOST_SHOWN; seed += 1) {
    const outcome = await simulate(seed)
    deaths += outcome.deaths
    for (const { type } of outcome.log) types.add(type)
    if (runs === 1) t.comment(outcome.log.map(line).join('\n'))
    if (outcome.problems.length === 0) continue
    broken += 1
    t.fail(`seed ${seed}: ${outcome.problems.join('; ')}`)
  }
  t.equal(broken, 0)
  if (runs >= 500) {
    t.ok(deaths > runs / 2, 'processes do die')
    const missing = EXPECTED.filter((type) => !types.has(type))
    t.strictSame(missing, [], 'everything that can happen does happen in some run')
  }
})

const EXPECTED: readonly PolicyEvent['type'][] = [
  'order.abandoned',
  'adoption.abandoned',
  'adoption.completed',
  'payment.failed',
  'payment.refunded',
  'pet.adopted',
  'pet.outcome_recorded',
  'pet.removed',
  'pet.returned',
]

t.test('a run is the same again under its seed', async (t) => {
  const [first, second] = [await simulate(4711), await simulate(4711)]
  t.ok(first.log.length > 5)
  t.strictSame(first.log.map(line), second.log.map(line))
  t.equal(first.steps, second.steps)
})

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
      spoil: ({ orders, adoptions, ...rest }) => {
        const abandon = async () => fine
        return { ...rest, orders: { ...orders, abandon }, adoptions: { ...adoptions, abandon } }
      },
    })
  while (seed <= 1_500 && (await spoiled(seed)).problems.length === 0) seed += 1
  t.ok(seed <= 1_500, `by run ${seed}`)
})
