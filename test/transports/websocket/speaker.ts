// A client that speaks the protocol by hand and keeps every word it was told.
import type { Test } from 'tap'
import { WebSocket } from 'ws'
import { SUBPROTOCOL } from '../../../src/transports/websocket/protocol.ts'
import { TENANT, until } from '../feed/harness.ts'

type Said = Readonly<Record<string, unknown>> &
  Readonly<{
    op: string
    ch: string
    id: number
    n: number
    cursor: string
    code: number
    from: string
    problem: Readonly<{ status: number; type: string; detail: string }>
    e: Readonly<{ id: string; sequence: string; cursor: string; type: string; subject: string }> &
      Readonly<{ source: string; data: Record<string, unknown> }>
  }>

export type Speaker = Readonly<{
  ws: WebSocket
  heard: Said[]
  say: (message: unknown) => void
  /** The first such message from `from` on, once it is there. */
  hear: (op: string, from?: number) => Promise<Said>
  all: (op: string) => Said[]
  sequences: (ch?: string) => number[]
  closed: () => Promise<number>
}>

export type SpeakerOptions = Readonly<{
  token?: string | null // null: nobody; undefined: staff
  tenant?: string | null
  isSilent?: boolean // says nothing by itself
  headers?: Record<string, string>
}>

export const speaker = async (
  t: Test,
  url: string,
  { token = 'staff', tenant = TENANT, isSilent = false, headers = {} }: SpeakerOptions = {},
): Promise<Speaker> => {
  const ws = new WebSocket(url, SUBPROTOCOL, { headers, perMessageDeflate: false })
  const heard: Said[] = []
  let code: number | undefined
  ws.on('message', (data) => heard.push(JSON.parse((data as Buffer).toString())))
  ws.on('close', (closedWith) => (code = closedWith))
  ws.on('error', () => {})
  t.teardown(() => ws.terminate())
  await until(() => ws.readyState === WebSocket.OPEN, 'the connection')
  const say = (message: unknown) =>
    ws.send(typeof message === 'string' ? message : JSON.stringify(message))
  const hear = async (op: string, from = 0): Promise<Said> => {
    const find = () => heard.slice(from).find((each) => each.op === op)
    await until(() => find() !== undefined || code !== undefined, `a message ${op}`)
    const found = find()
    if (found === undefined) throw new Error(`closed with ${String(code)} before ${op}`)
    return found
  }
  if (!isSilent) {
    say({ op: 'auth', token, tenant })
    await hear('welcome')
  }
  const all = (op: string) => heard.filter((each) => each.op === op)
  return {
    ...{ ws, heard, say, hear, all },
    sequences: (ch) =>
      all('event')
        .filter((each) => ch === undefined || each.ch === ch)
        .map(({ e }) => Number(e.sequence)),
    closed: async () => {
      await until(() => code !== undefined, 'the close')
      return code ?? 0
    },
  }
}
