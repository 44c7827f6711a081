// One pet while a page of events is folded.
import type { TenantId } from '../../core/ids.ts'
import type { PetState } from '../../events/pet-state.ts'

/** `before` is what the row said, `state` what it will say. `serial` 0: not given yet. */
export type PetEntry = Readonly<{ tenantId: TenantId; petId: string; before: PetState }> & {
  version: number
  serial: number
  state: PetState
  isNew: boolean
  isChanged: boolean
}
