// What the command line asks of the inside; compose.ts makes it. Opening it must be cheap: the database is reached for
// only by what needs it, so that `token` and `tail` work beside a running server, and without one.
import type { TokenRequest } from '../core/auth.ts'
import type { Position } from '../core/event.ts'
import type { TenantId } from '../core/ids.ts'
import type { ClientDefinition, OAuthClient } from '../core/oauth.ts'

export type SeedRequest = Readonly<{ tenantId: TenantId; pets: number }>
export type SeedResult = Readonly<{ shelters: number; pets: number }>

/** Of a projection or a policy. */
export type ConsumerStatus = Readonly<{
  name: string
  position: Position
  lag: number // positions between the head and the consumer
  parked: readonly ParkedStreamStatus[]
}>

export type ParkedStreamStatus = Readonly<{
  tenantId: string
  category: string
  streamId: string
  position: Position // of the event that could not be dealt with
  retryRequested: boolean
}>

export type Status = Readonly<{
  head: Position
  projections: readonly ConsumerStatus[]
  policies: readonly ConsumerStatus[] // what they set aside they try again by themselves
}>

/** `target` is the head as the rebuild began; the position may run past it. */
export type RebuildProgress = Readonly<{ position: Position; target: Position; events: number }>
export type RebuildResult = Readonly<{ position: Position; events: number }>

/** A projection that does not exist is `unknown_projection`, with the names there are. */
export type UnknownProjection = Readonly<{ kind: 'unknown_projection'; known: readonly string[] }>

export type Tools = Readonly<{
  issueToken(request: TokenRequest): Promise<Readonly<{ token: string; expiresAtMs: number }>>
  /** OAuth clients. Refused where an outside identity provider signs the tokens. `secret`: null for a public one. */
  createClient(
    definition: ClientDefinition,
  ): Promise<Readonly<{ client: OAuthClient; secret: string | null }> | undefined>
  listClients(): Promise<readonly OAuthClient[]>
  removeClient(clientId: string): Promise<boolean>
  /** By id or name; answers the id. Undefined: there is no such account. */
  removeUser(tenantId: TenantId, user: string): Promise<string | undefined>
  seed(request: SeedRequest): Promise<SeedResult>
  /** `in_use`: a server runs on the embedded store, and nothing was touched. */
  reset(): Promise<'reset' | 'in_use'>
  status(): Promise<Status>
  rebuild(
    projection: string,
    options: Readonly<{ onProgress: (progress: RebuildProgress) => void; signal: AbortSignal }>,
  ): Promise<(RebuildResult & Readonly<{ kind: 'rebuilt' }>) | UnknownProjection>
  /** Asks that parked streams (or the one named by its id) be tried again; how many were asked for. */
  replayParked(
    projection: string,
    streamId?: string,
  ): Promise<Readonly<{ kind: 'requested'; streams: number }> | UnknownProjection>
  close(): Promise<void>
}>
