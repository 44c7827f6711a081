// An HTTP response as a sink of the feed. It buffers a bounded number of bytes, then says that it
// is full; what it has accepted it counts until the kernel took it, so a reader that has gone quiet
// costs this much and no more.
import type { ServerResponse } from 'node:http'
import type { CloseReason, Sink } from '../feed/types.ts'
import { checkpointEvent, HEARTBEAT, idBlock, namedEvent, SSE_FRAMING } from './framing.ts'

export type SseSinkOptions = Readonly<{
  response: ServerResponse
  checkpoints: 'id' | 'event'
  maxBufferedBytes: number
  closeGraceMs: number // for the last lines to leave before the connection is cut
  retryMs: number
  onClose: (reason: CloseReason) => void
}>

const LOW_WATER = 0.25

export const createSseSink = (options: SseSinkOptions): Sink => {
  const { response, checkpoints, closeGraceMs, retryMs, onClose } = options
  const buffer = createByteBuffer(response, options.maxBufferedBytes)
  return {
    framing: SSE_FRAMING,
    write: buffer.write,
    checkpoint: (checkpoint) =>
      buffer.write(checkpoints === 'id' ? idBlock(checkpoint.cursor) : checkpointEvent(checkpoint)),
    heartbeat: () => buffer.write(HEARTBEAT),
    lag: (behindMs) => buffer.write(namedEvent('lag', { behindMs: Math.round(behindMs) })),
    onDrain: buffer.onDrain,
    cork: buffer.cork,
    uncork: buffer.uncork,
    close({ reason, cursor, delivered }) {
      onClose(reason)
      // Nobody reads: waiting for the last lines to leave would hold the connection for nothing.
      if (reason === 'stalled' || reason === 'failed' || reason === 'cancelled') {
        response.destroy()
        return
      }
      const again = reason === 'revoked' ? {} : { retryAfterMs: retryMs }
      buffer.write(namedEvent('bye', { reason, cursor, delivered, ...again }, cursor))
      buffer.uncork()
      endWithin(response, closeGraceMs)
    },
  }
}

const endWithin = (response: ServerResponse, graceMs: number): void => {
  const cut = setTimeout(() => {
    response.destroy()
  }, graceMs)
  cut.unref()
  response.once('close', () => {
    clearTimeout(cut)
  })
  response.end()
}

/**
 * Frames of one turn leave as one chunk; `write` answers false from the limit on, until most has
 * left.
 */
const createByteBuffer = (response: ServerResponse, maxBytes: number) => {
  let waiting: Buffer[] = []
  let waitingBytes = 0
  let leavingBytes = 0
  let isCorked = false
  let isFull = false
  let resume: () => void = () => {}

  const flush = (): void => {
    const frames = waiting
    const bytes = waitingBytes
    const last = frames.pop()
    if (last === undefined) return
    waiting = []
    waitingBytes = 0
    leavingBytes += bytes
    response.cork()
    for (const frame of frames) response.write(frame)
    response.write(last, () => {
      left(bytes)
    })
    response.uncork()
  }

  const left = (bytes: number): void => {
    leavingBytes -= bytes
    if (!isFull || leavingBytes + waitingBytes > maxBytes * LOW_WATER) return
    isFull = false
    resume()
  }

  return {
    write(frame: Buffer): boolean {
      waiting.push(frame)
      waitingBytes += frame.length
      if (waitingBytes + leavingBytes >= maxBytes) isFull = true
      if (!isCorked) flush()
      return !isFull
    },
    cork(): void {
      isCorked = true
    },
    uncork(): void {
      isCorked = false
      flush()
    },
    onDrain(callback: () => void): void {
      resume = callback
    },
  }
}
