// Streams that a policy set aside, because an event of theirs could not be dealt with or is not due yet. They are tried
// again and again, each from its first event that is left, in order; other streams go on meanwhile.
import { MAX_PARKED, type Parked, type SetAside } from '../core/checkpoints.ts'
import { MAX_STREAM_READ } from '../core/event-store.ts'
import type { StoredEvent } from '../core/event.ts'
import type { Tenure } from './options.ts'
import type { PolicyOutcome } from './policy.ts'
import { reactTo } from './reaction.ts'

type Unfinished = Exclude<PolicyOutcome, { kind: 'done' }>

export const streamKey = (
  event: Readonly<{ tenantId: string; category: string; streamId: string }>,
): string => `${event.tenantId} ${event.category} ${event.streamId}`

/** Parked before the checkpoint moves over it: a crash between the two finds it parked. */
export const setAside = async (
  tenure: Tenure,
  event: StoredEvent,
  { kind, reason }: Unfinished,
): Promise<void> => {
  const { options, parked, lease } = tenure
  const { policy, checkpoints, logger, metrics } = options
  const key = streamKey(event)
  if (!parked.has(key) && parked.size >= MAX_PARKED) {
    throw new Error(`${policy.name} would park more than ${MAX_PARKED} streams`)
  }
  const { tenantId, category, streamId, position } = event
  const stream: SetAside = { tenantId, category, streamId, position, error: reason }
  await checkpoints.park(lease, stream)
  const known = parked.get(key)
  parked.set(key, { ...stream, attempts: (known?.attempts ?? 0) + 1 })
  if (kind === 'later' || known !== undefined) return
  metrics.count('pawtrail_policy_parked_total', 1, { policy: policy.name })
  logger.error({ policy: policy.name, ...stream }, 'stream parked: a reaction does not go well')
}

/** One round: those that were tried least come first, so that a hopeless one keeps no other from its turn. */
export const tryParked = async (tenure: Tenure): Promise<void> => {
  const { parked, signal, options } = tenure
  const round = [...parked.values()]
    .sort((left, right) => left.attempts - right.attempts || left.position - right.position)
    .slice(0, options.timing.parkedAtOnce)
  for (const stream of round) {
    if (signal.aborted) return
    await tryStream(tenure, stream)
  }
}

const tryStream = async (tenure: Tenure, stream: Parked): Promise<void> => {
  const { options, parked, lease } = tenure
  for await (const event of eventsLeft(tenure, stream)) {
    const outcome = await reactTo(tenure, event)
    if (outcome.kind !== 'done') return setAside(tenure, event, outcome)
  }
  await options.checkpoints.unpark(lease, stream)
  parked.delete(streamKey(stream))
  const { tenantId, category, streamId } = stream
  const fields = { policy: options.policy.name, tenantId, category, streamId }
  options.logger.info(fields, 'parked stream dealt with')
}

/** What the policy listens to, from the parked event up to what was passed over since. */
async function* eventsLeft(
  { options, seen }: Tenure,
  { tenantId, category, streamId: id, position }: Parked,
): AsyncGenerator<StoredEvent> {
  const isWanted = (event: StoredEvent): boolean =>
    event.position >= position &&
    event.position <= seen &&
    options.policy.types.some((type) => type === event.type)
  for (let fromVersion = 1; ;) {
    const read = { fromVersion, limit: MAX_STREAM_READ }
    const { events } = await options.eventStore.readStream({ tenantId, category, id }, read)
    yield* events.filter(isWanted)
    const last = events.at(-1)
    if (last === undefined || last.position >= seen) return
    fromVersion = last.version + 1
  }
}
