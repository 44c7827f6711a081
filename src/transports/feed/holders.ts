// Who holds what open, so that all of one user's is found at once.
import { SHARED_TENANT } from '../../core/ids.ts'
import { type Held, principalOf } from './barred.ts'

export type Holders<H extends Held> = Readonly<{
  add: (held: H) => void
  remove: (held: H) => void
  /** Of a user of the tenant: in it, and in the shared pool, where everybody may listen. */
  of: (tenantId: string, userId: string) => readonly H[]
}>

export const createHolders = <H extends Held>(): Holders<H> => {
  const byPrincipal = new Map<string, Set<H>>()
  return {
    add(held) {
      const those = byPrincipal.get(held.principal)
      if (those === undefined) byPrincipal.set(held.principal, new Set([held]))
      else those.add(held)
    },
    remove(held) {
      const those = byPrincipal.get(held.principal)
      those?.delete(held)
      if (those?.size === 0) byPrincipal.delete(held.principal)
    },
    of: (tenantId, userId) =>
      [...(byPrincipal.get(principalOf(userId)) ?? [])].filter(
        (held) => held.tenantId === tenantId || held.tenantId === SHARED_TENANT,
      ),
  }
}
