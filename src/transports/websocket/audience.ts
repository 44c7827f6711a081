// Whose events a connection may have, and in which class; and from where on. The same rules as on
// every other transport.
import { hasScope, type Principal, type TokenVerifier } from '../../core/auth.ts'
import type { CursorCodec } from '../../core/cursor.ts'
import type { Position } from '../../core/event.ts'
import { SHARED_TENANT, type TenantId, tenantIdSchema } from '../../core/ids.ts'
import type { Visibility } from '../feed/types.ts'
import { ProblemError } from '../http/problem.ts'
import type { AuthMessage } from './protocol.ts'

export type Audience = Readonly<{
  tenantId: TenantId
  visibility: Visibility
  limitKey: string
  expiresAtMs: number // infinite for who has no token
}>

export type Admission =
  | Readonly<{ kind: 'admitted'; audience: Audience }>
  | Readonly<{ kind: 'bad_token' }>
  | Readonly<{ kind: 'refused'; problem: ProblemError }>

/** Staff with read:events see the staff class, others the public class of what is open to them. */
export const admit = async (
  verifier: TokenVerifier,
  { token, tenant }: AuthMessage,
  address: string,
): Promise<Admission> => {
  const principal = typeof token === 'string' ? await verifier.verify(token) : null
  if (principal === undefined) return { kind: 'bad_token' }
  const parsed = tenantIdSchema.safeParse(tenant ?? SHARED_TENANT)
  if (!parsed.success) {
    const problem = new ProblemError('bad-request', 'The tenant must be one UUID.')
    return { kind: 'refused', problem }
  }
  return audienceOf(principal, parsed.data, address)
}

const audienceOf = (
  principal: Principal | null,
  tenantId: TenantId,
  address: string,
): Admission => {
  if (principal?.tenants.includes(tenantId) === true) {
    const visibility = hasScope(principal, 'read:events') ? 'staff' : 'public'
    return { kind: 'admitted', audience: sharedAudience(principal, tenantId, visibility) }
  }
  if (tenantId === SHARED_TENANT) {
    if (principal !== null) {
      return { kind: 'admitted', audience: sharedAudience(principal, tenantId, 'public') }
    }
    const limitKey = `address:${address}`
    const expiresAtMs = Infinity
    return {
      kind: 'admitted',
      audience: { tenantId, visibility: 'public', limitKey, expiresAtMs },
    }
  }
  const problem =
    principal === null
      ? new ProblemError('unauthorized', "A tenant's events need a bearer token.")
      : new ProblemError('forbidden', 'The token is not good for this tenant.')
  return { kind: 'refused', problem }
}

/** Of tokens that are remembered: the connections of one have it in common. */
const audiences = new WeakMap<Principal, Map<TenantId, Audience>>()

const sharedAudience = (
  principal: Principal,
  tenantId: TenantId,
  visibility: Visibility,
): Audience => {
  const known = audiences.get(principal) ?? new Map<TenantId, Audience>()
  audiences.set(principal, known)
  const made = known.get(tenantId)
  if (made !== undefined) return made
  const { kind, subject, expiresAtMs } = principal
  const audience = { tenantId, visibility, limitKey: `${kind}:${subject}`, expiresAtMs }
  known.set(tenantId, audience)
  return audience
}

export type Start =
  | Readonly<{ kind: 'from'; position: Position; word: string }>
  | Readonly<{ kind: 'gap' }>
  | Readonly<{ kind: 'invalid' }>

export const startOf = (
  after: string,
  {
    cursors,
    tenantId,
    head,
  }: Readonly<{ cursors: CursorCodec; tenantId: TenantId; head: Position }>,
): Start => {
  if (after === 'earliest') return { kind: 'from', position: 0, word: after }
  if (after === 'now') {
    return { kind: 'from', position: head, word: cursors.encode(tenantId, head) }
  }
  const decoded = cursors.decode(tenantId, after)
  switch (decoded.kind) {
    case 'position':
      return { kind: 'from', position: decoded.position, word: after }
    case 'other_epoch':
      return { kind: 'gap' }
    case 'invalid':
      return { kind: 'invalid' }
  }
}
