// The subscriptions of one connection, by the id that the client gave and by the channel name that
// their events carry.
import type { Position } from '../../core/event.ts'
import { type CompiledFilter, compileFilter } from '../feed/filter.ts'
import { ProblemError } from '../http/problem.ts'
import { type Audience, startOf } from './audience.ts'
import type { Channel, Client } from './client.ts'
import { attach, detach, forget, placeOf, positionOf } from './flow.ts'
import { channelName } from './framing.ts'
import { refuse, send } from './line.ts'
import type { SubMessage } from './protocol.ts'

const SNAPSHOT_PATH = '/v1/pets'

export const open = (client: Client, message: SubMessage, audience: Audience): void => {
  const { id, credit = Infinity, mode = 'all' } = message
  const { subscriptions } = client.house.common.bounds
  const wanted = wantedOf(message, audience, client)
  if (wanted instanceof ProblemError) return refuse(client, { id, problem: wanted })
  if (byId(client, id) !== undefined) return refuse(client, { id, problem: idInUse() })
  if (client.channels.length >= subscriptions) {
    return refuse(client, { id, problem: tooMany(subscriptions) })
  }
  const channel: Channel = {
    client,
    id,
    ch: freeName(client),
    audience,
    filter: wanted.filter,
    latestOnly: mode === 'latest',
    credit,
    position: wanted.position,
    delivered: 0,
    subscription: undefined,
  }
  client.channels = client.channels.concat(channel)
  // The feed writes nothing in this turn: what is answered here comes first.
  if (attach(channel)) tellOpened(channel, wanted)
}

export const close = (client: Client, id: number): void => {
  const channel = byId(client, id)
  if (channel === undefined) return refuse(client, { id, problem: noSuch() })
  end(channel, true)
  send(client, { op: 'unsubbed', id, ch: channel.ch })
}

export const grant = (client: Client, ch: string, credit: number): void => {
  const channel = byName(client, ch)
  if (channel === undefined) return // it has just been closed
  channel.credit += credit
  if (channel.subscription === undefined) attach(channel)
}

/** Ends those of the staff class: their reader may not see it any more. */
export const revokeStaff = (client: Client): void => {
  for (const channel of client.channels) {
    if (channel.audience.visibility !== 'staff') continue
    const { id, ch } = channel
    send(client, { op: 'revoked', id, ch, ...placeOf(channel) })
    end(channel, false)
  }
}

/**
 * Ends all; each is told its place first, if anybody is still there to be told. Answers the place
 * of the one that is furthest behind.
 */
export const endAll = (client: Client, isTold: boolean): string | undefined => {
  const { channels } = client
  const last = [...channels].sort((a, b) => positionOf(a) - positionOf(b))[0]
  const cursor = last === undefined ? undefined : placeOf(last).cursor
  for (const channel of channels) end(channel, isTold)
  return cursor
}

const end = (channel: Channel, isTold: boolean): void => {
  if (isTold) send(channel.client, { op: 'cp', ch: channel.ch, ...placeOf(channel) })
  detach(channel)
  forget(channel)
}

const byName = ({ channels }: Client, ch: string) => channels.find((each) => each.ch === ch)
const byId = ({ channels }: Client, id: number) => channels.find((each) => each.id === id)

/** The lowest, so that most connections use the same few. */
const freeName = (client: Client): string => {
  let slot = 0
  while (byName(client, channelName(slot)) !== undefined) slot += 1
  return channelName(slot)
}

type Wanted = Readonly<{ filter: CompiledFilter; position: Position; word: string; isGap: boolean }>

const wantedOf = (
  { filter = {}, after }: SubMessage,
  { tenantId }: Audience,
  { house }: Client,
): Wanted | ProblemError => {
  const { feed, cursors } = house.common
  const { types = [], subject = [], subjects = [], shelters = [], species = [] } = filter
  const compiled = compileFilter({
    ...{ types, subjects: [...subjects, ...subject], shelters, species },
  })
  if (compiled.kind === 'invalid') {
    const errors = [{ field: `filter.${compiled.field}`, message: compiled.message }]
    return new ProblemError('validation-error', 'The filter is not valid.', { errors })
  }
  const head = feed.head()
  const start = startOf(after, { cursors, tenantId, head })
  switch (start.kind) {
    case 'from':
      return { filter: compiled.filter, position: start.position, word: start.word, isGap: false }
    case 'gap': {
      // On from here: nothing is replayed in part.
      const word = cursors.encode(tenantId, head)
      return { filter: compiled.filter, position: head, word, isGap: true }
    }
    case 'invalid':
      return new ProblemError('bad-request', 'The cursor is not one of this feed and tenant.', {
        errors: [{ field: 'after', message: 'Must be a cursor, earliest or now' }],
      })
  }
}

const tellOpened = ({ id, ch, audience, client }: Channel, { word, isGap }: Wanted): void => {
  const { feed, cursors } = client.house.common
  const head = cursors.encode(audience.tenantId, feed.head())
  send(client, { op: 'subbed', id, ch, resumed: !isGap, from: word, head })
  if (!isGap) return
  const ways = { resumedFrom: word, earliest: 'earliest', snapshot: SNAPSHOT_PATH } as const
  send(client, { op: 'gap', ch, reason: 'other_epoch', ...ways })
}

const idInUse = () => new ProblemError('conflict', 'This connection has a subscription of this id.')
const noSuch = () => new ProblemError('not-found', 'There is no subscription of this id.')
const tooMany = (most: number) =>
  new ProblemError('rate-limit-exceeded', `A connection has ${String(most)} subscriptions at most.`)
