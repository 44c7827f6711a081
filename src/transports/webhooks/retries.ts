// Streams that wait behind an event that failed: the event is tried when its time has come, and then the events of its
// stream that the endpoint's position has passed meanwhile, one after another.
import { MAX_STREAM_READ } from '../../core/event-store.ts'
import type { StoredEvent } from '../../core/event.ts'
import type { Blocked } from '../../core/webhooks.ts'
import type { Message } from './message.ts'
import { save, send, type Session, setBlocked, type Tools, unblock } from './session.ts'

const STREAM_PAGE = Math.min(100, MAX_STREAM_READ)

/** False: none is due. */
export const retryBlocked = async (tools: Tools, session: Session): Promise<boolean> => {
  const nowMs = tools.clock()
  const isAlone = session.health.openUntilMs !== null || session.endpoint.mode === 'strict'
  const due = [...session.blocked.values()]
    .filter(({ dueAtMs }) => dueAtMs <= nowMs)
    .sort((left, right) => left.dueAtMs - right.dueAtMs || left.position - right.position)
    .slice(0, isAlone ? 1 : tools.limits.inFlight)
  if (due.length === 0) return false
  await Promise.all(due.map((row) => retryStream(tools, session, row)))
  await save(tools, session)
  return true
}

/** Until something fails, the stream has caught up, or a window of it was sent. */
const retryStream = async (tools: Tools, session: Session, first: Blocked): Promise<void> => {
  let row = first
  for (let sentEvents = 0; sentEvents < tools.limits.windowEvents; sentEvents += 1) {
    if (session.stop !== undefined) return
    const found = await nextOf(tools, session, row)
    if (found === undefined) return unblock(session, row)
    const { message, event } = found
    const attemptsBefore = event.version === row.version ? row.attempts : 0
    const sent = await send(tools, session, { message, attemptsBefore })
    if (sent.kind === 'unsent') return
    const { version, position } = event
    if (sent.kind === 'later') {
      const { attempts, dueAtMs } = sent
      return setBlocked(session, { ...row, version, position, attempts, dueAtMs })
    }
    row = { ...row, version: version + 1, position, attempts: 0, dueAtMs: tools.clock() }
    setBlocked(session, row)
    if (session.health.openUntilMs !== null) return
  }
}

type Found = Readonly<{ message: Message; event: StoredEvent }>

/** The first from the row's version on that this endpoint gets, up to its position. */
const nextOf = async (
  { eventStore, messages }: Tools,
  { endpoint, matches, position }: Session,
  { category, streamId, version }: Blocked,
): Promise<Found | undefined> => {
  const stream = { tenantId: endpoint.tenantId, category, id: streamId }
  let fromVersion = version
  for (;;) {
    const slice = await eventStore.readStream(stream, { fromVersion, limit: STREAM_PAGE })
    for (const event of slice.events) {
      // The one that failed may lie beyond a position that was not moved that far.
      if (event.position > position && event.version !== version) return undefined
      const message = messages.make(endpoint, event)
      if (message !== undefined && matches(message.type, message.subject)) return { message, event }
    }
    const last = slice.events.at(-1)?.version
    if (last === undefined || last >= slice.version) return undefined
    fromVersion = last + 1
  }
}
