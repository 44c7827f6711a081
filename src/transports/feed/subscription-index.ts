// tenant -> type, subject, shelter or species -> live subscriptions. An event looks at those that its
// own tenant, type, subject and traits name, then at the few whose patterns can only be tried one by
// one.
import type { Position } from '../../core/event.ts'
import type { TraitsAround } from '../../events/registry.ts'
import { type CompiledFilter, isWanted } from './filter.ts'

export type Indexed = Readonly<{ tenantId: string; filter: CompiledFilter }>

/**
 * `lastPosition` is the newest of the tenant's events that was handed out while anybody was filed
 * here.
 */
type TenantNode<S> = {
  readonly buckets: Map<string, Set<S>>
  readonly byTraits: Set<S> // those that filter by them, wherever they are filed
  size: number
  lastPosition: Position
}

export type SubscriptionIndex<S extends Indexed> = Readonly<{
  add: (subscription: S) => void
  remove: (subscription: S) => void
  /** Calls back once with each subscription that the event concerns. */
  forEachConcerned: (event: EventKeys, visit: (subscription: S) => void) => void
  /** Calls back once with each that cannot tell before the event's traits are known. */
  forEachUnsure: (event: EventKeys, visit: (subscription: S) => void) => void
  /** To be called when an event of the tenant was handed out. */
  advance: (tenantId: string, position: Position) => void
  lastPosition: (tenantId: string) => Position
  evaluations: () => number
}>

export type EventKeys = Readonly<{
  event: Readonly<{ tenantId: string; type: string }>
  subject: string
  traits: TraitsAround | undefined
}>

export const createSubscriptionIndex = <S extends Indexed>(): SubscriptionIndex<S> => {
  const tenants = new Map<string, TenantNode<S>>()
  let evaluations = 0

  const visitBucket = (bucket: Set<S> | undefined, keys: EventKeys, visit: (s: S) => void) => {
    if (bucket === undefined) return
    for (const subscription of bucket) {
      evaluations += 1
      if (isWanted(subscription.filter, keys) === true) visit(subscription)
    }
  }

  return {
    add(subscription) {
      const node = tenants.get(subscription.tenantId) ?? {
        buckets: new Map<string, Set<S>>(),
        byTraits: new Set<S>(),
        size: 0,
        lastPosition: 0,
      }
      tenants.set(subscription.tenantId, node)
      node.size += 1
      if (subscription.filter.matchesTraits !== undefined) node.byTraits.add(subscription)
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
      node.byTraits.delete(subscription)
      for (const key of bucketKeys(subscription.filter)) {
        const bucket = node.buckets.get(key)
        bucket?.delete(subscription)
        if (bucket?.size === 0) node.buckets.delete(key)
      }
      if (node.size === 0) tenants.delete(subscription.tenantId)
    },
    forEachConcerned(keys, visit) {
      const node = tenants.get(keys.event.tenantId)
      if (node === undefined) return
      for (const key of eventBucketKeys(keys)) visitBucket(node.buckets.get(key), keys, visit)
      if (node.byTraits.size === 0 || keys.traits === undefined) return
      const concerned = traitKeys(keys.traits)
      const visitOnce = concerned.length < 2 ? visit : onlyOnce(visit)
      for (const key of concerned) visitBucket(node.buckets.get(key), keys, visitOnce)
    },
    forEachUnsure(keys, visit) {
      if (keys.traits !== undefined) return
      for (const subscription of tenants.get(keys.event.tenantId)?.byTraits ?? []) {
        evaluations += 1
        if (isWanted(subscription.filter, keys) === undefined) visit(subscription)
      }
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

function* eventBucketKeys({ event: { type }, subject }: EventKeys): Generator<string> {
  yield ALL
  yield `subject=${subject}`
  yield `subject^${subject.slice(0, Math.max(0, subject.indexOf('/')))}`
  yield `type=${type}`
  for (let dot = type.indexOf('.'); dot !== -1; dot = type.indexOf('.', dot + 1)) {
    yield `type^${type.slice(0, dot)}`
  }
  yield GENERAL
}

/** A subscription is filed under shelters or under species; under several of them it may be. */
const traitKeys = (traits: TraitsAround): readonly string[] => [
  ...new Set(
    traits.flatMap(({ shelterId, species }) => [
      ...(shelterId === null ? [] : [`shelter=${shelterId}`]),
      ...(species === null ? [] : [`species=${species}`]),
    ]),
  ),
]

const onlyOnce = <S>(visit: (subscription: S) => void) => {
  const seen = new Set<S>()
  return (subscription: S): void => {
    if (seen.has(subscription)) return
    seen.add(subscription)
    visit(subscription)
  }
}
