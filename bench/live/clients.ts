// A crowd of clients in a process of its own, moved by messages of its parent. It counts bytes, waits for
// marks, and measures how old an event is when it comes.
import { connect, type Socket } from 'node:net'
import { type Asked, type Dialect, stepsOf, stillHere } from './dialects.ts'

export type Order =
  | Readonly<{
      op: 'open'
      dialect: Dialect
      port: number
      count: number
      tokens: readonly Readonly<{ token: string; tenant: string }>[] // taken in turn
      types: string
    }>
  | Readonly<{ op: 'await-mark'; mark: string }> // until every client has seen it
  | Readonly<{ op: 'measure-age' }> // from now on
  | Readonly<{ op: 'ages' }>
  | Readonly<{ op: 'freeze' }>
  | Readonly<{ op: 'close' }>

export type Answer = Readonly<{
  bytes?: number // that came from the first to the last
  ms?: number
  ages?: readonly number[]
  sample?: string // the beginning of what came
  error?: string
}>

type Client = { socket: Socket; tail: Buffer; isDone: boolean }

const OPENING_AT_A_TIME = 40
const SIGN_MS = 20_000
const AGE_MARK = Buffer.from('"recordedtime":"')
const TIMESTAMP_CHARACTERS = 24

let clients: Client[] = []
let hear: (client: Client, chunk: Buffer) => void = () => {}
let ages: number[] = []
let died: string | undefined

const now = (): number => performance.timeOrigin + performance.now()

const openOne = (asked: Asked, port: number): Promise<Client> =>
  new Promise((resolve, reject) => {
    const steps = [...stepsOf(asked)]
    const socket = connect(port, '127.0.0.1')
    const client: Client = { socket, tail: Buffer.alloc(0), isDone: false }
    let step = steps.shift()
    let heard = ''
    const next = (chunk: Buffer): void => {
      heard += chunk.toString('latin1')
      while (step !== undefined && heard.includes(step.until)) {
        heard = heard.slice(heard.indexOf(step.until) + step.until.length)
        step = steps.shift()
        if (step !== undefined) socket.write(step.say)
      }
      if (step !== undefined) return
      socket.off('data', next)
      socket.on('data', (data: Buffer) => hear(client, data))
      resolve(client)
    }
    socket.setNoDelay(true)
    socket.on('data', next)
    socket.on('connect', () => step !== undefined && socket.write(step.say))
    socket.on('error', reject)
    socket.on('close', () => {
      if (clients.includes(client)) died ??= 'a connection was closed by the server'
      reject(new Error(`${asked.dialect}: closed after ${heard.slice(0, 400)}`))
    })
  })

const open = async (order: Extract<Order, { op: 'open' }>): Promise<Answer> => {
  const { dialect, port, count, tokens, types } = order
  let next = 0
  const work = async (): Promise<void> => {
    while (next < count) {
      const index = next++
      const { token, tenant } = tokens[index % tokens.length] ?? { token: '', tenant: 'shared' }
      const asked = { dialect, token, tenant, types, name: `bench-${process.pid}-${index}` }
      clients.push(await openOne(asked, port))
    }
  }
  await Promise.all(Array.from({ length: OPENING_AT_A_TIME }, work))
  const sign = stillHere(dialect)
  if (sign !== undefined) setInterval(signAll, SIGN_MS, sign)
  return {}
}

const signAll = (sign: Buffer): void => {
  for (const { socket } of clients) socket.write(sign)
}

const awaitMark = (mark: string): Promise<Answer> =>
  new Promise((resolve) => {
    const wanted = Buffer.from(mark)
    let left = clients.length
    let bytes = 0
    let startedMs = 0
    let sample = ''
    for (const client of clients) {
      client.isDone = false
      client.tail = Buffer.alloc(0)
    }
    hear = (client, chunk) => {
      if (startedMs === 0) {
        startedMs = now()
        sample = chunk.toString('latin1', 0, 2_000)
      }
      bytes += chunk.length
      if (client.isDone) return
      const edge = Buffer.concat([client.tail, chunk.subarray(0, wanted.length)])
      client.tail = chunk.subarray(-wanted.length)
      if (!chunk.includes(wanted) && !edge.includes(wanted)) return
      client.isDone = true
      left -= 1
      if (left === 0) resolve({ bytes, ms: now() - startedMs, sample })
    }
  })

const measureAge = (): Answer => {
  ages = []
  hear = (_client, chunk) => {
    const at = now()
    for (
      let from = chunk.indexOf(AGE_MARK);
      from !== -1;
      from = chunk.indexOf(AGE_MARK, from + 1)
    ) {
      const start = from + AGE_MARK.length
      const recorded = Date.parse(chunk.toString('latin1', start, start + TIMESTAMP_CHARACTERS))
      if (!Number.isNaN(recorded)) ages.push(at - recorded)
    }
  }
  return {}
}

const close = async (): Promise<Answer> => {
  const leaving = clients
  clients = []
  hear = () => {}
  for (const { socket } of leaving) socket.destroy()
  return {}
}

const freeze = (): Answer => {
  for (const { socket } of clients) socket.pause()
  return {}
}

const obey = async (order: Order): Promise<Answer> => {
  if (died !== undefined) throw new Error(died)
  switch (order.op) {
    case 'open':
      return open(order)
    case 'await-mark':
      return awaitMark(order.mark)
    case 'measure-age':
      return measureAge()
    case 'ages':
      return { ages: ages.toSorted((a, b) => a - b) }
    case 'freeze':
      return freeze()
    case 'close':
      return close()
  }
}

process.on('message', (order: Order) => {
  obey(order).then(
    (answer) => process.send?.(answer),
    (cause: unknown) => process.send?.({ error: String(cause) }),
  )
})
process.on('disconnect', () => process.exit(0))
process.send?.({})
