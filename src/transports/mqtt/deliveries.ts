// What one subscription has taken from the feed and not finished: messages that wait for room (of
// one event at most), and events whose messages wait for their acknowledgement.
import type { Position } from '../../core/event.ts'
import type { SessionSubscription, Track, Waiting } from './client.ts'
import type { Message } from './messages.ts'
import { hasRoom, publish } from './outlet.ts'
import type { StoredSubscription } from './stored-session.ts'
import type { TopicKind } from './topics.ts'

type InFlight = StoredSubscription['inFlight'][number]

/** Nothing that an earlier connection sent is still to come again. */
export const NO_EARLIER: readonly InFlight[] = []

/** False: the client has acknowledged all of it before. */
export const take = (
  subscription: SessionSubscription,
  position: Position,
  messages: readonly Message[],
): boolean => {
  const { sentUpTo, tracks, waiting, earlier } = subscription
  subscription.seenUpTo = position
  const track: Track = { position, left: 0, ids: undefined }
  const taken: Waiting[] = messages.flatMap((message) => {
    const packetId = earlierId(earlier, position, message.kind)
    // It was sent and is not in flight: it was acknowledged.
    if (position <= sentUpTo && packetId === undefined) return []
    return [{ message, track, packetId }]
  })
  if (earlier.every(([at]) => at <= position)) subscription.earlier = NO_EARLIER
  if (taken.length === 0) return false
  track.left = taken.length
  if (tracks === undefined) subscription.tracks = [track]
  else tracks.push(track)
  subscription.waiting = waiting === undefined ? taken : [...waiting, ...taken]
  return true
}

/** As many as there is room for. */
export const sendWaiting = (subscription: SessionSubscription): void => {
  const { client, waiting } = subscription
  if (waiting === undefined) return
  let sent = 0
  for (const each of waiting) {
    if (!hasRoom(client, subscription.qos)) break
    sent += 1
    sendOne(subscription, each)
  }
  if (sent === waiting.length) subscription.waiting = undefined
  else if (sent > 0) subscription.waiting = waiting.slice(sent)
}

const sendOne = (
  subscription: SessionSubscription,
  { message, track, packetId }: Waiting,
): void => {
  const { client, qos, retainAsPublished, id: subscriptionId } = subscription
  const id = publish(client, message, {
    qos,
    retain: retainAsPublished && message.isState,
    dup: packetId !== undefined,
    ...(packetId !== undefined && { packetId }),
    ...(subscriptionId !== undefined && { subscriptionId }),
    onDone: () => finish(subscription, track, message.kind),
  })
  if (id === undefined) return
  track.ids ??= new Map()
  track.ids.set(message.kind, id)
}

const finish = (subscription: SessionSubscription, track: Track, kind: TopicKind): void => {
  track.left -= 1
  track.ids?.delete(kind)
  const { tracks } = subscription
  if (track.left > 0 || tracks?.[0] !== track) return
  const open = tracks.findIndex(({ left }) => left > 0)
  subscription.tracks = open < 0 ? undefined : tracks.slice(open)
}

export const waitingBytes = ({ waiting = [] }: SessionSubscription): number =>
  waiting.reduce((sum, { message }) => sum + message.payload.length, 0)

/** Everything up to here was acknowledged; undefined: everything that was taken. */
export const acknowledgedUpTo = ({ tracks }: SessionSubscription): Position | undefined =>
  tracks?.[0] === undefined ? undefined : tracks[0].position - 1

export const deliveryState = ({
  tracks = [],
  waiting = [],
  earlier,
  seenUpTo,
  sentUpTo,
}: SessionSubscription): Pick<StoredSubscription, 'sentUpTo' | 'inFlight'> => {
  const unsent = waiting.find(({ track }) => track.position > sentUpTo)
  // An event that was sent in part counts as not sent; those before it were sent whole.
  const whole = unsent === undefined ? seenUpTo : unsent.track.position - 1
  // Of what an earlier connection sent and this one has not come to yet, nothing new is known.
  const unseen = earlier.filter(([position]) => position > seenUpTo)
  const inFlight = [...inFlightOf(tracks, waiting), ...unseen]
  return { sentUpTo: Math.max(sentUpTo, whole), inFlight }
}

/** What was sent here, and what an earlier connection sent and this one is about to send again. */
const inFlightOf = (tracks: readonly Track[], waiting: readonly Waiting[]): readonly InFlight[] => [
  ...tracks.flatMap(({ position, ids }) =>
    [...(ids ?? [])].map(([kind, id]) => inFlightEntry(position, kind, id)),
  ),
  ...waiting.flatMap(({ message, track, packetId }) =>
    packetId === undefined ? [] : [inFlightEntry(track.position, message.kind, packetId)],
  ),
]

const inFlightEntry = (position: Position, kind: TopicKind, packetId: number): InFlight => [
  position,
  kind,
  packetId,
]

const earlierId = (
  earlier: readonly InFlight[],
  position: Position,
  kind: TopicKind,
): number | undefined => earlier.find(([at, of]) => at === position && of === kind)?.[2]
