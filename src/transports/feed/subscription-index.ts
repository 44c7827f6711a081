// tenant -> type or subject -> live subscriptions. An event looks at those that its own tenant,
// type and subject name, then at the few whose patterns can only be tried one by one.
import type { Position } from '../../core/event.ts'
import type { CompiledFilter } from './filter.ts'

export type Indexed = Readonly<{ tenantId: string; filter: CompiledFilter }>

/**
 * `lastPosition` is the newest of the tenant's events that was handed out while anybody was filed
 * here.
 */
type TenantNode<S> = {
  readonly buckets: Map<string, Set<S>>
  size: number
  lastPosition: Position
}

export type SubscriptionIndex<S extends Indexed> = Readonly<{
  add: (subscription: S) => void
  remove: (subscription: S) => void
  /** Calls back once with each subscription that the event concerns. */
  forEachConcerned: (event: EventKeys, visit: (subscription: S) => void) => void
  /** To be called when an event of the tenant was handed out. */
  advance: (tenantId: string, position: Position) => void
  lastPosition: (tenantId: string) => Position
  evaluations: () => number
}>

export type EventKeys = Readonly<{ tenantId: string; type: string; subject: string }>

export const createSubscriptionIndex = <S extends Indexed>(): SubscriptionIndex<S> => {
  const tenants = new Map<string, TenantNode<S>>()
  let evaluations = 0

  const visitBucket = (bucket: Set<S> | undefined, event: EventKeys, visit: (s: S) => void) => {
    if (bucket === undefined) return
    for (const subscription of bucket) {
      evaluations += 1
      if (subscription.filter.matches(event.type, event.subject)) visit(subscription)
    }
  }

  return {
    add(subscription) {
      const node = tenants.get(subscription.tenantId) ?? {
        buckets: new Map<string, Set<S>>(),
        size: 0,
        lastPosition: 0,
      }
      tenants.set(subscription.tenantId, node)
      node.size += 1
      for (const key of bucketKeys(subscription.filter)) {
        const bucket = node.buckets.get(key)
        if (bucket === undefined) node.buckets.set(key, new Set([subscription]))
        else bucket.add(subscription)
      }
    },
    remove(subscription) {
      const node = tenants.get(subscription.tenantId)
      if (node === undefined) return
      node.size -= 1
      for (const key of bucketKeys(subscription.filter)) {
        const bucket = node.buckets.get(key)
        bucket?.delete(subscription)
        if (bucket?.size === 0) node.buckets.delete(key)
      }
      if (node.size === 0) tenants.delete(subscription.tenantId)
    },
    forEachConcerned(event, visit) {
      const node = tenants.get(event.tenantId)
      if (node === undefined) return
      for (const key of eventBucketKeys(event)) visitBucket(node.buckets.get(key), event, visit)
    },
    advance(tenantId, position) {
      const node = tenants.get(tenantId)
      if (node !== undefined) node.lastPosition = position
    },
    lastPosition: (tenantId) => tenants.get(tenantId)?.lastPosition ?? 0,
    evaluations: () => evaluations,
  }
}

const ALL = 'all'
const GENERAL = 'general'

const bucketKeys = ({ keys }: CompiledFilter): readonly string[] => {
  if (keys.by === 'all' || keys.by === 'general') return [keys.by]
  return [
    ...keys.exact.map((name) => `${keys.by}=${name}`),
    ...keys.prefixes.map((name) => `${keys.by}^${name}`),
  ]
}

function* eventBucketKeys({ type, subject }: EventKeys): Generator<string> {
  yield ALL
  yield `subject=${subject}`
  yield `subject^${subject.slice(0, Math.max(0, subject.indexOf('/')))}`
  yield `type=${type}`
  for (let dot = type.indexOf('.'); dot !== -1; dot = type.indexOf('.', dot + 1)) {
    yield `type^${type.slice(0, dot)}`
  }
  yield GENERAL
}
