// The subscriptions of one connection, by the id that the client gave and by the channel name that
// their events carry.
import type { Position } from '../../core/event.ts'
import { type CompiledFilter, compileFilter } from '../feed/filter.ts'
import type { CloseReason } from '../feed/types.ts'
import { ProblemError } from '../http/problem.ts'
import { type Audience, startOf } from './audience.ts'
import { type Channel, createFlow } from './flow.ts'
import { channelName } from './framing.ts'
import type { Line } from './line.ts'
import type { SubMessage } from './protocol.ts'
import type { Common } from './settings.ts'

const SNAPSHOT_PATH = '/v1/pets'

export type Channels = Readonly<{
  open: (message: SubMessage, audience: Audience) => void
  close: (id: number) => void
  grant: (ch: string, credit: number) => void
  /** Ends those of the staff class: their reader may not see it any more. */
  revokeStaff: () => void
  /**
   * Ends all; each is told its place first, if anybody is still there to be told. Answers the place
   * of the one that is furthest behind.
   */
  end: (options: Readonly<{ isTold: boolean }>) => string | undefined
}>

export type ChannelsOptions = Readonly<{
  common: Common
  line: Line
  onEnded: (reason: CloseReason) => void
}>

export const createChannels = (options: ChannelsOptions): Channels => {
  const { line, common } = options
  const { send, refuse } = line
  const { bounds } = common
  const registry = createRegistry()
  const flow = createFlow(options, registry.remove)

  const end = (channel: Channel, isTold: boolean): void => {
    if (isTold) send({ op: 'cp', ch: channel.ch, ...flow.place(channel) })
    flow.detach(channel)
    registry.remove(channel)
  }

  return {
    open(message, audience) {
      const { id, credit = Infinity, mode = 'all' } = message
      const wanted = wantedOf(message, audience, options)
      if (wanted instanceof ProblemError) return refuse({ id, problem: wanted })
      if (registry.byId(id) !== undefined) return refuse({ id, problem: idInUse() })
      if (registry.all().length >= bounds.subscriptions) {
        return refuse({ id, problem: tooMany(bounds.subscriptions) })
      }
      const { filter, position } = wanted
      const channel: Channel = {
        id,
        ch: registry.freeName(),
        audience,
        filter,
        latestOnly: mode === 'latest',
        credit,
        position,
        delivered: 0,
        subscription: undefined,
      }
      registry.add(channel)
      // The feed writes nothing in this turn: what is answered here comes first.
      if (flow.attach(channel)) tellOpened(channel, wanted, options)
    },
    close(id) {
      const channel = registry.byId(id)
      if (channel === undefined) return refuse({ id, problem: noSuch() })
      end(channel, true)
      send({ op: 'unsubbed', id, ch: channel.ch })
    },
    grant(ch, credit) {
      const channel = registry.byName(ch)
      if (channel === undefined) return // it has just been closed
      channel.credit += credit
      if (channel.subscription === undefined) flow.attach(channel)
    },
    revokeStaff() {
      for (const channel of registry.all()) {
        if (channel.audience.visibility !== 'staff') continue
        const { id, ch } = channel
        send({ op: 'revoked', id, ch, ...flow.place(channel) })
        end(channel, false)
      }
    },
    end({ isTold }) {
      const last = registry.all().sort((a, b) => flow.position(a) - flow.position(b))[0]
      const cursor = last === undefined ? undefined : flow.place(last).cursor
      for (const channel of registry.all()) end(channel, isTold)
      return cursor
    },
  }
}

/** A list, since most connections have one: it is looked through. */
const createRegistry = () => {
  const channels: Channel[] = []
  const byName = (ch: string) => channels.find((channel) => channel.ch === ch)
  return {
    byName,
    byId: (id: number) => channels.find((channel) => channel.id === id),
    all: () => [...channels],
    add: (channel: Channel) => void channels.push(channel),
    remove(channel: Channel): void {
      const at = channels.indexOf(channel)
      if (at !== -1) channels.splice(at, 1)
    },
    /** The lowest, so that most connections use the same few. */
    freeName(): string {
      let slot = 0
      while (byName(channelName(slot)) !== undefined) slot += 1
      return channelName(slot)
    },
  }
}

type Wanted = Readonly<{ filter: CompiledFilter; position: Position; word: string; isGap: boolean }>

const wantedOf = (
  { filter = {}, after }: SubMessage,
  { tenantId }: Audience,
  { common: { feed, cursors } }: ChannelsOptions,
): Wanted | ProblemError => {
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

const tellOpened = (
  { id, ch, audience }: Channel,
  { word, isGap }: Wanted,
  { common: { feed, cursors }, line: { send } }: ChannelsOptions,
): void => {
  const head = cursors.encode(audience.tenantId, feed.head())
  send({ op: 'subbed', id, ch, resumed: !isGap, from: word, head })
  if (!isGap) return
  const ways = { resumedFrom: word, earliest: 'earliest', snapshot: SNAPSHOT_PATH } as const
  send({ op: 'gap', ch, reason: 'other_epoch', ...ways })
}

const idInUse = () => new ProblemError('conflict', 'This connection has a subscription of this id.')
const noSuch = () => new ProblemError('not-found', 'There is no subscription of this id.')
const tooMany = (most: number) =>
  new ProblemError('rate-limit-exceeded', `A connection has ${String(most)} subscriptions at most.`)
