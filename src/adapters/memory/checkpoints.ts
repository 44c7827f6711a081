// Checkpoints in memory, with the promises of the PostgreSQL ones: for tests and simulations.
import {
  type CheckpointLease,
  type Checkpoints,
  MAX_PARKED,
  type Parked,
  parkReason,
  type SetAside,
} from '../../core/checkpoints.ts'
import type { Clock } from '../../core/clock.ts'
import { Fault } from '../../core/fault.ts'

type Subscription = {
  position: number
  fence: number
  owner: string | undefined
  signOfLifeAtMs: number
  readonly parked: Map<string, Parked>
}

export const createMemoryCheckpoints = (options: Readonly<{ clock: Clock }>): Checkpoints => {
  const { clock } = options
  const subscriptions = new Map<string, Subscription>()
  const held = ({ subscription, fence }: CheckpointLease): Subscription => {
    const found = subscriptions.get(subscription)
    if (found?.fence === fence) return found
    throw new Fault('fenced', `another owner took over ${subscription}`)
  }
  return {
    acquire: async ({ subscription, owner, leaseMs }) => {
      const found = subscriptions.get(subscription) ?? nothingYet()
      const isSilent = found.signOfLifeAtMs < clock() - leaseMs
      if (found.owner !== undefined && found.owner !== owner && !isSilent) return undefined
      found.owner = owner
      found.fence += 1
      found.signOfLifeAtMs = clock()
      subscriptions.set(subscription, found)
      return { subscription, owner, fence: found.fence, position: found.position }
    },
    renew: async (lease) => {
      held(lease).signOfLifeAtMs = clock()
    },
    advance: async (lease, position) => {
      const found = held(lease)
      found.position = Math.max(found.position, position)
      found.signOfLifeAtMs = clock()
    },
    release: async ({ subscription, fence }) => {
      const found = subscriptions.get(subscription)
      if (found?.fence === fence) found.owner = undefined
    },
    parked: async (subscription) =>
      [...(subscriptions.get(subscription)?.parked.values() ?? [])]
        .sort((left, right) => left.position - right.position)
        .slice(0, MAX_PARKED),
    park: async (lease, stream) => {
      const { parked } = held(lease)
      const attempts = (parked.get(keyOf(stream))?.attempts ?? 0) + 1
      const { tenantId, category, streamId, position, error } = stream
      const entry = { tenantId, category, streamId, position, error: parkReason(error), attempts }
      parked.set(keyOf(stream), entry)
    },
    unpark: async (lease, stream) => {
      held(lease).parked.delete(keyOf(stream))
    },
  }
}

const nothingYet = (): Subscription => ({
  position: 0,
  fence: 0,
  owner: undefined,
  signOfLifeAtMs: 0,
  parked: new Map(),
})

const keyOf = (stream: Pick<SetAside, 'tenantId' | 'category' | 'streamId'>): string =>
  [stream.tenantId, stream.category, stream.streamId].join('\0')
