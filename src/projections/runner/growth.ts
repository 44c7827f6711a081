// Tells the planner of tables that a first import fills: beside the folding, which waits for nothing here.
import type { Logger } from '../../core/logger.ts'
import type { RefreshStatistics } from '../../core/table-statistics.ts'
import { liveTarget, type Projection, subscriptionOf, tableName } from '../projection.ts'

const EVENTS_BETWEEN = 250

export type GrowthOptions = Readonly<{
  projection: Projection
  refreshStatistics: RefreshStatistics
  logger: Logger
}>

/** Told how many events were folded, after each page. */
export const createGrowth = ({ projection, refreshStatistics, logger }: GrowthOptions) => {
  const tables = projection.tables.map(({ name }) => tableName(name, liveTarget(projection)))
  let events = 0
  let isLooking = false
  return (folded: number): void => {
    events += folded
    if (isLooking || events < EVENTS_BETWEEN) return
    events = 0
    isLooking = true
    refreshStatistics(tables)
      .catch((error: unknown) => {
        const reason = error instanceof Error ? error.message : String(error)
        const fields = { projection: subscriptionOf(projection), reason }
        logger.warn(fields, 'statistics of a read model could not be refreshed')
      })
      .finally(() => {
        isLooking = false
      })
  }
}
