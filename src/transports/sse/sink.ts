// The connection of an event stream as a sink of the feed. It buffers a bounded number of bytes, then
// says that it is full; what it has accepted it counts until the kernel took it, so a reader that has
// gone quiet costs this much and no more.
import type { Socket } from 'node:net'
import type { CloseReason, ConnectionPlace, Feed, Sink, Subscription } from '../feed/types.ts'
import {
  checkpointEvent,
  HEARTBEAT,
  idBlock,
  LAST_CHUNK,
  linesOf,
  namedEvent,
  SSE_FRAMING,
} from './framing.ts'

/** All that the transport keeps of one stream, flat, since many are open for long (ADR 39). */
export type SseStream = {
  readonly socket: Socket
  isChunked: boolean // false for HTTP/1.0
  readonly settings: Readonly<{
    maxBufferedBytes: number
    closeGraceMs: number // for the last lines to leave before the connection is cut
  }>
  readonly checkpoints: 'id' | 'event'
  readonly retryMs: number
  readonly feed: Pick<Feed, 'disconnect'>
  readonly place: ConnectionPlace
  subscription: Subscription | undefined
  drop: ((reason: CloseReason) => void) | undefined // of its ticket
  waiting: Buffer[] | undefined
  waitingBytes: number
  leavingBytes: number
  isCorked: boolean
  isFull: boolean
}

const LOW_WATER = 0.25

export const SSE_SINK: Sink<SseStream> = {
  framing: SSE_FRAMING,
  write: (frame, _event, stream) => write(stream, frame),
  checkpoint: (checkpoint, stream) =>
    write(
      stream,
      stream.checkpoints === 'id' ? idBlock(checkpoint.cursor) : checkpointEvent(checkpoint),
    ),
  heartbeat: (stream) => write(stream, HEARTBEAT),
  lag: (behindMs, stream) => write(stream, namedEvent('lag', { behindMs: Math.round(behindMs) })),
  cork(stream) {
    stream.isCorked = true
  },
  uncork,
  close({ reason, cursor, delivered }, stream) {
    const { socket, retryMs, settings } = stream
    stream.feed.disconnect(stream.place)
    stream.drop?.(reason)
    // Nobody reads: waiting for the last lines to leave would hold the connection for nothing.
    if (reason === 'stalled' || reason === 'failed' || reason === 'cancelled') {
      socket.destroy()
      return
    }
    const again = reason === 'revoked' ? {} : { retryAfterMs: retryMs }
    write(stream, namedEvent('bye', { reason, cursor, delivered, ...again }, cursor))
    uncork(stream)
    if (stream.isChunked) socket.write(LAST_CHUNK)
    endWithin(socket, settings.closeGraceMs)
  },
}

const endWithin = (socket: Socket, graceMs: number): void => {
  const cut = setTimeout(() => {
    socket.destroy()
  }, graceMs)
  cut.unref()
  socket.once('close', () => {
    clearTimeout(cut)
  })
  socket.destroySoon()
}

/**
 * Frames of one turn leave as one write; it answers false from the limit on, until most has left.
 */
export const write = (stream: SseStream, chunk: Buffer): boolean => {
  const frame = stream.isChunked ? chunk : linesOf(chunk)
  if (stream.waiting === undefined) stream.waiting = [frame]
  else stream.waiting.push(frame)
  stream.waitingBytes += frame.length
  if (stream.waitingBytes + stream.leavingBytes >= stream.settings.maxBufferedBytes) {
    stream.isFull = true
  }
  if (!stream.isCorked) flush(stream)
  return !stream.isFull
}

function uncork(stream: SseStream): void {
  stream.isCorked = false
  flush(stream)
}

const flush = (stream: SseStream): void => {
  const { socket, waiting, waitingBytes } = stream
  const last = waiting?.pop()
  if (waiting === undefined || last === undefined) return
  stream.waiting = undefined
  stream.waitingBytes = 0
  stream.leavingBytes += waitingBytes
  socket.cork()
  for (const frame of waiting) socket.write(frame)
  socket.write(last, () => {
    hasLeft(stream, waitingBytes)
  })
  socket.uncork()
}

const hasLeft = (stream: SseStream, bytes: number): void => {
  stream.leavingBytes -= bytes
  const { isFull, leavingBytes, waitingBytes, settings } = stream
  if (!isFull || leavingBytes + waitingBytes > settings.maxBufferedBytes * LOW_WATER) return
  stream.isFull = false
  stream.subscription?.drained()
}
