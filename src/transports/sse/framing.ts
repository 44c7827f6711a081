// The lines of an event stream. Domain events carry no event name, so that a plain `onmessage` gets
// every one of them; named ones are for control: ready, checkpoint, gap, lag, bye. All of them are made
// as chunks of HTTP/1.1, so that one buffer is written to everybody.
import type { Json } from '../../core/json.ts'
import type { Checkpoint, Framing } from '../feed/types.ts'

export const SSE_FRAMING: Framing = {
  name: 'sse',
  // JSON text has no raw line break, so one data line is enough.
  event: ({ json, cursor }) => chunkOf(`id: ${cursor}\ndata: ${json}\n\n`),
}

const chunkOf = (lines: string): Buffer =>
  Buffer.from(`${Buffer.byteLength(lines).toString(16)}\r\n${lines}\r\n`)

const LINE_FEED = 10
const CRLF_BYTES = 2

/** For HTTP/1.0, which has no chunks. */
export const linesOf = (chunk: Buffer): Buffer =>
  chunk.subarray(chunk.indexOf(LINE_FEED) + 1, -CRLF_BYTES)

export const LAST_CHUNK = Buffer.from('0\r\n\r\n')

export const HEARTBEAT = chunkOf(':\n\n')

/** A browser keeps the id, fires nothing, and sends it when it reconnects. */
export const idBlock = (cursor: string): Buffer => chunkOf(`id: ${cursor}\n\n`)

/** For clients that count what they got, and for those that overlook an id without data. */
export const checkpointEvent = ({ cursor, delivered }: Checkpoint): Buffer =>
  namedEvent('checkpoint', { cursor, delivered }, cursor)

export const namedEvent = (
  name: 'ready' | 'checkpoint' | 'gap' | 'lag' | 'bye',
  data: Readonly<Record<string, Json | undefined>>,
  id?: string,
): Buffer => {
  const idLine = id === undefined ? '' : `id: ${id}\n`
  return chunkOf(`${idLine}event: ${name}\ndata: ${JSON.stringify(data)}\n\n`)
}

export const retryBlock = (retryMs: number): Buffer => chunkOf(`retry: ${String(retryMs)}\n\n`)
