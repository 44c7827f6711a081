// The port through which a consumer of the log remembers how far it is, and which streams it had to set aside. One
// owner at a time: a lease carries a fence, and whoever was replaced changes nothing any more.
import type { Position } from './event.ts'
import type { TenantId } from './ids.ts'

export type LeaseRequest = Readonly<{
  subscription: string
  owner: string // names a process, unique at least for as long as a lease
  leaseMs: number // an owner that was silent for longer is replaced
}>

/** `position`: how far the subscription was when the lease began. */
export type CheckpointLease = Readonly<{
  subscription: string
  owner: string
  fence: number
  position: Position
}>

/** A stream that a consumer set aside: its events from `position` on are still to be dealt with. */
export type SetAside = Readonly<{
  tenantId: TenantId
  category: string
  streamId: string
  position: Position
  error: string // why, shortened to MAX_PARK_REASON characters
}>
export type Parked = SetAside & Readonly<{ attempts: number }>

export const MAX_PARKED = 10_000
export const MAX_PARK_REASON = 2_000

/**
 * Guaranteed:
 * - of many owners who ask at once one gets the lease; it is free again when it is released, or when its owner was
 *   silent for longer than the one who asks allows;
 * - `renew`, `advance`, `park` and `unpark` of an owner that was replaced throw Fault `fenced` and change nothing;
 * - a position never moves back;
 * - a stream that is parked again keeps its count of attempts, one higher.
 *
 * Not guaranteed: that what a consumer did and its checkpoint are stored together; a consumer sees an event again after
 * a crash.
 */
export interface Checkpoints {
  /** Undefined: somebody else has it. */
  acquire(request: LeaseRequest): Promise<CheckpointLease | undefined>
  /** A sign of life; `advance` is one too. */
  renew(lease: CheckpointLease): Promise<void>
  advance(lease: CheckpointLease, position: Position): Promise<void>
  /** Does nothing for an owner that was replaced. */
  release(lease: CheckpointLease): Promise<void>
  /** By position, MAX_PARKED at most. */
  parked(subscription: string): Promise<readonly Parked[]>
  park(lease: CheckpointLease, stream: SetAside): Promise<void>
  /** Does nothing for a stream that is not parked. */
  unpark(
    lease: CheckpointLease,
    stream: Pick<SetAside, 'tenantId' | 'category' | 'streamId'>,
  ): Promise<void>
}

/** Text that every adapter can store. */
export const parkReason = (error: string): string =>
  error.replaceAll('\0', '').slice(0, MAX_PARK_REASON)
