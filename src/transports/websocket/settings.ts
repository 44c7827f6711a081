// What the WebSocket transport is given, and its limits by name.
import type { TokenVerifier } from '../../core/auth.ts'
import type { Clock } from '../../core/clock.ts'
import type { CursorCodec } from '../../core/cursor.ts'
import type { IdGenerator } from '../../core/ids.ts'
import type { Logger } from '../../core/logger.ts'
import type { Metrics } from '../../core/metrics.ts'
import type { Feed } from '../feed/types.ts'

export type WebSocketLimits = Readonly<{
  connections: number // in all; how many of one caller, the feed says
  pendingPerAddress: number // that have not said yet who they are
  subscriptions: number // of one connection
  messageBytes: number // of one message of a client
  messagesPerWindow: number
  windowMs: number
  queuedMessages: number // that came while a token was checked
  bufferedBytes: number // a connection buffers, then its reader is behind
  authTimeoutMs: number
  pingMs: number
  missedPings: number // in a row, then the connection is closed
  expiringNoticeMs: number // before a token ends
  sweepMs: number // how often deadlines are looked at
  closeGraceMs: number // for the last frames to leave before a connection is cut
}>

export const WEBSOCKET_LIMITS: WebSocketLimits = {
  connections: 20_000,
  pendingPerAddress: 1_000,
  subscriptions: 128,
  messageBytes: 16_384,
  messagesPerWindow: 1_000,
  windowMs: 10_000,
  queuedMessages: 256,
  bufferedBytes: 48 * 1024,
  authTimeoutMs: 5_000,
  pingMs: 20_000,
  missedPings: 2,
  expiringNoticeMs: 60_000,
  sweepMs: 500,
  closeGraceMs: 2_000,
}

export type WebSocketOptions = Readonly<{
  feed: Feed
  cursors: CursorCodec
  verifier: TokenVerifier
  clock: Clock
  ids: IdGenerator
  random: () => number // in [0, 1)
  logger: Logger
  metrics: Metrics
  limits?: Partial<WebSocketLimits>
}>

/** The same for all connections: made once, since each of them holds on to what it was given. */
export type Common = WebSocketOptions & Readonly<{ bounds: WebSocketLimits }>
