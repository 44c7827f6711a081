// What leaves a connection, for all of its subscriptions together. Frames of one turn leave as one
// write; from the limit on it is full, until the kernel has taken most of it. Nothing is copied.
import { WebSocket } from 'ws'
import type { Client } from './client.ts'

const CHUNK_BYTES = 16 * 1024 // is handed to the kernel without waiting for the turn's end
const LOW_WATER = 0.25

/** False: taken, but no more is wanted before the subscriptions are told that it has drained. */
export const write = (client: Client, frame: Buffer): boolean => {
  if (client.isSilent) return true
  if (client.waiting === undefined) client.waiting = [frame]
  else client.waiting.push(frame)
  client.waitingBytes += frame.length
  if (client.waitingBytes >= CHUNK_BYTES) flush(client)
  else flushAtTurnEnd(client)
  if (bufferedBytes(client) >= client.house.common.bounds.bufferedBytes) client.isFull = true
  return !client.isFull
}

/** Nothing is written from now on. */
export const silence = (client: Client): void => {
  flush(client)
  client.isSilent = true
}

const bufferedBytes = ({ socket, waitingBytes }: Client): number =>
  socket.writableLength + waitingBytes

const flush = (client: Client): void => {
  const { socket, ws, waiting } = client
  const last = waiting?.pop()
  if (waiting === undefined || last === undefined) return
  client.waiting = undefined
  client.waitingBytes = 0
  // Nothing may follow a close frame.
  if (client.isSilent || ws.readyState !== WebSocket.OPEN) return
  socket.cork()
  for (const frame of waiting) socket.write(frame)
  socket.write(last, () => hasLeft(client))
  socket.uncork()
}

const hasLeft = (client: Client): void => {
  const { isFull, isSilent, house } = client
  if (!isFull || isSilent) return
  if (bufferedBytes(client) > house.common.bounds.bufferedBytes * LOW_WATER) return
  client.isFull = false
  for (const { subscription } of client.channels) subscription?.drained()
}

const flushAtTurnEnd = (client: Client): void => {
  if (client.isScheduled) return
  client.isScheduled = true
  process.nextTick(flushTurn, client)
}

const flushTurn = (client: Client): void => {
  client.isScheduled = false
  flush(client)
}
