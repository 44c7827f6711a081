// What one subscription has taken from the feed and not finished: messages that wait for room (of
// one event at most), and events whose messages wait for their acknowledgement.
import type { Position } from '../../core/event.ts'
import type { Message } from './messages.ts'
import type { Outlet } from './outlet.ts'
import type { StoredSubscription } from './stored-session.ts'
import type { TopicKind } from './topics.ts'

type Track = { readonly position: Position; left: number; readonly ids: Map<TopicKind, number> }
type Waiting = Readonly<{ message: Message; track: Track; packetId: number | undefined }>

export type Deliveries = Readonly<{
  /** False: the client has acknowledged all of it before. */
  take: (position: Position, messages: readonly Message[]) => boolean
  /** As many as there is room for. */
  send: () => void
  isWaiting: () => boolean
  queuedBytes: () => number
  /** Everything up to here was acknowledged; undefined: everything that was taken. */
  acknowledged: () => Position | undefined
  state: () => Pick<StoredSubscription, 'sentUpTo' | 'inFlight'>
}>

export type DeliveriesOptions = Readonly<{
  stored: StoredSubscription
  outlet: Outlet
  flow: () => Pick<StoredSubscription, 'qos' | 'retainAsPublished' | 'id'>
}>

export const createDeliveries = ({ stored, outlet, flow }: DeliveriesOptions): Deliveries => {
  const earlier = earlierOf(stored)
  for (const [, , id] of stored.inFlight) outlet.reserve(id)
  let tracks: Track[] = []
  let waiting: Waiting[] = []
  let seenUpTo: Position = 0

  const finish = (track: Track, kind: TopicKind): void => {
    track.left -= 1
    track.ids.delete(kind)
    if (track.left > 0 || tracks[0] !== track) return
    const open = tracks.findIndex(({ left }) => left > 0)
    tracks = open < 0 ? [] : tracks.slice(open)
  }

  const sendOne = ({ message, track, packetId }: Waiting): void => {
    const { qos, retainAsPublished, id: subscriptionId } = flow()
    const id = outlet.publish(message, {
      qos,
      retain: retainAsPublished && message.isState,
      dup: packetId !== undefined,
      ...(packetId !== undefined && { packetId }),
      ...(subscriptionId !== undefined && { subscriptionId }),
      onDone: () => finish(track, message.kind),
    })
    if (id !== undefined) track.ids.set(message.kind, id)
  }

  return {
    take(position, messages) {
      seenUpTo = position
      const wanted = messages.flatMap((message) => {
        const packetId = earlier?.get(keyOf(position, message.kind))
        // It was sent and is not in flight: it was acknowledged.
        return position <= stored.sentUpTo && packetId === undefined ? [] : [{ message, packetId }]
      })
      if (wanted.length === 0) return false
      const track: Track = { position, left: wanted.length, ids: new Map() }
      tracks.push(track)
      waiting.push(...wanted.map((each) => ({ ...each, track })))
      return true
    },
    send() {
      let sent = 0
      for (const each of waiting) {
        if (!outlet.hasRoom(flow().qos)) break
        sent += 1
        sendOne(each)
      }
      if (sent > 0) waiting = waiting.slice(sent)
    },
    isWaiting: () => waiting.length > 0,
    queuedBytes: () => bytesOf(waiting),
    acknowledged: () => (tracks[0] === undefined ? undefined : tracks[0].position - 1),
    state: () => {
      const unsent = waiting.find(({ track }) => track.position > stored.sentUpTo)
      // An event that was sent in part counts as not sent; those before it were sent whole.
      const whole = unsent === undefined ? seenUpTo : unsent.track.position - 1
      // Of what an earlier connection sent and this one has not come to yet, nothing new is known.
      const unseen = stored.inFlight.filter(([position]) => position > seenUpTo)
      const inFlight = [...inFlightOf(tracks, waiting), ...unseen]
      return { sentUpTo: Math.max(stored.sentUpTo, whole), inFlight }
    },
  }
}

/** What was sent here, and what an earlier connection sent and this one is about to send again. */
const inFlightOf = (tracks: readonly Track[], waiting: readonly Waiting[]): readonly InFlight[] => [
  ...tracks.flatMap(({ position, ids }) =>
    [...ids].map(([kind, id]) => inFlightEntry(position, kind, id)),
  ),
  ...waiting.flatMap(({ message, track, packetId }) =>
    packetId === undefined ? [] : [inFlightEntry(track.position, message.kind, packetId)],
  ),
]

const bytesOf = (waiting: readonly Waiting[]): number =>
  waiting.reduce((sum, { message }) => sum + message.payload.length, 0)

const earlierOf = ({ inFlight }: StoredSubscription): ReadonlyMap<string, number> | undefined =>
  inFlight.length === 0
    ? undefined
    : new Map(inFlight.map(([at, kind, id]) => [keyOf(at, kind), id]))

type InFlight = StoredSubscription['inFlight'][number]

const inFlightEntry = (position: Position, kind: TopicKind, packetId: number): InFlight => [
  position,
  kind,
  packetId,
]

const keyOf = (position: Position, kind: TopicKind): string => `${String(position)} ${kind}`
