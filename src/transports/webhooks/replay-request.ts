// What a replay asks for, found in the log: an event by its id, a part of it by cursors or by time.
import type { EventStore } from '../../core/event-store.ts'
import type { Position } from '../../core/event.ts'
import type { Endpoint, ReplayOutcome, ReplayRequest, WebhookStore } from '../../core/webhooks.ts'
import type { WebhookLimits } from './limits.ts'
import { badFilter, type MessageMaker, replayFilterOf } from './message.ts'

export type Finding = Readonly<{
  store: WebhookStore
  eventStore: EventStore
  messages: MessageMaker
  limits: WebhookLimits
}>

type Range = Readonly<{ after: Position; upTo: Position }>
type Counted = Extract<ReplayOutcome, { kind: 'counted' }>
type Found = Readonly<{ range: Range; counted: Counted }>

export const findReplay = async (
  finding: Finding,
  endpoint: Endpoint,
  request: ReplayRequest,
): Promise<Found | 'unknown_event' | 'bad_types' | 'bad_subjects'> => {
  const bad = badFilter(request)
  if (bad !== undefined) return bad
  const range = await rangeOf(finding, endpoint, request.what)
  if (range === undefined) return 'unknown_event'
  return { range, counted: await count(finding, endpoint, { range, request }) }
}

const rangeOf = async (
  finding: Finding,
  endpoint: Endpoint,
  what: ReplayRequest['what'],
): Promise<Range | undefined> => {
  const { eventStore } = finding
  const head = await eventStore.head()
  if (what.kind === 'range') return { after: what.after, upTo: Math.min(what.upTo, head) }
  if (what.kind === 'time') {
    const after = await lastBefore(eventStore, head, (at) => at < Date.parse(what.from))
    const { to } = what
    if (to === undefined) return { after, upTo: head }
    const upTo = await lastBefore(eventStore, head, (at) => at <= Date.parse(to))
    return { after, upTo: Math.max(after, upTo) }
  }
  const position = await positionOf(finding, endpoint, what.eventId)
  return position === undefined ? undefined : { after: position - 1, upTo: position }
}

/** The last position whose time still holds: times never fall as positions rise. */
const lastBefore = async (
  eventStore: EventStore,
  head: Position,
  holds: (recordedAtMs: number) => boolean,
): Promise<Position> => {
  let [low, high] = [0, head] // everything up to low holds, nothing after high does
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const { events } = await eventStore.readAll({ after: middle, limit: 1 })
    const next = events[0]
    if (next !== undefined && next.position <= high && holds(Date.parse(next.recordedAt))) {
      low = next.position
    } else high = middle
  }
  return low
}

const UUID_V7 = /^([0-9a-f]{8})-([0-9a-f]{4})-7/
const CLOCKS_DIFFER_MS = 60_000

/** From what is known of deliveries, or else by the time in the id, near which the event was stored. */
const positionOf = async (
  { store, eventStore, limits }: Finding,
  { tenantId, id }: Endpoint,
  eventId: string,
): Promise<Position | undefined> => {
  const known = await store.positionOf(tenantId, id, eventId)
  if (known !== undefined) return known
  const uuid = eventId.replace(/^evt_/, '')
  const [, high, low] = UUID_V7.exec(uuid) ?? []
  if (high === undefined || low === undefined) return undefined
  const madeAtMs = Number.parseInt(high + low, 16)
  const head = await eventStore.head()
  const early = (at: number): boolean => at < madeAtMs - CLOCKS_DIFFER_MS
  let after = await lastBefore(eventStore, head, early)
  for (let seen = 0; seen < limits.replayScanEvents;) {
    const page = await eventStore.readAll({ after, limit: 1_000, filter: { tenantId } })
    const found = page.events.find((event) => event.eventId === uuid)
    if (found !== undefined) return found.position
    const last = page.events.at(-1)
    const isPast = last !== undefined && Date.parse(last.recordedAt) > madeAtMs + CLOCKS_DIFFER_MS
    if (isPast || page.upTo <= after || page.upTo >= head) return undefined
    seen += page.events.length
    after = page.upTo
  }
  return undefined
}

type Asked = Readonly<{ range: Range; request: ReplayRequest }>

const count = async (
  { eventStore, messages, limits }: Finding,
  endpoint: Endpoint,
  { range, request }: Asked,
): Promise<Counted> => {
  const matches = replayFilterOf(endpoint, request)
  const filter = { tenantId: endpoint.tenantId }
  let events = 0
  let after = range.after
  for (let seen = 0; seen < limits.replayScanEvents && after < range.upTo;) {
    const page = await eventStore.readAll({ after, limit: 1_000, filter })
    if (page.upTo <= after) break
    for (const event of page.events) {
      if (event.position > range.upTo) continue
      const message = messages.make(endpoint, event)
      if (message !== undefined && matches(message.type, message.subject)) events += 1
    }
    seen += page.events.length
    after = page.upTo
    if (seen >= limits.replayScanEvents) {
      return { kind: 'counted', events, isWhole: after >= range.upTo }
    }
  }
  return { kind: 'counted', events, isWhole: true }
}
