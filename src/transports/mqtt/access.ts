// Who may subscribe to what, and receive what: a filter must be contained in a granted one, and
// every message is checked again before it is sent, since a token ends and filters are wide.
import { hasScope, type Principal } from '../../core/auth.ts'
import type { Clock } from '../../core/clock.ts'
import { SHARED_TENANT, type TenantId } from '../../core/ids.ts'
import type { Visibility } from '../feed/types.ts'
import { containsFilter, type Levels } from './topic-filter.ts'
import { rootOf } from './topics.ts'

/** `principal`: null for nobody in particular. */
export type Reader = Readonly<{
  principal: Principal | null
  house: Readonly<{ clock: Clock }>
}>

const PUBLIC_TREE = ['pets', 'inventory', 'events']
const STAFF_TREE = [...PUBLIC_TREE, 'orders', 'adoptions']

/** Whether a topic below a tenant's root is in the tree of this class at all. */
export const isInTree = (visibility: Visibility, relative: Levels): boolean =>
  (visibility === 'staff' ? STAFF_TREE : PUBLIC_TREE).some((branch) => branch === relative[0])

/** The token's time is over: nothing may be sent any more, whatever it granted. */
export const isOver = ({ principal, house }: Reader): boolean =>
  principal !== null && principal.expiresAtMs <= house.clock()

/**
 * Staff with read:events see the whole tree of a tenant of their token; its other holders, and in
 * the shared pool everybody, what is public.
 */
export const visibilityOf = ({ principal }: Pick<Reader, 'principal'>, tenantId: TenantId) =>
  principal?.tenants.includes(tenantId) === true && hasScope(principal, 'read:events')
    ? 'staff'
    : 'public'

export const maySubscribe = (reader: Reader, tenantId: TenantId, filter: Levels): boolean =>
  isAdmitted(reader, tenantId) &&
  grantsOf(tenantId, visibilityOf(reader, tenantId)).some((grant) => containsFilter(grant, filter))

/** `relative`: of a topic of this tenant, below its root. */
export const mayReceive = (reader: Reader, tenantId: TenantId, relative: Levels): boolean => {
  if (!isAdmitted(reader, tenantId)) return false
  const visibility = visibilityOf(reader, tenantId)
  return isWhole(tenantId, visibility) || isInTree(visibility, relative)
}

const isAdmitted = (reader: Reader, tenantId: TenantId): boolean =>
  !isOver(reader) &&
  (tenantId === SHARED_TENANT || reader.principal?.tenants.includes(tenantId) === true)

/** The shared pool has no root of its own that everything would be below. */
const isWhole = (tenantId: TenantId, visibility: Visibility): boolean =>
  visibility === 'staff' && tenantId !== SHARED_TENANT

const grantsOf = (tenantId: TenantId, visibility: Visibility): readonly Levels[] => {
  const root = rootOf(tenantId)
  if (isWhole(tenantId, visibility)) return [[...root, '#']]
  const tree = visibility === 'staff' ? STAFF_TREE : PUBLIC_TREE
  return tree.map((branch) => [...root, branch, '#'])
}
