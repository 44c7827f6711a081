// The transport as the suite that runs over all transports drives it.
import { WebSocket } from 'ws'
import { SUBPROTOCOL } from '../../../src/transports/websocket/protocol.ts'

export type DrivenEvent = Readonly<{
  id: string
  cursor: string
  type: string
  subject: string
  data: Record<string, unknown>
}>

export type DriveOptions = Readonly<{
  url: string // http://host:port of the server
  token?: string
  tenant?: string
  filter?: Readonly<{ types?: readonly string[]; subjects?: readonly string[] }>
  after?: string
}>

export type Driven = Readonly<{
  events: AsyncIterable<DrivenEvent>
  checkpoint: () => Readonly<{ cursor: string; delivered: number }> | undefined
  freeze: () => void
  drop: () => void
  close: () => void
}>

/** Resolves when the server has said from where on it sends; rejects when it says no. */
export const connect = (options: DriveOptions): Promise<Driven> =>
  new Promise((resolve, reject) => {
    const { token, tenant, filter = {}, after = 'now' } = options
    const url = `${options.url.replace(/^http/, 'ws')}/v1/events/ws`
    const ws = new WebSocket(url, SUBPROTOCOL, { perMessageDeflate: false })
    const events = queueOf<DrivenEvent>()
    let checkpoint: ReturnType<Driven['checkpoint']>
    const say = (message: object) => ws.send(JSON.stringify(message))
    ws.on('open', () => say({ op: 'auth', token, tenant }))
    ws.on('message', (data) => {
      const message = JSON.parse((data as Buffer).toString())
      if (message.op === 'welcome') say({ op: 'sub', id: 1, filter, after })
      if (message.op === 'event') events.push(message.e)
      if (message.op === 'cp') checkpoint = { cursor: message.cursor, delivered: message.n }
      if (message.op === 'err') reject(new Error(message.problem.detail))
      if (message.op !== 'subbed') return
      resolve({
        events: events.iterable,
        checkpoint: () => checkpoint,
        freeze: () => ws.pause(),
        drop: () => ws.terminate(),
        close: () => ws.close(),
      })
    })
    ws.on('error', reject)
    ws.on('close', (code) => {
      events.end()
      reject(new Error(`closed with ${String(code)}`))
    })
  })

const queueOf = <Item>() => {
  const items: Item[] = []
  let wake: () => void = () => {}
  let isEnded = false
  const iterate = async function* (): AsyncGenerator<Item> {
    for (;;) {
      const item = items.shift()
      if (item !== undefined) yield item
      else if (isEnded) return
      else await new Promise<void>((resolve) => (wake = resolve))
    }
  }
  return {
    push(item: Item): void {
      items.push(item)
      wake()
    },
    end(): void {
      isEnded = true
      wake()
    },
    iterable: { [Symbol.asyncIterator]: iterate } as AsyncIterable<Item>,
  }
}
