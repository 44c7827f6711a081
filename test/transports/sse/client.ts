// A consumer of the stream as every transport has one: events as they come, the last checkpoint, and
// ways to stop reading and to lose the connection. It reads a bare socket's response, so that one
// that is frozen holds the server back as a real one does.
import { type IncomingMessage, request } from 'node:http'
import { once } from 'node:events'
import type { FeedFilter } from '../../../src/transports/feed/filter.ts'

export type ClientOptions = Readonly<{
  url: string // of the server
  token?: string
  tenant?: string
  filter?: FeedFilter
  after?: string
}>

export type ReceivedEvent = Readonly<{
  id: string
  cursor: string
  type: string
  subject: string
  data: Record<string, unknown>
}>

export type Client = Readonly<{
  /** Ends when the stream does. */
  events: AsyncIterable<ReceivedEvent>
  checkpoint: () => Readonly<{ cursor: string; delivered: number }> | undefined
  /** Reads no more, and leaves the connection open. */
  freeze: () => void
  /** Loses the connection without a word. */
  drop: () => void
  close: () => void
}>

export const connect = async (options: ClientOptions): Promise<Client> => {
  const { url, token, tenant, filter, after } = options
  const asking = request(`${url}/v1/events/stream?checkpoints=event`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(tenant === undefined ? {} : { 'x-tenant-id': tenant }),
    },
    agent: false,
  })
  asking.end(JSON.stringify({ ...filter, ...(after === undefined ? {} : { after }) }))
  const [response] = (await once(asking, 'response')) as [IncomingMessage]
  if (response.statusCode !== 200) {
    response.destroy()
    throw new Error(`the stream answered ${String(response.statusCode)}`)
  }
  response.on('error', () => {}) // a connection that is lost ends the events, and that is all
  let isFrozen = false
  const gone = once(response, 'close').catch(() => {})
  let checkpoint: ReturnType<Client['checkpoint']>
  const leave = () => {
    response.destroy()
  }
  async function* events(): AsyncGenerator<ReceivedEvent> {
    for await (const { name, data } of blocksOf(response)) {
      if (isFrozen) await gone
      if (response.destroyed) return
      if (name === undefined) yield JSON.parse(data) as ReceivedEvent
      else if (name === 'checkpoint') checkpoint = JSON.parse(data) as typeof checkpoint
    }
  }
  return {
    events: events(),
    checkpoint: () => checkpoint,
    freeze: () => {
      isFrozen = true
    },
    drop: leave,
    close: leave,
  }
}

type Block = Readonly<{ name: string | undefined; data: string }>

async function* blocksOf(response: IncomingMessage): AsyncGenerator<Block> {
  let text = ''
  response.setEncoding('utf8')
  try {
    for await (const chunk of response) {
      const blocks = (text + String(chunk)).split('\n\n')
      text = blocks.pop() ?? ''
      for (const block of blocks) {
        const data = fieldOf(block, 'data')
        if (data !== undefined) yield { name: fieldOf(block, 'event'), data }
      }
    }
  } catch {
    // Lost: whoever wants more connects again, from the last cursor.
  }
}

const fieldOf = (block: string, name: string): string | undefined =>
  block
    .split('\n')
    .find((line) => line.startsWith(`${name}: `))
    ?.slice(name.length + 2)
