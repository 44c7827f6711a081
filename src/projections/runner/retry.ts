// Folds a parked stream again from its poison event up to the checkpoint, and takes it out of the parking on success.
import { type EventStore, MAX_STREAM_READ } from '../../core/event-store.ts'
import type { Position, StoredEvent } from '../../core/event.ts'
import type { SqlExecutor } from '../../core/sql.ts'
import { type Lease, moveCheckpoint, notifyMove, type ReadModelMove } from './checkpoint.ts'
import { applyIsolated, decodePage, type Poison } from './isolate.ts'
import type { PageContext } from './page.ts'
import { park, type ParkedStream, unpark } from './parking.ts'

export type RetryOutcome = Readonly<{ move: ReadModelMove; poison: Poison | undefined }>

export const retryStream = (
  context: PageContext & Readonly<{ eventStore: EventStore }>,
  lease: Lease,
  step: Readonly<{ stream: ParkedStream; at: Position }>,
): Promise<RetryOutcome> => {
  const { stream, at } = step
  return context.database.transaction(async (tx) => {
    const revision = await moveCheckpoint(tx, lease, { from: at, position: at, changesRows: true })
    const poison = await foldFrom(context, tx, step)
    if (poison === undefined) await unpark(tx, lease.subscription, stream)
    else await park(tx, lease.subscription, [poison])
    const tenants = [stream.tenantId]
    const move = { subscription: lease.subscription, position: at, revision, tenants }
    await notifyMove(tx, move)
    return { move, poison }
  })
}

const foldFrom = async (
  context: PageContext & Readonly<{ eventStore: EventStore }>,
  tx: SqlExecutor,
  step: Readonly<{ stream: ParkedStream; at: Position }>,
): Promise<Poison | undefined> => {
  const { projection, target, decode, eventStore } = context
  for await (const events of streamPages(eventStore, step)) {
    const decoded = decodePage(decode, events)
    const refused = await applyIsolated(
      tx,
      (within, part) => projection.apply(within, target, part),
      decoded.events,
    )
    const poison = refused[0] ?? decoded.poisons[0]
    if (poison !== undefined) return poison
  }
  return undefined
}

async function* streamPages(
  eventStore: EventStore,
  { stream, at }: Readonly<{ stream: ParkedStream; at: Position }>,
): AsyncGenerator<readonly StoredEvent[]> {
  const ref = { tenantId: stream.tenantId, category: stream.category, id: stream.streamId }
  for (let fromVersion = 1; ;) {
    const { events } = await eventStore.readStream(ref, { fromVersion, limit: MAX_STREAM_READ })
    const last = events.at(-1)
    if (last === undefined) return
    yield events.filter((event) => event.position >= stream.position && event.position <= at)
    if (last.position >= at) return
    fromVersion = last.version + 1
  }
}
