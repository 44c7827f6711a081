// Whether a token is that of a user whose deletion was seen in the log. It cannot be taken back, but it can be refused;
// after a restart its expiry alone ends it.
import type { Principal } from '../../core/auth.ts'
import { principalOf } from './barred.ts'
import type { Feed } from './types.ts'

export const hasLeftBy =
  ({ isBarred }: Pick<Feed, 'isBarred'>) =>
  ({ kind, subject, tenants }: Principal): boolean =>
    kind === 'user' &&
    tenants.some((tenantId) => isBarred({ tenantId, principal: principalOf(subject) }))
