// Fan-out: so many events, stored at once, to 1,000 clients. From the first byte that any client gets to
// the last one's last event; the processor time of the server's process beside it.
import { type Crowd, startCrowd } from './crowd.ts'
import type { Dialect } from './dialects.ts'
import { eventIn, markOf, PLAIN_MARK } from './marks.ts'
import { portOf, settle, type Stage, TYPES } from './stage.ts'
import type { RunningServer } from '../lib/processes.ts'
import { median, type Row } from '../lib/table.ts'

export type FanOutOptions = Readonly<{ clients: number; events: number; rounds: number }>

type Contender = Readonly<{
  what: string
  server: RunningServer
  crowd: Crowd
  send: (events: number, mark: string) => Promise<void>
  runs: { perSecond: number; cpuUs: number }[]
}>

const CONNECTIONS_PER_CALLER = 50
const MICROSECONDS = 1_000

export const measureFanOut = async (stage: Stage, options: FanOutOptions): Promise<Row[]> => {
  const { clients, events, rounds } = options
  const tokens = await stage.tokens(Math.ceil(clients / CONNECTIONS_PER_CALLER))
  let marks = 0
  const gather = async (dialect: Dialect, port: number): Promise<Crowd> => {
    const crowd = await startCrowd()
    await crowd.order({ op: 'open', dialect, port, count: clients, tokens, types: TYPES })
    await settle()
    return crowd
  }
  const run = async (contender: Contender, count: number): Promise<string> => {
    const { crowd, server, send, what } = contender
    const mark = markOf((marks += 1))
    const before = server.cpuMs() ?? Number.NaN
    const marked = crowd.order({ op: 'await-mark', mark })
    await Promise.all([send(count, mark), marked])
    const { ms = 0, bytes = 0, sample = '' } = await marked
    const frames = count * clients
    if (bytes / frames < sample.indexOf(mark)) throw new Error(`${what}: too few bytes came`)
    const cpuUs = (((server.cpuMs() ?? Number.NaN) - before) * MICROSECONDS) / frames
    contender.runs.push({ perSecond: (frames * 1_000) / ms, cpuUs })
    return sample
  }
  const ours = async (what: string, dialect: Dialect): Promise<Contender> => {
    const crowd = await gather(dialect, stage.ports.http)
    return { what, server: stage.server, crowd, send: stage.burst, runs: [] }
  }
  const peer = async (
    what: string,
    { name, dialect }: Readonly<{ name: 'ws' | 'sse' | 'socketio'; dialect: Dialect }>,
    event: string,
  ): Promise<Contender> => {
    const server = await stage.peer(name)
    const crowd = await gather(dialect, portOf(server))
    const send = async (count: number, mark: string): Promise<void> => {
      const url = `${server.url}/burst?events=${count}&mark=${mark}`
      await fetch(url, { method: 'POST', body: event })
    }
    return { what, server, crowd, send, runs: [] }
  }
  const compare = async (contenders: readonly Contender[]): Promise<void> => {
    for (const each of contenders) await run(each, events) // compiled, and buffers grown
    for (const each of contenders) each.runs.length = 0
    for (let round = 0; round < rounds; round += 1) {
      for (const each of contenders) await run(each, events)
    }
    for (const { crowd } of contenders) await crowd.stop()
  }

  const socket = await ours('pawtrail, WebSocket', 'websocket')
  const event = eventIn(await run(socket, 1)).replace(/mark-\d{10}/, PLAIN_MARK)
  const bare = await peer('bare ws, Sender.frame', { name: 'ws', dialect: 'bare-websocket' }, event)
  const io = await peer(
    'socket.io, room broadcast',
    { name: 'socketio', dialect: 'socket.io' },
    event,
  )
  await compare([socket, bare, io])
  await io.server.stop()
  await bare.server.stop()
  const stream = await ours('pawtrail, SSE', 'sse')
  const plain = await peer('bare res.write', { name: 'sse', dialect: 'bare-sse' }, event)
  await compare([stream, plain])
  await plain.server.stop()
  return [
    rowOf(socket),
    rowOf(bare, socket, '>= 0.7'),
    rowOf(io, socket, '>= 2.0'),
    rowOf(stream),
    rowOf(plain, stream, '>= 0.7'),
  ]
}

const rateOf = ({ runs }: Contender): number => median(runs.map(({ perSecond }) => perSecond))

const rowOf = (contender: Contender, ours?: Contender, target?: string): Row => {
  const cpuUs = median(contender.runs.map((each) => each.cpuUs))
  const value = `${Math.round(rateOf(contender))} frames/s, ${cpuUs.toFixed(2)} us of its process each`
  if (ours === undefined || target === undefined) return { what: contender.what, value }
  return { what: contender.what, value, ratio: rateOf(ours) / rateOf(contender), target }
}
