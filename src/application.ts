// Table of contents: every command and query that a transport may call. Transports know nothing else of the inside.
// How they are made: application/create.ts.
import type { PetChanges } from './commands/pet-changes.ts'
import type { CommandContext, CommandResult } from './core/command.ts'
import type { Position, StoredEvent, Version } from './core/event.ts'
import type { TenantId } from './core/ids.ts'
import type { PetIntake, PetState, ReservationCause } from './events/pet-state.ts'
import type { PetPhoto, PetProfile, PetStatus } from './events/pet.ts'
import type { ShelterProfile } from './events/shelter.ts'
import type { UserProfile } from './events/user.ts'
import type {
  Inventory,
  PetQuery,
  PetRecord,
  PetSearchResult,
} from './projections/pets/query-types.ts'

export type {
  Inventory,
  PetFacet,
  PetPage,
  PetQuery,
  PetRecord,
  PetSearchResult,
  PetSort,
} from './projections/pets/query-types.ts'

/** Undefined members are treated as absent. */
type Partially<T> = { readonly [Field in keyof T]?: T[Field] | undefined }

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

export type PetResult = CommandResult<PetState>

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
export type ShelterPage = Readonly<{ items: readonly ShelterView[]; totalItems: number }>

export type UserState = Readonly<{
  profile: UserProfile
  scopes: readonly string[]
  createdAt: string
  updatedAt: string
}>

/** One step of a pet's history: the event, and which members of the pet's state it changed. */
export type HistoryEntry = Readonly<{
  event: StoredEvent
  changes: readonly Readonly<{ field: string; before: unknown; after: unknown }>[]
}>
export type HistoryPage = Readonly<{
  entries: readonly HistoryEntry[]
  version: Version
  hasMore: boolean
}>

export type Application = Readonly<{
  pets: Readonly<{
    admit(context: CommandContext, input: AdmitPet): Promise<PetResult>
    revise(context: CommandContext, petId: string, input: RevisePet): Promise<PetResult>
    recordOutcome(context: CommandContext, petId: string, input: RecordOutcome): Promise<PetResult>
    returnToCare(context: CommandContext, petId: string, input: ReturnPet): Promise<PetResult>
    addPhoto(
      context: CommandContext,
      petId: string,
      input: Readonly<{ photo: PetPhoto; description: string | null }>,
    ): Promise<PetResult>
    /** PENDING for an order or an adoption; `pet_not_available` when somebody was first. */
    reserve(context: CommandContext, petId: string, input: ReservePet): Promise<PetResult>
    release(context: CommandContext, petId: string, input: ReservePet): Promise<PetResult>
    adopt(context: CommandContext, petId: string, input: AdoptPet): Promise<PetResult>
    remove(
      context: CommandContext,
      petId: string,
      input: Readonly<{ reason: string | null }>,
    ): Promise<PetResult>
    search(tenantId: TenantId, query: PetQuery): Promise<PetSearchResult>
    get(
      tenantId: TenantId,
      petId: string,
      options: Readonly<{ extras: boolean }>,
    ): Promise<PetRecord | undefined>
    /** The JSON text of a pet after a command: the same bytes that `get` gives once the read model has followed. */
    render(
      tenantId: TenantId,
      petId: string,
      state: PetState,
      options: Readonly<{ extras: boolean }>,
    ): string
    history(
      tenantId: TenantId,
      petId: string,
      page: Readonly<{ after: Version; limit: number }>,
    ): Promise<HistoryPage | undefined>
    inventory(tenantId: TenantId): Promise<Inventory>
  }>
  shelters: Readonly<{
    register(context: CommandContext, input: ShelterProfile): Promise<CommandResult<ShelterState>>
    update(
      context: CommandContext,
      shelterId: string,
      changes: Partially<ShelterProfile>,
    ): Promise<CommandResult<ShelterState>>
    list(tenantId: TenantId, page: Readonly<{ page: number; limit: number }>): Promise<ShelterPage>
    get(tenantId: TenantId, shelterId: string): Promise<ShelterView | undefined>
  }>
  users: Readonly<{
    /** Rejected with `username_taken` (field username). */
    register(
      context: CommandContext,
      input: Readonly<{ profile: UserProfile; password: string }>,
    ): Promise<CommandResult<UserState>>
    get(
      tenantId: TenantId,
      userId: string,
    ): Promise<(UserState & Readonly<{ id: string; version: Version }>) | undefined>
  }>
  readModel: Readonly<{
    /** Position that a query made after this call sees at least. */
    position(): Position
    /** Moves whenever an answer about this tenant's pets or shelters may have changed. */
    generation(tenantId: TenantId): number
    waitFor(position: Position, timeoutMs: number): Promise<boolean>
  }>
}>
