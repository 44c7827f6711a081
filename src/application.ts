// Table of contents: every command and query that a transport may call. Transports know nothing else of the inside.
// How they are made: application/create.ts.
import type { UserChanges } from './commands/user.ts'
import type { CommandContext, CommandResult } from './core/command.ts'
import type { Position, Version } from './core/event.ts'
import type { TenantId } from './core/ids.ts'
import type { PaymentSource } from './core/payments.ts'
import type { LoggedAttempt } from './core/webhooks.ts'
import type { PetState, PresentPet } from './events/pet-state.ts'
import type { PetPhoto } from './events/pet.ts'
import type { ShelterProfile } from './events/shelter.ts'
import type { UserProfile } from './events/user.ts'
import type { WebhookConfig } from './events/webhook.ts'
import type { ListPlace, ListResult } from './projections/paging.ts'
import type { ClassicPetQueries } from './projections/pets/classic.ts'
import type {
  Inventory,
  PetQuery,
  PetRecord,
  PetSearchResult,
} from './projections/pets/query-types.ts'
import type { ClassicShelterQueries } from './projections/shelters-classic.ts'

import type {
  AdmitPet,
  AdoptionQuery,
  AdoptionResult,
  AdoptionView,
  AdoptPet,
  HistoryPage,
  Identified,
  OrderQuery,
  OrderResult,
  OrderView,
  Partially,
  PassOnPet,
  PaymentResult,
  PetResult,
  Receipt,
  RecordOutcome,
  RegisterWebhook,
  ReservePet,
  ReturnPet,
  RevisePet,
  ShelterState,
  ShelterView,
  SubmitAdoption,
  UserState,
  WebhookAttemptQuery,
  WebhookResult,
  WebhookView,
  WithReason,
  WithSecret,
} from './application/inputs.ts'

export type * from './application/inputs.ts'
export type { ListPage, ListPlace, ListResult } from './projections/paging.ts'
export type {
  ClassicPet,
  ClassicPetField,
  ClassicPetQuery,
  ClassicRange,
} from './projections/pets/classic.ts'
export type {
  Inventory,
  PetFacet,
  PetPage,
  PetQuery,
  PetRecord,
  PetSearchResult,
  PetSort,
} from './projections/pets/query-types.ts'
export type { ClassicShelterField } from './projections/shelters-classic.ts'

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
    /** Rejected with `not_reserved_for_this` unless the pet is reserved for `from`. */
    passOn(context: CommandContext, petId: string, input: PassOnPet): Promise<PetResult>
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
    /** From the log: never behind. Undefined: there is no such pet, or it was removed. */
    current(tenantId: TenantId, petId: string): Promise<PresentPet | undefined>
    /** In the order of the log; also on from a version of the pet. */
    history(
      tenantId: TenantId,
      petId: string,
      page: Readonly<{ limit: number; place: ListPlace | Readonly<{ version: Version }> }>,
    ): Promise<HistoryPage | 'bad_cursor' | undefined>
    inventory(tenantId: TenantId): Promise<Inventory>
  }>
  shelters: Readonly<{
    register(context: CommandContext, input: ShelterProfile): Promise<CommandResult<ShelterState>>
    update(
      context: CommandContext,
      shelterId: string,
      changes: Partially<ShelterProfile>,
    ): Promise<CommandResult<ShelterState>>
    /** Rejected with `shelter_has_pets` while it has any in care. The state is the one it had. */
    remove(
      context: CommandContext,
      shelterId: string,
      input: WithReason,
    ): Promise<CommandResult<ShelterState>>
    /** As they were registered. */
    list(
      tenantId: TenantId,
      page: Readonly<{ limit: number; place: ListPlace }>,
    ): Promise<ListResult<ShelterView>>
    get(tenantId: TenantId, shelterId: string): Promise<ShelterView | undefined>
  }>
  orders: Readonly<{
    /** Reserves the pet in its own stream first: `pet_not_available` for all but one of many buyers. */
    place(
      context: CommandContext,
      input: Readonly<{ petId: string; userId: string }>,
    ): Promise<OrderResult>
    /** `paymentId`: the payment that paid it; null when staff approve it by hand. */
    approve(
      context: CommandContext,
      orderId: string,
      input: WithReason & Readonly<{ paymentId: string | null }>,
    ): Promise<OrderResult>
    ship(context: CommandContext, orderId: string, input: WithReason): Promise<OrderResult>
    deliver(context: CommandContext, orderId: string, input: WithReason): Promise<OrderResult>
    /** While PLACED or APPROVED and no payment is being processed. */
    cancel(context: CommandContext, orderId: string, input: WithReason): Promise<OrderResult>
    /** Records the payment, asks the provider, and records what it said. */
    pay(
      context: CommandContext,
      orderId: string,
      input: Readonly<{ amount: string; currency: string; source: PaymentSource }>,
    ): Promise<PaymentResult>
    /** Asks the provider what became of a payment that is still being processed, and records it. */
    settlePayment(context: CommandContext, orderId: string, paymentId: string): Promise<OrderResult>
    /** Gives back what was paid for a cancelled order. */
    refundPayment(context: CommandContext, orderId: string, paymentId: string): Promise<OrderResult>
    /** Closes an order that was never placed, so that it cannot be placed later. */
    abandon(
      context: CommandContext,
      orderId: string,
      input: Readonly<{ petId: string; reason: string }>,
    ): Promise<CommandResult<unknown>>
    /** From the log: never behind. */
    get(tenantId: TenantId, orderId: string): Promise<OrderView | undefined>
    list(tenantId: TenantId, query: OrderQuery): Promise<ListResult<OrderView>>
    receipt(tenantId: TenantId, receiptId: string): Promise<Receipt | undefined>
  }>
  adoptions: Readonly<{
    /** Reserves the pet first; where it is taken and the tenant has waiting lists, the application waits. */
    submit(context: CommandContext, input: SubmitAdoption): Promise<AdoptionResult>
    startReview(
      context: CommandContext,
      adoptionId: string,
      input: WithReason,
    ): Promise<AdoptionResult>
    /** Rejected with `adoption_is_waiting` while the pet is reserved for somebody else. */
    approve(context: CommandContext, adoptionId: string, input: WithReason): Promise<AdoptionResult>
    reject(context: CommandContext, adoptionId: string, input: WithReason): Promise<AdoptionResult>
    withdraw(
      context: CommandContext,
      adoptionId: string,
      input: WithReason,
    ): Promise<AdoptionResult>
    complete(
      context: CommandContext,
      adoptionId: string,
      input: Readonly<{ date: string }>,
    ): Promise<AdoptionResult>
    /** Closes an application that was never stored, so that it cannot be stored later. */
    abandon(
      context: CommandContext,
      adoptionId: string,
      input: Readonly<{ petId: string; reason: string }>,
    ): Promise<CommandResult<unknown>>
    /** From the log: never behind. */
    get(tenantId: TenantId, adoptionId: string): Promise<AdoptionView | undefined>
    list(tenantId: TenantId, query: AdoptionQuery): Promise<ListResult<AdoptionView>>
    /**
     * The application that is next in line for a pet: of those that have not ended the first by log order,
     * other than `except`. At least as of the given position.
     */
    nextInLine(
      tenantId: TenantId,
      petId: string,
      options: Readonly<{ asOf: Position; except: string | null }>,
    ): Promise<string | undefined>
    /** All applications for a pet that have not ended, at least as of the given position. */
    openFor(
      tenantId: TenantId,
      petId: string,
      options: Readonly<{ asOf: Position }>,
    ): Promise<readonly string[]>
  }>
  users: Readonly<{
    /** Rejected with `username_taken` (field username). */
    register(
      context: CommandContext,
      input: Readonly<{ profile: UserProfile; password: string }>,
    ): Promise<CommandResult<UserState>>
    /**
     * Rejected with `username_taken` (field username) and `wrong_password` (field currentPassword). A new
     * password ends every session: refresh tokens are good no more.
     */
    update(
      context: CommandContext,
      userId: string,
      input: Readonly<{
        changes: UserChanges
        password?: Readonly<{ current: string; next: string }>
      }>,
    ): Promise<CommandResult<UserState>>
    /** The name is free again, the password and every refresh token good no more. */
    remove(
      context: CommandContext,
      userId: string,
      input: WithReason,
    ): Promise<CommandResult<unknown>>
    get(tenantId: TenantId, userId: string): Promise<Identified<UserState> | undefined>
  }>
  webhooks: Readonly<{
    /** Rejected with `webhook_limit_reached`. The secret is shown here and at a rotation, and nowhere else. */
    register(context: CommandContext, input: RegisterWebhook): Promise<WebhookResult & WithSecret>
    update(
      context: CommandContext,
      webhookId: string,
      changes: Partially<WebhookConfig>,
    ): Promise<WebhookResult>
    pause(context: CommandContext, webhookId: string, input: WithReason): Promise<WebhookResult>
    /** `after` null: from where it stopped. */
    resume(
      context: CommandContext,
      webhookId: string,
      input: WithReason & Readonly<{ after: Position | 'now' | null }>,
    ): Promise<WebhookResult>
    disable(context: CommandContext, webhookId: string, input: WithReason): Promise<WebhookResult>
    /** The secrets before sign beside it for a while. Rejected with `secret_limit_reached`. */
    rotateSecret(
      context: CommandContext,
      webhookId: string,
      input: Readonly<{ overlapMs: number }>,
    ): Promise<WebhookResult & WithSecret>
    remove(
      context: CommandContext,
      webhookId: string,
      input: WithReason,
    ): Promise<CommandResult<unknown>>
    /** From the log: never behind. */
    get(tenantId: TenantId, webhookId: string): Promise<WebhookView | undefined>
    /** As they were registered. */
    list(
      tenantId: TenantId,
      page: Readonly<{ limit: number; place: ListPlace }>,
    ): Promise<ListResult<WebhookView>>
    /** Calls that were made to an endpoint, the newest first. */
    attempts(tenantId: TenantId, query: WebhookAttemptQuery): Promise<ListResult<LoggedAttempt>>
    /** Brings the table that deliveries are made from in line with the log. */
    sync(tenantId: TenantId, webhookId: string): Promise<void>
  }>
  /** What the classic profile reads: by serial number, and no pet that it cannot express. */
  classic: Readonly<{ pets: ClassicPetQueries; shelters: ClassicShelterQueries }>
  readModel: Readonly<{
    /** Position that a query made after this call sees at least. */
    position(): Position
    /** Moves whenever an answer about this tenant's pets or shelters may have changed. */
    generation(tenantId: TenantId): number
    waitFor(position: Position, timeoutMs: number): Promise<boolean>
  }>
}>
