// Folds one page and moves the checkpoint, in one transaction: rows and position are never apart.
import type { LogPage } from '../../core/event-store.ts'
import type { Position, StoredEvent } from '../../core/event.ts'
import type { SqlDatabase, SqlExecutor } from '../../core/sql.ts'
import type { Projection, Target } from '../projection.ts'
import { type Lease, moveCheckpoint, notifyMove, type ReadModelMove } from './checkpoint.ts'
import {
  applyIsolated,
  type Decode,
  decodePage,
  type Decoded,
  isPoison,
  type Poison,
  streamKey,
} from './isolate.ts'
import { MAX_PARKED_STREAMS, park } from './parking.ts'

export type PageContext = Readonly<{
  projection: Projection
  target: Target
  database: SqlDatabase
  decode: Decode
  parked: ReadonlySet<string> // stream keys
}>

export type PageOutcome = Readonly<{
  move: ReadModelMove
  folded: number
  poisons: readonly Poison[]
}>

export const foldPage = async (
  context: PageContext,
  lease: Lease,
  step: Readonly<{ from: Position; page: LogPage }>,
): Promise<PageOutcome> => {
  const wanted = step.page.events.filter((event) => !context.parked.has(streamKey(event)))
  const decoded = decodePage(context.decode, wanted)
  const commit = (fold: Fold): Promise<PageOutcome> =>
    commitPage(context, lease, { ...step, decoded, fold })
  try {
    return await commit(foldWhole)
  } catch (error) {
    if (!isPoison(error)) throw error
    return commit(foldIsolated)
  }
}

type Fold = (
  apply: Projection['apply'],
  tx: SqlExecutor,
  context: Readonly<{ target: Target; events: readonly StoredEvent[] }>,
) => Promise<readonly Poison[]>

const foldWhole: Fold = async (apply, tx, { target, events }) => {
  await apply(tx, target, events)
  return []
}

const foldIsolated: Fold = (apply, tx, { target, events }) =>
  applyIsolated(tx, (within, part) => apply(within, target, part), events)

const commitPage = (
  context: PageContext,
  lease: Lease,
  step: Readonly<{ from: Position; page: LogPage; decoded: Decoded; fold: Fold }>,
): Promise<PageOutcome> => {
  const { projection, target, database, parked } = context
  const { events, poisons: undecoded } = step.decoded
  const position = step.page.upTo
  const tenants = [...new Set(events.map((event) => event.tenantId))]
  return database.transaction(async (tx) => {
    const changesRows = events.length > 0
    const revision = await moveCheckpoint(tx, lease, { from: step.from, position, changesRows })
    const refused = changesRows ? await step.fold(projection.apply, tx, { target, events }) : []
    const poisons = [...undecoded, ...refused]
    if (parked.size + poisons.length > MAX_PARKED_STREAMS) throw tooManyParked(projection)
    await park(tx, lease.subscription, poisons)
    const move = { subscription: lease.subscription, position, revision, tenants }
    await notifyMove(tx, move)
    return { move, folded: events.length, poisons }
  })
}

const tooManyParked = (projection: Projection): Error =>
  Object.assign(
    new Error(`${projection.name} would park more than ${MAX_PARKED_STREAMS} streams`),
    {
      code: 'too_many_parked',
    },
  )
