// A row of seeded runs, each held against every promise. The rows are files of their own, so that
// they run side by side.
import type { Test } from 'tap'
import type { StoredEvent } from '../../src/core/event.ts'
import type { PolicyEvent } from '../../src/policies/policy.ts'
import { simulate } from './simulate.ts'

const MOST_SHOWN = 5

export const line = ({
  position,
  recordedAt,
  type,
  streamId,
  data,
  metadata,
}: StoredEvent): string =>
  `${position} ${recordedAt} ${type} ${streamId} ${metadata.actor.id} ${JSON.stringify(data)}`

/** With one run its log is printed. */
export const keepEveryPromise = async (
  t: Test,
  { runs, firstSeed }: Readonly<{ runs: number; firstSeed: number }>,
): Promise<void> => {
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
}

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
