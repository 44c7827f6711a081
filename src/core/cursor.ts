// The opaque public form of a log position, bound to a tenant and to the log's epoch.
import type { Position } from './event.ts'
import type { TenantId } from './ids.ts'

export type DecodedCursor =
  | Readonly<{ kind: 'position'; position: Position }>
  | Readonly<{ kind: 'other_epoch' }> // of a log that was since restored or re-imported: answer with a gap
  | Readonly<{ kind: 'invalid' }> // broken, or of another tenant

/** Cursors have at most 32 characters of `[A-Za-z0-9_-]` and disclose no position to who lacks the key. */
export interface CursorCodec {
  encode(tenantId: TenantId, position: Position): string
  /** The same of many, for much less than one by one. */
  encodeAll(tenantId: TenantId, positions: readonly Position[]): readonly string[]
  decode(tenantId: TenantId, cursor: string): DecodedCursor
}

/** A log's identity: its epoch changes when it is restored or re-imported; its key encrypts cursors. */
export type LogIdentity = Readonly<{ epoch: number; cursorKey: Uint8Array }> // 16 bytes
