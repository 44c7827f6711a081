// What the commands and queries of the application take and give. The table of them: application.ts.
import type { PetChanges } from '../commands/pet-changes.ts'
import type { CommandResult } from '../core/command.ts'
import type { Position, StoredEvent, Version } from '../core/event.ts'
import type { PresentAdoption } from '../events/adoption-state.ts'
import type { AdoptionStatus, Household } from '../events/adoption.ts'
import type { PresentOrder } from '../events/order-state.ts'
import type { OrderStatus } from '../events/order.ts'
import type { PetDetails } from '../events/pet-details.ts'
import type { PetIntake, PetState, ReservationCause } from '../events/pet-state.ts'
import type { PetPhoto, PetProfile, PetStatus } from '../events/pet.ts'
import type { ShelterProfile } from '../events/shelter.ts'
import type { UserProfile } from '../events/user.ts'
import type { PresentWebhook } from '../events/webhook-state.ts'
import type { WebhookConfig } from '../events/webhook.ts'
import type { ListPage, ListPlace } from '../projections/paging.ts'

/** Undefined members are treated as absent. */
export type Partially<T> = { readonly [Field in keyof T]?: T[Field] | undefined }

export type AdmitPet = Readonly<{
  profile: PetProfile
  status: 'AVAILABLE' | 'NOT_AVAILABLE'
  intake: PetIntake
  photos: readonly PetPhoto[]
}>

/** Rejected with `unknown_shelter` (field shelterId) when the shelter is not one of this tenant's. */
export type RevisePet = Readonly<{
  changes: PetChanges
  status?: PetStatus // refused where staff may not set it by hand
  photos?: readonly PetPhoto[] // ones the pet does not have yet are added; none is taken away
  reason?: string
}>

export type RecordOutcome = Readonly<{
  kind:
    | 'RETURNED_TO_OWNER'
    | 'TRANSFER_OUT'
    | 'RETURNED_TO_FIELD'
    | 'DIED_IN_CARE'
    | 'EUTHANASIA'
    | 'LOST_IN_CARE'
    | 'OTHER'
  date: string
  destination: string | null
  reason: string | null
}>
export type ReturnPet = Readonly<{
  status: 'AVAILABLE' | 'NOT_AVAILABLE'
  intake: PetIntake // kind RETURN
  reason: string | null
}>

export type ReservePet = Readonly<{ cause: ReservationCause; reason: string | null }>
export type AdoptPet = Readonly<{
  cause: ReservationCause | null
  adopterId: string | null
  date: string
  reason: string | null
}>

/** A reservation goes from one order or adoption to the next without the pet being available between. */
export type PassOnPet = Readonly<{ from: ReservationCause; to: ReservationCause }>

export type PetResult = CommandResult<PetState>

/** Something with the id and version that its stream has. */
export type Identified<State> = State & Readonly<{ id: string; version: Version }>

export type OrderResult = CommandResult<PresentOrder>
export type OrderView = Identified<PresentOrder>
/** A page of a tenant's orders, newest first. `userId`: of one buyer only. */
export type OrderQuery = Readonly<{
  userId?: string
  petId?: string
  statuses?: readonly OrderStatus[]
  limit: number
  place: ListPlace
}>
export type Receipt = Readonly<{ receiptId: string; paymentId: string; order: OrderView }>

/** `paymentId`: of the payment that this call submitted, or submitted first under its key. */
export type PaymentResult = OrderResult & Readonly<{ paymentId?: string }>

export type AdoptionResult = CommandResult<PresentAdoption>
/** `holdsReservation`: the pet is reserved for this application now. */
export type AdoptionView = Identified<PresentAdoption> & Readonly<{ holdsReservation: boolean }>
export type SubmitAdoption = Readonly<{
  petId: string
  applicantId: string
  message: string | null
  household: Household | null
}>
export type AdoptionQuery = Readonly<{
  applicantId?: string
  petId?: string
  statuses?: readonly AdoptionStatus[]
  limit: number
  place: ListPlace
}>
export type WithReason = Readonly<{ reason: string | null }>

export type ShelterView = ShelterProfile &
  Readonly<{
    id: string
    serial: number // per tenant, from 1, in log order
    availablePetCount: number
    version: Version
    createdAt: string
    updatedAt: string
  }>
export type ShelterState = Readonly<{
  profile: ShelterProfile
  createdAt: string
  updatedAt: string
}>

export type UserState = Readonly<{
  profile: UserProfile
  scopes: readonly string[]
  createdAt: string
  updatedAt: string
}>

export type WebhookView = Identified<PresentWebhook>
export type WebhookResult = CommandResult<PresentWebhook>
/** `after`: the log position after which sending begins; undefined: now. */
export type RegisterWebhook = Readonly<{ config: WebhookConfig; after?: Position | undefined }>
/** `before`: older than the call of this id. */
export type WebhookAttemptQuery = Readonly<{
  webhookId: string
  eventId?: string | undefined
  limit: number
  place: ListPlace | Readonly<{ before: number }>
}>
/** With the secret that the command made, as text that is shown nowhere else. */
export type WithSecret = Readonly<{ secret?: string }>

/** One step of a pet's history: the event, which members of the pet's state it changed, and what it says besides. */
export type HistoryEntry = Readonly<{
  event: StoredEvent
  details: PetDetails
  changes: readonly Readonly<{ field: string; before: unknown; after: unknown }>[]
}>
/** `version`: the pet's now. */
export type HistoryPage = ListPage<HistoryEntry> & Readonly<{ version: Version }>
