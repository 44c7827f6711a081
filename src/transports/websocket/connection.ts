// One connection: what its client may say, and when it is over. Deadlines are looked at by `sweep`,
// which the server calls for all connections, so that a connection has no timer of its own.
import type { Duplex } from 'node:stream'
import type { RawData, WebSocket } from 'ws'
import { ProblemError } from '../http/problem.ts'
import { type Channels, createChannels } from './channels.ts'
import { createEntrance, type Entrance } from './entrance.ts'
import { createLine, type Line } from './line.ts'
import { type ClientMessage, CLOSE, type CloseCode } from './protocol.ts'
import { createPulse } from './pulse.ts'
import { readMessage } from './read-message.ts'
import { CODE_OF } from './refusals.ts'
import type { Common, WebSocketLimits } from './settings.ts'

export type ConnectionOptions = Readonly<{
  common: Common
  ws: WebSocket
  socket: Duplex
  address: string
  /** It is known who is there: it waits no more. Or it has closed before. */
  onSettled: () => void
  onClosed: () => void
}>

export type Connection = Readonly<{
  sweep: () => void
  /** Tells each subscription its place, says goodbye and closes. */
  leave: (code: CloseCode) => void
  cut: () => void
}>

export const createConnection = (options: ConnectionOptions): Connection => {
  const { common, ws, socket, address, onSettled, onClosed } = options
  const { bounds, random } = common
  const line: Line = createLine({
    ws,
    socket,
    bounds,
    random,
    isBare: false,
    onEnd: (how) => channels.end(how),
  })
  const channels: Channels = createChannels({
    common,
    line,
    onEnded: (reason) => line.leave(CODE_OF[reason]),
  })
  const entrance = createEntrance({
    common,
    line,
    address,
    onSettled,
    onDemoted: channels.revokeStaff,
  })
  const pulse = createPulse(ws, bounds)
  const hear = createEar({ ws, line, bounds, act: actOf({ line, channels, entrance }) })
  let ageMs = 0
  let windowMs = 0

  ws.on('message', (data, isBinary) => {
    pulse.felt()
    hear.message(data, isBinary)
  })
  ws.on('pong', pulse.felt)
  ws.on('close', () => {
    entrance.end()
    onClosed()
  })

  return {
    sweep() {
      if (line.isEnded()) return
      ageMs += bounds.sweepMs
      windowMs += bounds.sweepMs
      if (windowMs >= bounds.windowMs) {
        windowMs = 0
        hear.startWindow()
      }
      if (entrance.audience() === undefined && ageMs >= bounds.authTimeoutMs) {
        return line.give(tooLate(), CLOSE.tooSlow)
      }
      entrance.watch()
      pulse.sweep()
    },
    leave: line.leave,
    cut: () => ws.terminate(),
  }
}

type Parts = Readonly<{ line: Line; channels: Channels; entrance: Entrance }>

/** A promise: nothing else is done before it is settled. */
const actOf =
  ({ line, channels, entrance }: Parts) =>
  (message: ClientMessage): Promise<void> | void => {
    if (message.op === 'auth') return entrance.authenticate(message)
    const audience = entrance.audience()
    if (audience === undefined) return line.give(authFirst(), CLOSE.malformed)
    switch (message.op) {
      case 'sub':
        return channels.open(message, audience)
      case 'unsub':
        return channels.close(message.id)
      case 'credit':
        return channels.grant(message.ch, message.n)
      case 'ping':
        return line.send({ op: 'pong', ts: message.ts })
    }
  }

type EarOptions = Readonly<{
  ws: WebSocket
  line: Line
  bounds: WebSocketLimits
  act: (message: ClientMessage) => Promise<void> | void
}>

/** Messages in their order: while a token is checked, those that follow wait. */
const createEar = ({ ws, line, bounds, act }: EarOptions) => {
  const queued: string[] = []
  let isBusy = false
  let messages = 0

  const take = (text: string): void => {
    const read = readMessage(text)
    if (read.kind !== 'message') {
      if (read.kind === 'invalid') line.refuse(read.refused)
      else line.give(read.refused.problem, CLOSE.malformed)
      return
    }
    const acting = act(read.message)
    if (acting !== undefined) void wait(acting)
  }

  const wait = async (acting: Promise<void>): Promise<void> => {
    isBusy = true
    ws.pause()
    await acting
    isBusy = false
    ws.resume()
    while (queued.length > 0 && !isBusy && !line.isEnded()) take(queued.shift() ?? '')
  }

  return {
    message(data: RawData, isBinary: boolean): void {
      if (line.isEnded()) return
      messages += 1
      if (isBinary) return line.give(binary(), CLOSE.malformed)
      if (messages > bounds.messagesPerWindow) return line.give(tooFast(), CLOSE.limit)
      const text = (data as Buffer).toString() // ws gives one Buffer unless told otherwise
      if (!isBusy && queued.length === 0) return take(text)
      if (queued.length >= bounds.queuedMessages) return line.give(tooFast(), CLOSE.limit)
      queued.push(text)
    },
    startWindow(): void {
      messages = 0
    },
  }
}

const authFirst = () => new ProblemError('unauthorized', 'The first message must be auth.')
const tooLate = () => new ProblemError('request-timeout', 'No auth message came in time.')
const tooFast = () => new ProblemError('rate-limit-exceeded', 'Too many messages.')
const binary = () => new ProblemError('bad-request', 'Messages are text.')
