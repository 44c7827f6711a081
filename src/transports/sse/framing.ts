// The lines of an event stream. Domain events carry no event name, so that a plain `onmessage` gets
// every one of them; named ones are for control: ready, checkpoint, gap, lag, bye.
import type { Json } from '../../core/json.ts'
import type { Checkpoint, Framing } from '../feed/types.ts'

export const SSE_FRAMING: Framing = {
  name: 'sse',
  // JSON text has no raw line break, so one data line is enough.
  event: ({ json, cursor }) => Buffer.from(`id: ${cursor}\ndata: ${json}\n\n`),
}

export const HEARTBEAT = Buffer.from(':\n\n')

/** A browser keeps the id, fires nothing, and sends it when it reconnects. */
export const idBlock = (cursor: string): Buffer => Buffer.from(`id: ${cursor}\n\n`)

/** For clients that count what they got, and for those that overlook an id without data. */
export const checkpointEvent = ({ cursor, delivered }: Checkpoint): Buffer =>
  namedEvent('checkpoint', { cursor, delivered }, cursor)

export const namedEvent = (
  name: 'ready' | 'checkpoint' | 'gap' | 'lag' | 'bye',
  data: Readonly<Record<string, Json | undefined>>,
  id?: string,
): Buffer => {
  const idLine = id === undefined ? '' : `id: ${id}\n`
  return Buffer.from(`${idLine}event: ${name}\ndata: ${JSON.stringify(data)}\n\n`)
}

export const retryBlock = (retryMs: number): Buffer => Buffer.from(`retry: ${String(retryMs)}\n\n`)
