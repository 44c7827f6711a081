// What a transport hands to a command beside its input, and what it gets back. Status numbers are the transports' own.
import type { Rejection } from './decider.ts'
import type { Actor, Position, Version } from './event.ts'
import type { Idempotency } from './event-store.ts'
import type { TenantId } from './ids.ts'

export type CommandContext = Readonly<{
  tenantId: TenantId
  actor: Actor
  correlationId: string
  causationId?: string
  /** From If-Match: the version the caller has seen. */
  expectedVersion?: Version
  idempotency?: Idempotency
}>

export type CommandResult<State> =
  | Readonly<{
      kind: 'done'
      id: string
      state: State // after the command
      version: Version
      position: Position // of the command's last event; of the stream's last when nothing had to be recorded
      replayed: boolean // an idempotency key had already done this
    }>
  | Readonly<{ kind: 'rejected'; rejection: Rejection }>
  | Readonly<{ kind: 'not_found' }>
  | Readonly<{ kind: 'conflict'; actualVersion: Version }> // lost every retry against concurrent writers
  | Readonly<{ kind: 'version_mismatch'; actualVersion: Version }> // If-Match did not hold
  | Readonly<{ kind: 'key_reused' }>
  | Readonly<{ kind: 'overloaded'; retryAfterMs: number }>
