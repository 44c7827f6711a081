// The shell around every decider: read the stream, fold, decide, append with the version read.
// A command only appends; whatever else follows from it is done by consumers of the log.
import type { CommandContext, CommandResult } from '../core/command.ts'
import type { Decider, Rejection } from '../core/decider.ts'
import {
  type AppendOutcome,
  type EventStore,
  type KeyUse,
  MAX_STREAM_READ,
} from '../core/event-store.ts'
import type { EventMetadata, Position, StoredEvent, StreamRef, Version } from '../core/event.ts'
import type { IdGenerator } from '../core/ids.ts'
import { decodeEventOf, encodeEvent } from '../events/codec.ts'
import type { DomainEvent } from '../events/registry.ts'

export const MAX_CONFLICT_RETRIES = 3
export const MAX_STREAM_PAGES = 100

export type Aggregate<C, S, E extends DomainEvent, R extends Rejection> = Readonly<{
  category: string
  decider: Decider<C, S, E, R>
  /** The command starts a stream under a fresh id: it is decided before anything is read. */
  creates: (command: C) => boolean
  /** False before the first event, and once removed: other commands find nothing then. */
  exists: (state: S) => boolean
}>

export type CommandRequest<C, S, E extends DomainEvent, R extends Rejection> = Readonly<{
  aggregate: Aggregate<C, S, E, R>
  id: string
  command: C
  context: CommandContext
}>

/**
 * Guaranteed: what is recorded was decided on the state right before it; a lost race is decided
 * anew, at most MAX_CONFLICT_RETRIES times. A command repeated under its idempotency key gives the
 * first one's answer and records nothing, whatever became of the stream since.
 *
 * Not guaranteed: that a key is remembered when nothing was recorded under it (a rejection, or a
 * state that was already so). Nothing took effect then, so a repeat is a first try, and takes
 * effect at most once.
 */
export type CommandHandler = Readonly<{
  handle: <C, S, E extends DomainEvent, R extends Rejection>(
    request: CommandRequest<C, S, E, R>,
  ) => Promise<CommandResult<S>>
}>

export type CommandHandlerOptions = Readonly<{
  eventStore: EventStore
  ids: IdGenerator
  streamPageSize?: number
}>

export const createCommandHandler = (options: CommandHandlerOptions): CommandHandler => ({
  handle: async (request) => {
    const { aggregate, id, command, context } = request
    const stream = { tenantId: context.tenantId, category: aggregate.category, id }
    let seen = aggregate.creates(command)
      ? nothingSeen(aggregate)
      : await load(options, aggregate, { stream })

    for (let retries = 0; ; retries += 1) {
      const decision = decideOn(request, seen)
      if (decision.kind === 'answered') return firstAnswer(options, request, decision.result)
      const { events } = decision
      const outcome = await append(options, { stream, seen, events, context })
      if (outcome.kind !== 'conflict') {
        return settled(options, request, { outcome, state: fold(aggregate, seen.state, events) })
      }
      if (retries === MAX_CONFLICT_RETRIES) return firstAnswer(options, request, outcome)
      seen = await load(options, aggregate, { stream })
    }
  },
})

/** A stream as far as it was read. */
type Seen<S> = Readonly<{ state: S; version: Version; position: Position }>

type OnSeen<S, E> =
  | Readonly<{ kind: 'answered'; result: CommandResult<S> }> // nothing is to be recorded
  | Readonly<{ kind: 'to_append'; events: readonly E[] }>

const decideOn = <C, S, E extends DomainEvent, R extends Rejection>(
  { aggregate, id, command, context }: CommandRequest<C, S, E, R>,
  seen: Seen<S>,
): OnSeen<S, E> => {
  const { decider, exists, creates } = aggregate
  const isFresh = seen.version === 0 && creates(command)
  if (!isFresh && !exists(seen.state)) return answered({ kind: 'not_found' })
  if (context.expectedVersion !== undefined && context.expectedVersion !== seen.version) {
    return answered({ kind: 'version_mismatch', actualVersion: seen.version })
  }
  const decision = decider.decide(command, seen.state)
  if (decision.kind === 'rejected') return answered(decision)
  if (decision.events.length > 0) return { kind: 'to_append', events: decision.events }
  return answered({ kind: 'done', id, ...seen, replayed: false })
}

const answered = <S>(result: CommandResult<S>) => ({ kind: 'answered', result }) as const

type Append<S, E> = Readonly<{
  stream: StreamRef
  seen: Seen<S>
  events: readonly E[]
  context: CommandContext
}>

const append = <S, E extends DomainEvent>(
  { eventStore, ids }: CommandHandlerOptions,
  { stream, seen, events, context }: Append<S, E>,
): Promise<AppendOutcome> =>
  eventStore.append({
    stream,
    expectedVersion: seen.version,
    events: events.map((event) => encodeEvent(event, { eventId: ids() })),
    metadata: metadataOf(context),
    ...(context.idempotency === undefined ? {} : { idempotency: context.idempotency }),
  })

const metadataOf = ({ actor, correlationId, causationId }: CommandContext): EventMetadata => ({
  actor,
  correlationId,
  causationId: causationId ?? null,
})

/**
 * What the store said, in a command's terms. `state` is the one after the command, had it been
 * appended.
 */
const settled = async <C, S, E extends DomainEvent, R extends Rejection>(
  options: CommandHandlerOptions,
  request: CommandRequest<C, S, E, R>,
  { outcome, state }: Readonly<{ outcome: Exclude<AppendOutcome, { kind: 'conflict' }>; state: S }>,
): Promise<CommandResult<S>> => {
  if (outcome.kind === 'overloaded') return outcome
  if (outcome.kind !== 'appended') return replay(options, request, outcome)
  const { version, position } = outcome
  return { kind: 'done', id: request.id, state, version, position, replayed: false }
}

/**
 * The answer when nothing is recorded now. Under a key the same request may have been recorded
 * before, and have changed what this one was decided on. Asked after the stream was read: what that
 * showed was stored together with its key.
 */
const firstAnswer = async <C, S, E extends DomainEvent, R extends Rejection>(
  options: CommandHandlerOptions,
  request: CommandRequest<C, S, E, R>,
  result: CommandResult<S>,
): Promise<CommandResult<S>> => {
  const { tenantId, idempotency } = request.context
  if (idempotency === undefined) return result
  const earlier = await options.eventStore.findByKey(tenantId, idempotency)
  return earlier === undefined ? result : replay(options, request, earlier)
}

/**
 * The first command's stream as that command left it; a fresh id of this one gives way to the first
 * one's.
 */
const replay = async <C, S, E extends DomainEvent, R extends Rejection>(
  options: CommandHandlerOptions,
  { aggregate }: CommandRequest<C, S, E, R>,
  earlier: KeyUse,
): Promise<CommandResult<S>> => {
  if (earlier.kind === 'key_reused') return earlier
  const { stream, version, position } = earlier
  if (stream.category !== aggregate.category) return { kind: 'key_reused' }
  const { state } = await load(options, aggregate, { stream, toVersion: version })
  return { kind: 'done', id: stream.id, state, version, position, replayed: true }
}

const nothingSeen = <C, S, E extends DomainEvent, R extends Rejection>(
  aggregate: Aggregate<C, S, E, R>,
): Seen<S> => ({ state: aggregate.decider.initialState, version: 0, position: 0 })

const load = async <C, S, E extends DomainEvent, R extends Rejection>(
  { eventStore, streamPageSize = MAX_STREAM_READ }: CommandHandlerOptions,
  aggregate: Aggregate<C, S, E, R>,
  { stream, toVersion = Infinity }: Readonly<{ stream: StreamRef; toVersion?: Version }>,
): Promise<Seen<S>> => {
  let seen = nothingSeen(aggregate)
  for (let page = 0; page < MAX_STREAM_PAGES; page += 1) {
    const fromVersion = seen.version + 1
    const limit = Math.min(streamPageSize, toVersion - seen.version)
    const slice = await eventStore.readStream(stream, { fromVersion, limit })
    seen = slice.events.reduce((before, stored) => withStored(aggregate, before, stored), seen)
    if (seen.version >= Math.min(slice.version, toVersion)) return seen
  }
  throw new Error(`${stream.category} ${stream.id} has too many events to be decided on`)
}

const withStored = <C, S, E extends DomainEvent, R extends Rejection>(
  { decider }: Aggregate<C, S, E, R>,
  before: Seen<S>,
  stored: StoredEvent,
): Seen<S> => ({
  state: decider.evolve(before.state, decodeEventOf<E>(stored)),
  version: stored.version,
  position: stored.position,
})

const fold = <C, S, E extends DomainEvent, R extends Rejection>(
  { decider }: Aggregate<C, S, E, R>,
  state: S,
  events: readonly E[],
): S => events.reduce(decider.evolve, state)
