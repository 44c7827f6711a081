// Parts of the log that are sent once more, one event after another, beside what is new.
import type { Replay } from '../../core/webhooks.ts'
import { type Matches, replayFilterOf } from './message.ts'
import { save, send, type Session, type Tools } from './session.ts'

/** False: none is due. */
export const sendReplays = async (tools: Tools, session: Session): Promise<boolean> => {
  const nowMs = tools.clock()
  const replay = session.replays.find(({ dueAtMs }) => dueAtMs <= nowMs)
  if (replay === undefined) return false
  const matches = replayFilterOf(session.endpoint, replay)
  const now = await sendPart(tools, session, { replay, matches })
  session.replays = session.replays
    .map((each) => (each.id === replay.id ? now : each))
    .filter(({ after, upTo }) => after < upTo)
  session.unsaved.replay = now
  await save(tools, session)
  return true
}

type Part = Readonly<{ replay: Replay; matches: Matches }>

const sendPart = async (
  tools: Tools,
  session: Session,
  { replay, matches }: Part,
): Promise<Replay> => {
  const { eventStore, messages, limits } = tools
  const { endpoint } = session
  const page = await eventStore.readAll({
    after: replay.after,
    limit: limits.windowEvents,
    filter: { tenantId: endpoint.tenantId },
  })
  let now = replay
  for (const event of page.events) {
    if (event.position > replay.upTo) break
    if (session.stop !== undefined) return now
    const message = messages.make(endpoint, event)
    if (message !== undefined && matches(message.type, message.subject)) {
      const sent = await send(tools, session, { message, attemptsBefore: now.attempts })
      if (sent.kind === 'unsent') return now
      if (sent.kind === 'later') return { ...now, attempts: sent.attempts, dueAtMs: sent.dueAtMs }
    }
    now = { ...now, after: event.position, attempts: 0, dueAtMs: tools.clock() }
  }
  const isOver = page.events.length === 0 || page.upTo >= replay.upTo
  return { ...now, after: isOver ? replay.upTo : Math.max(now.after, page.upTo) }
}
