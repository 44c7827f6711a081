// What the tests of the runner share: a log and checkpoints in memory, and a policy that notes what it was given.
import type { Test } from 'tap'
import { createMemoryCheckpoints } from '../../src/adapters/memory/checkpoints.ts'
import { systemClock } from '../../src/adapters/system/clock.ts'
import type { Checkpoints } from '../../src/core/checkpoints.ts'
import type { EventStore } from '../../src/core/event-store.ts'
import { silentLogger } from '../../src/core/logger.ts'
import { noMetrics } from '../../src/core/metrics.ts'
import type { PolicyRunnerOptions } from '../../src/policies/options.ts'
import { done, type Policy, type PolicyEvent } from '../../src/policies/policy.ts'
import { type PolicyRunner, startPolicy } from '../../src/policies/runner.ts'
import { append, memoryLog, petId, TENANTS } from '../projections/support.ts'
import { policyRig } from './rig.ts'

export const [SHARED, OTHER] = TENANTS as [(typeof TENANTS)[0], (typeof TENANTS)[0]]
export const pet = (number: number, tenantId = SHARED) =>
  ({ tenantId, category: 'pet', id: petId(number) }) as const
export const renamed = (name: string) =>
  ({ type: 'pet.updated', data: { changes: { name } } }) as const

type React = (event: PolicyEvent, tries: number) => ReturnType<Policy['react']>

type Rig = Readonly<{
  store: EventStore
  checkpoints: Checkpoints
  seen: string[] // names, as often as they were tried
  start(options?: Partial<PolicyRunnerOptions>): PolicyRunner
  write(number: number, ...names: string[]): Promise<number>
  position(): Promise<number | undefined>
}>

export const setUp = (
  t: Test,
  react: React = async () => done,
  policy: Partial<Policy> = {},
): Rig => {
  const store = memoryLog()
  const checkpoints = createMemoryCheckpoints({ clock: systemClock })
  const seen: string[] = []
  const watching: Policy = {
    name: 'watching',
    categories: ['pet'],
    types: ['pet.updated'],
    ...policy,
    react: async (event) => {
      const name = nameOf(event)
      seen.push(name)
      return react(event, seen.filter((each) => each === name).length)
    },
  }
  return {
    store,
    checkpoints,
    seen,
    write: (number, ...names) => append(store, pet(number), names.map(renamed)),
    position: async () => {
      const lease = await checkpoints.acquire({ ...SUBSCRIPTION, owner: 'look', leaseMs: -1 })
      return lease?.position
    },
    start: (options = {}) => {
      const runner = startPolicy({
        policy: watching,
        application: policyRig().application,
        eventStore: store,
        checkpoints,
        owner: 'one',
        clock: systemClock,
        logger: silentLogger,
        metrics: noMetrics,
        ...options,
        timing: { ...QUICK, ...options.timing },
      })
      t.teardown(runner.stop)
      return runner
    },
  }
}

const SUBSCRIPTION = { subscription: 'policy:watching' }
const QUICK = {
  leaseMs: 200,
  standbyPollMs: 10,
  signOfLifeMs: 15,
  skipWriteMs: 10,
  maxTries: 3,
  firstRetryMs: 2,
  longestRetryMs: 5,
  parkedRetryMs: 20,
}

export const nameOf = (event: PolicyEvent): string =>
  event.type === 'pet.updated' ? (event.data.changes.name ?? '') : event.type

export const failing = (name: string, whole: () => boolean = () => true): React => {
  return async (event) => {
    if (nameOf(event) === name && whole()) throw new Error('cannot be done')
    return done
  }
}
