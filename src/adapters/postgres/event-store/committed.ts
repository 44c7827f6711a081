// What a batch stored, as a reader of the log would find it: subscriptions of this process need not
// wait until it was read back.
import { storedAt } from '../../../core/append-check.ts'
import type { AppendOutcome } from '../../../core/event-store.ts'
import type { Position, StoredEvent } from '../../../core/event.ts'
import type { BatchCommand } from './batch.ts'
import type { SizedPage } from './reader.ts'

/** All positions from the first to the newest are the batch's. */
export type CommittedBatch = Readonly<{
  first: Position
  newest: Position
  page: () => SizedPage // made when it is wanted
}>

type Outcomes = readonly (AppendOutcome | undefined)[]

/** Undefined: nothing was stored. `head` is the newest position before the batch. */
export const committedBatch = (
  head: Position,
  commands: readonly BatchCommand[],
  outcomes: Outcomes,
): CommittedBatch | undefined => {
  const newest = outcomes.reduce(
    (most, outcome) => (outcome?.kind === 'appended' ? outcome.position : most),
    head,
  )
  if (newest === head) return undefined
  return { first: head + 1, newest, page: () => pageOf(commands, outcomes, newest) }
}

// In the order of the commands, which is the one of the positions.
const pageOf = (
  commands: readonly BatchCommand[],
  outcomes: Outcomes,
  newest: Position,
): SizedPage => {
  const events: StoredEvent[] = []
  const dataBytes: number[] = []
  for (const [index, { request, storable }] of commands.entries()) {
    const outcome = outcomes[index]
    if (outcome?.kind !== 'appended') continue
    const { recordedAt } = outcome
    for (const [number, event] of storable.events.entries()) {
      const behind = storable.events.length - 1 - number
      const [version, position] = [outcome.version - behind, outcome.position - behind]
      const place = { version, position, recordedAt }
      events.push(storedAt(request.stream, { event, metadata: storable.metadata }, place))
      dataBytes.push(event.data.length)
    }
  }
  return { events, dataBytes, upTo: newest, head: newest }
}
