// What the log has after the endpoint's position: read page by page, sent as the flow has room for it, and stored as it
// goes.
import { createFlow, type Flow } from './flow.ts'
import { save, send, type Session, streamKey, type Tools } from './session.ts'
import type { Message } from './message.ts'
import { createTasks, type Tasks } from './tasks.ts'

const STORED_PER_WINDOW = 4
const WINDOW_PER_CALL = 10 // of those at once: so that nobody waits for the slowest of a few

/** False: there was nothing to do. */
export const sendNewEvents = async (tools: Tools, session: Session): Promise<boolean> => {
  const { limits } = tools
  const isStrict = session.endpoint.mode === 'strict'
  if (session.blocked.size >= (isStrict ? 1 : limits.blockedStreams)) return false
  const isProbe = session.health.openUntilMs !== null
  const atOnce = isStrict || isProbe ? 1 : Math.min(session.endpoint.maxInFlight, limits.inFlight)
  const window = isProbe ? 1 : Math.max(limits.windowEvents, atOnce * WINDOW_PER_CALL)
  const tasks = createTasks(() => {
    session.stop ??= 'stopped'
  })
  const flow = createFlow({
    ...{ session, tasks, isStrict, atOnce, window },
    send: (message) => send(tools, session, { message, attemptsBefore: 0 }),
  })
  const before = session.position
  await drive(tools, session, { flow, tasks, window, most: isProbe ? 1 : limits.turnEvents })
  if (session.unsaved.attempts.length > 0) await save(tools, session)
  return flow.begun() > 0 || session.position > before
}

type Driven = Readonly<{ flow: Flow; tasks: Tasks; window: number; most: number }>

/** Until the log has no more, the turn is over, or something else is due. */
const drive = async (
  tools: Tools,
  session: Session,
  { flow, tasks, window, most }: Driven,
): Promise<void> => {
  let readUpTo = session.position
  let storedUpTo = session.position
  let storing = 0
  let [read, isEnd] = [0, false]
  const readMore = async (): Promise<void> => {
    const page = await readPage(tools, session, { after: readUpTo, most: most - read })
    isEnd = page.upTo <= readUpTo
    readUpTo = page.upTo
    read += page.messages.length
    flow.add(page.messages, page.upTo)
  }
  const mayRead = (): boolean =>
    !isEnd &&
    read < most &&
    flow.waiting() < window &&
    tasks.running('read') === 0 &&
    session.stop === undefined &&
    session.isCurrent &&
    session.blocked.size < tools.limits.blockedStreams &&
    !hasDue(tools, session)
  const store = async (): Promise<void> => {
    storing = flow.done()
    storedUpTo = session.position
    await save(tools, session, { isPassing: tasks.total() > 1 })
    flow.stored(storing)
  }
  const mayStore = (): boolean => {
    if (tasks.running('store') > 0) return false
    if (flow.done() - storing >= Math.ceil(window / STORED_PER_WINDOW)) return true
    return tasks.total() === 0 && session.position > storedUpTo
  }
  for (;;) {
    if (!tasks.hasFailed()) {
      if (mayRead()) tasks.run('read', readMore)
      flow.start()
      if (mayStore()) tasks.run('store', store)
    }
    if (tasks.total() === 0) break
    await tasks.change()
  }
  tasks.rethrow()
}

const hasDue = ({ clock }: Tools, { blocked }: Session): boolean => {
  const nowMs = clock()
  for (const { dueAtMs } of blocked.values()) if (dueAtMs <= nowMs) return true
  return false
}

type Asked = Readonly<{ after: number; most: number }>
type Page = Readonly<{ messages: readonly Message[]; upTo: number }>

/** No more than so many that are this endpoint's to get and wait behind no other. */
const readPage = async (
  { eventStore, messages: maker, limits }: Tools,
  { endpoint, matches, blocked }: Session,
  { after, most }: Asked,
): Promise<Page> => {
  const filter = { tenantId: endpoint.tenantId }
  const page = await eventStore.readAll({ after, limit: limits.pageEvents, filter })
  const messages: Message[] = []
  let { upTo } = page
  for (const event of page.events) {
    if (blocked.has(streamKey(event))) continue // its row sends it
    const message = maker.make(endpoint, event)
    if (message === undefined || !matches(message.type, message.subject)) continue
    if (messages.length === most) {
      upTo = event.position - 1
      break
    }
    messages.push(message)
  }
  maker.addCursors(endpoint, messages)
  return { messages, upTo }
}
