// What the event routes are given, and their limits by name.
import type { Clock } from '../../core/clock.ts'
import type { CursorCodec } from '../../core/cursor.ts'
import { FEED_LIMITS } from '../feed/limits.ts'
import type { Feed } from '../feed/types.ts'

export type SseSettings = Readonly<{
  lifetimeMs: number // of a stream, give or take a fifth
  maxBufferedBytes: number // a stream buffers, then its reader is behind
  closeGraceMs: number
  heartbeatMs: number // what `ready` says; the feed's own setting
  maxFilterBytes: number
  ticketFirstUseMs: number
  ticketReuseMs: number // by its own stream, after a drop
  tickets: number
  ticketsPerTenant: number
  ticketsPerPrincipal: number
}>

export const SSE_SETTINGS: SseSettings = {
  lifetimeMs: 600_000,
  maxBufferedBytes: 48 * 1024, // with the frame that fills it, less than 64 KiB
  closeGraceMs: 2_000,
  heartbeatMs: FEED_LIMITS.heartbeatMs,
  maxFilterBytes: 16 * 1024,
  ticketFirstUseMs: 30_000,
  ticketReuseMs: 60_000,
  tickets: 10_000,
  ticketsPerTenant: 2_000,
  ticketsPerPrincipal: 50,
}

export type EventRouteOptions = Readonly<{
  feed: Feed
  cursors: CursorCodec
  clock: Clock
  random: () => number // in [0, 1)
  randomToken: (bytes: number) => string // fit for secrets and for URLs
  settings?: Partial<SseSettings>
}>
