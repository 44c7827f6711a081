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
}>

export const SSE_SETTINGS: SseSettings = {
  lifetimeMs: 600_000,
  maxBufferedBytes: 64 * 1024,
  closeGraceMs: 2_000,
  heartbeatMs: FEED_LIMITS.heartbeatMs,
  maxFilterBytes: 16 * 1024,
}

export type EventRouteOptions = Readonly<{
  feed: Feed
  cursors: CursorCodec
  clock: Clock
  random: () => number // in [0, 1)
  settings?: Partial<SseSettings>
}>
