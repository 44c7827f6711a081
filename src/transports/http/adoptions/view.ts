// How an application for adoption is shown.
import type { AdoptionView } from '../../../application.ts'
import type { Version } from '../../../core/event.ts'
import { SHARED_TENANT, type TenantId } from '../../../core/ids.ts'
import type { AdoptionStatus, Household } from '../../../events/adoption.ts'

const OPEN: readonly AdoptionStatus[] = ['SUBMITTED', 'UNDER_REVIEW', 'APPROVED']

type Shown = Omit<AdoptionView, 'version'>

/** Neither over nor with its pet reserved for it. */
const isWaiting = ({ status, holdsReservation }: Shown): boolean =>
  OPEN.includes(status) && !holdsReservation

/** Whether an application waits moves without its version: both are in the tag, the version is what If-Match reads. */
export const adoptionTag = (adoption: Shown & Readonly<{ version: Version }>): string =>
  `"v${adoption.version}${isWaiting(adoption) ? '.1' : ''}"`

export const adoptionJson = (tenantId: TenantId, adoption: Shown) => ({
  id: adoption.id,
  petId: adoption.petId,
  applicantId: adoption.applicantId,
  status: adoption.status,
  waiting: isWaiting(adoption),
  message: adoption.message ?? undefined,
  household: adoption.household === null ? undefined : householdJson(adoption.household),
  reason: adoption.reason ?? undefined,
  completedOn: adoption.completedOn ?? undefined,
  tenantId: tenantId === SHARED_TENANT ? undefined : tenantId,
  createdAt: adoption.createdAt,
  updatedAt: adoption.updatedAt,
})

const householdJson = (household: Household) => ({
  homeType: household.homeType ?? undefined,
  adults: household.adults ?? undefined,
  children: household.children ?? undefined,
  otherPets: household.otherPets ?? undefined,
  hasYard: household.hasYard ?? undefined,
})
