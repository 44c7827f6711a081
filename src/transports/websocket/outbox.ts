// What leaves a connection, for all of its subscriptions together. Frames of one turn leave as one
// write; from the limit on it is full, until the kernel has taken most of it. Nothing is copied.
import type { Duplex } from 'node:stream'

export type Outbox = Readonly<{
  /** False: taken, but no more is wanted before the callback of `onDrain` is called. */
  write: (frame: Buffer) => boolean
  isFull: () => boolean
  flush: () => void
  /** To be called each time there is room again. */
  onDrain: (resume: () => void) => () => void
  /** Nothing is written from now on. */
  end: () => void
}>

const CHUNK_BYTES = 16 * 1024 // is handed to the kernel without waiting for the turn's end
const LOW_WATER = 0.25

export type OutboxOptions = Readonly<{
  socket: Duplex
  isOpen: () => boolean // nothing may follow a close frame
  maxBytes: number
}>

export const createOutbox = ({ socket, isOpen, maxBytes }: OutboxOptions): Outbox => {
  const waiters: (() => void)[] = []
  let waiting: Buffer[] = []
  let waitingBytes = 0
  let isScheduled = false
  let isFull = false
  let isEnded = false

  const buffered = (): number => socket.writableLength + waitingBytes

  const flush = (): void => {
    const frames = waiting
    const last = frames.pop()
    if (last === undefined) return
    waiting = []
    waitingBytes = 0
    if (isEnded || !isOpen()) return
    socket.cork()
    for (const frame of frames) socket.write(frame)
    socket.write(last, left)
    socket.uncork()
  }

  const left = (): void => {
    if (!isFull || isEnded || buffered() > maxBytes * LOW_WATER) return
    isFull = false
    for (const resume of [...waiters]) resume()
  }

  const flushAtTurnEnd = (): void => {
    if (isScheduled) return
    isScheduled = true
    process.nextTick(() => {
      isScheduled = false
      flush()
    })
  }

  return {
    write(frame) {
      if (isEnded) return true
      waiting.push(frame)
      waitingBytes += frame.length
      if (waitingBytes >= CHUNK_BYTES) flush()
      else flushAtTurnEnd()
      if (buffered() >= maxBytes) isFull = true
      return !isFull
    },
    isFull: () => isFull,
    flush,
    onDrain(resume) {
      waiters.push(resume)
      return () => {
        const at = waiters.indexOf(resume)
        if (at !== -1) waiters.splice(at, 1)
      }
    },
    end() {
      flush()
      isEnded = true
      waiters.length = 0
    },
  }
}
