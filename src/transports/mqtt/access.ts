// Who may subscribe to what, and receive what: a filter must be contained in a granted one, and
// every message is checked again before it is sent, since a token ends and filters are wide.
import { hasScope, type Principal } from '../../core/auth.ts'
import type { Clock } from '../../core/clock.ts'
import { SHARED_TENANT, type TenantId } from '../../core/ids.ts'
import type { Visibility } from '../feed/types.ts'
import { containsFilter, type Levels, matchesTopic } from './topic-filter.ts'
import { rootOf } from './topics.ts'

export type Access = Readonly<{
  visibilityOf: (tenantId: TenantId) => Visibility
  maySubscribe: (tenantId: TenantId, filter: Levels) => boolean
  mayReceive: (tenantId: TenantId, topic: Levels) => boolean
  /** The token's time is over: nothing may be sent any more, whatever it granted. */
  isOver: () => boolean
}>

/** A fresh token takes the place of the one it was made for. */
export type RenewableAccess = Access & Readonly<{ renew: (principal: Principal) => void }>

const PUBLIC_TREE = ['pets', 'inventory', 'events']
const STAFF_TREE = [...PUBLIC_TREE, 'orders', 'adoptions']

/** Whether a topic below a tenant's root is in the tree of this class at all. */
export const isInTree = (visibility: Visibility, relative: Levels): boolean =>
  (visibility === 'staff' ? STAFF_TREE : PUBLIC_TREE).some((branch) => branch === relative[0])

/**
 * Staff with read:events see the whole tree of a tenant of their token; its other holders, and in
 * the shared pool everybody, what is public.
 */
export const createAccess = (principal: Principal | null, clock: Clock): Access => {
  const isStaff = principal !== null && hasScope(principal, 'read:events')
  const grants = new Map<TenantId, readonly Levels[]>()
  if (principal === null || !principal.tenants.includes(SHARED_TENANT)) {
    grants.set(SHARED_TENANT, grantsOf(SHARED_TENANT, false))
  }
  for (const tenantId of principal?.tenants ?? []) {
    grants.set(tenantId, grantsOf(tenantId, isStaff))
  }
  const isOver = () => principal !== null && principal.expiresAtMs <= clock()
  const granted = (tenantId: TenantId) => (isOver() ? [] : (grants.get(tenantId) ?? []))
  return {
    visibilityOf: (tenantId) =>
      isStaff && principal.tenants.includes(tenantId) ? 'staff' : 'public',
    maySubscribe: (tenantId, filter) =>
      granted(tenantId).some((grant) => containsFilter(grant, filter)),
    mayReceive: (tenantId, topic) => granted(tenantId).some((grant) => matchesTopic(grant, topic)),
    isOver,
  }
}

export const createRenewableAccess = (
  principal: Principal | null,
  clock: Clock,
): RenewableAccess => {
  let current = createAccess(principal, clock)
  return {
    visibilityOf: (tenantId) => current.visibilityOf(tenantId),
    maySubscribe: (tenantId, filter) => current.maySubscribe(tenantId, filter),
    mayReceive: (tenantId, topic) => current.mayReceive(tenantId, topic),
    isOver: () => current.isOver(),
    renew: (fresh) => (current = createAccess(fresh, clock)),
  }
}

const grantsOf = (tenantId: TenantId, isStaff: boolean): readonly Levels[] => {
  const root = rootOf(tenantId)
  if (isStaff && root.length > 0) return [[...root, '#']]
  return (isStaff ? STAFF_TREE : PUBLIC_TREE).map((branch) => [...root, branch, '#'])
}
