// What is under way to one endpoint: events in the order of the log, streams side by side, no more at once than the
// receiver takes, and none begun further ahead of what is stored than a window: a crash repeats no more than that.
import type { Position } from '../../core/event.ts'
import type { Message } from './message.ts'
import { rowOf, type Sent, setBlocked, type Session, streamKey } from './session.ts'
import type { Tasks } from './tasks.ts'

type Ticket = { readonly message: Message; readonly key: string; isDone: boolean }

export type FlowOptions = Readonly<{
  session: Session
  tasks: Tasks
  isStrict: boolean
  atOnce: number
  window: number
  send: (message: Message) => Promise<Sent>
}>

export type Flow = Readonly<{
  /** Events of a page, which ended at the position. */
  add(messages: readonly Message[], upTo: Position): void
  /** Begins what may be begun, and brings the session's position to where everything before it is done. */
  start(): void
  waiting(): number
  begun(): number
  /** How many are done, one after another from the first. */
  done(): number
  /** So many are stored as done. */
  stored(done: number): void
}>

export const createFlow = (options: FlowOptions): Flow => {
  const { session, tasks, isStrict, atOnce, window } = options
  const order: Ticket[] = [] // from the first that is not done
  const fresh: Ticket[] = []
  const behind = new Map<string, Ticket[]>() // a stream of which one is sent, and what waits for that
  let [begun, done, stored] = [0, 0, 0]
  let readUpTo = session.position

  const advance = (): void => {
    while (order[0]?.isDone === true) {
      order.shift()
      done += 1
    }
    const first = order[0]?.message.event.position
    session.position = Math.max(session.position, first === undefined ? readUpTo : first - 1)
  }
  const isHalted = (): boolean =>
    session.stop !== undefined || !session.isCurrent || (isStrict && session.blocked.size > 0)
  const settle = (ticket: Ticket, sent: Sent): void => {
    const lane = behind.get(ticket.key) ?? []
    if (sent.kind === 'later') {
      setBlocked(session, rowOf(ticket.message.event, sent))
      // In parallel mode the row stands for the stream's later events too.
      for (const each of lane) each.isDone = !isStrict
    }
    ticket.isDone = sent.kind !== 'unsent'
    const next = sent.kind === 'done' && !isHalted() ? lane.shift() : undefined
    if (next === undefined) behind.delete(ticket.key)
    else run(next)
  }
  const run = (ticket: Ticket): void =>
    tasks.run('send', () => options.send(ticket.message).then((sent) => settle(ticket, sent)))
  const begin = (ticket: Ticket): void => {
    begun += 1
    const lane = behind.get(ticket.key)
    if (!isStrict && session.blocked.has(ticket.key)) ticket.isDone = true
    else if (lane !== undefined) lane.push(ticket)
    else {
      behind.set(ticket.key, [])
      run(ticket)
    }
  }
  return {
    add: (messages, upTo) => {
      const key = isStrict ? () => '' : streamKey
      for (const message of messages) {
        const ticket = { message, key: key(message.event), isDone: false }
        fresh.push(ticket)
        order.push(ticket)
      }
      readUpTo = upTo
    },
    start: () => {
      while (tasks.running('send') < atOnce && begun - stored < window && !isHalted()) {
        const ticket = fresh.shift()
        if (ticket === undefined) break
        begin(ticket)
      }
      advance()
    },
    waiting: () => fresh.length,
    begun: () => begun,
    done: () => done,
    stored: (places) => {
      stored = places
    },
  }
}
