// The next window of what the log has after the endpoint's position: streams side by side, each in its own order.
import type { Position } from '../../core/event.ts'
import { rowOf, save, send, type Session, setBlocked, streamKey, type Tools } from './session.ts'
import type { Message } from './message.ts'

type Window = Readonly<{ messages: readonly Message[]; upTo: Position; isEnd: boolean }>

/** False: there was nothing to do. */
export const sendNewEvents = async (tools: Tools, session: Session): Promise<boolean> => {
  const { limits } = tools
  const isStrict = session.endpoint.mode === 'strict'
  const isProbe = session.health.openUntilMs !== null
  if (session.blocked.size >= (isStrict ? 1 : limits.blockedStreams)) return false
  const window = await readWindow(tools, session, isProbe ? 1 : limits.windowEvents)
  if (window.isEnd) return false
  const unsent = await sendAll(tools, session, {
    lanes: isStrict ? [window.messages] : lanesOf(window.messages),
    isStrict,
  })
  // Up to before the first that was not sent: what was sent after it is sent again.
  const first = Math.min(...unsent.map(({ event }) => event.position))
  const reached = unsent.length === 0 ? window.upTo : first - 1
  const moves = reached > session.position || session.unsaved.attempts.length > 0
  session.position = Math.max(session.position, reached)
  if (moves) await save(tools, session)
  return moves
}

/** So many events that are this endpoint's to get and wait behind no other. */
const readWindow = async (
  { eventStore, messages: maker, limits }: Tools,
  session: Session,
  most: number,
): Promise<Window> => {
  const { endpoint, matches, blocked, position } = session
  const filter = { tenantId: endpoint.tenantId }
  const page = await eventStore.readAll({ after: position, limit: limits.pageEvents, filter })
  const messages: Message[] = []
  for (const event of page.events) {
    if (blocked.has(streamKey(event))) continue // its row sends it
    const message = maker.make(endpoint, event)
    if (message === undefined || !matches(message.type, message.subject)) continue
    if (messages.length === most) return { messages, upTo: event.position - 1, isEnd: false }
    messages.push(message)
  }
  return { messages, upTo: page.upTo, isEnd: page.upTo <= position }
}

const lanesOf = (messages: readonly Message[]): readonly (readonly Message[])[] => {
  const lanes = new Map<string, Message[]>()
  for (const message of messages) {
    const key = streamKey(message.event)
    const lane = lanes.get(key)
    if (lane === undefined) lanes.set(key, [message])
    else lane.push(message)
  }
  return [...lanes.values()]
}

type Lanes = Readonly<{ lanes: readonly (readonly Message[])[]; isStrict: boolean }>

/** Those that were not sent, and that no row stands for. */
const sendAll = async (
  tools: Tools,
  session: Session,
  { lanes, isStrict }: Lanes,
): Promise<readonly Message[]> => {
  const waiting = [...lanes]
  const unsent: Message[] = []
  const sendLane = async (lane: readonly Message[]): Promise<void> => {
    for (const [index, message] of lane.entries()) {
      const sent =
        session.stop === undefined
          ? await send(tools, session, { message, attemptsBefore: 0 })
          : ({ kind: 'unsent' } as const)
      if (sent.kind === 'unsent') {
        unsent.push(...lane.slice(index))
        return
      }
      if (sent.kind === 'later') {
        setBlocked(session, rowOf(message.event, sent))
        // In parallel mode the row stands for the stream's later events too.
        if (isStrict) unsent.push(...lane.slice(index + 1))
        return
      }
    }
  }
  const worker = async (): Promise<void> => {
    for (let lane = waiting.shift(); lane !== undefined; lane = waiting.shift()) {
      await sendLane(lane)
    }
  }
  await Promise.all(Array.from({ length: tools.limits.inFlight }, worker))
  return unsent
}
